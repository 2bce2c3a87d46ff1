"""What is in an operation, counted before anything is done with it, and refused if too much."""

import json
from collections.abc import Iterator
from typing import Any

import httpx2
import pytest
from graphql import (
    DocumentNode,
    FieldNode,
    InlineFragmentNode,
    NameNode,
    OperationDefinitionNode,
    OperationType,
    SelectionNode,
    SelectionSetNode,
    get_introspection_query,
    parse,
    visit,
)
from graphql.language import Visitor
from websockets.sync.client import connect
from websockets.typing import Subprotocol

from gql_tasks.graphql.execution import MAX_DOCUMENT_CHARACTERS
from gql_tasks.graphql.limits import MAX_INTROSPECTION_DEPTH, MOST, Counts, measure
from gql_tasks.graphql.measures import MAX_MEASURED, Measures
from gql_tasks.graphql.outline import Field, outline
from gql_tasks.graphql.schema import build_schema
from gql_tasks.graphql.socket_messages import SUBPROTOCOL
from tests.conftest import Client, Server, running_app, serve
from tests.graphql.test_cost import DEFAULTS
from tests.sql import Address

SCHEMA = build_schema()._schema


def numbers(document: DocumentNode | str) -> tuple[int, ...]:
    """Count what is in a document's one operation."""
    document = parse(document) if isinstance(document, str) else document
    (measured,) = measure(outline(SCHEMA, document))
    counts = measured.counts
    return (
        counts.depth,
        counts.apart,
        counts.fields,
        counts.aliases,
        counts.directives,
        measured.root_fields,
        measured.tokens,
    )


@pytest.mark.parametrize(
    ("document", "expected"),
    [
        # depth, that of introspection, fields, aliases, directives, root fields, tokens
        ("{ a }", (1, 0, 1, 0, 0, 1, 3)),
        ("{ a: b(c: 1) # d\n}", (1, 0, 1, 1, 0, 1, 11)),
        ("{ a { b { c } } d }", (3, 0, 4, 0, 0, 2, 10)),
        ("{ a { x: b y: b } }", (2, 0, 3, 2, 0, 1, 11)),
        ("{ ... { ... { a } } }", (1, 0, 1, 0, 0, 1, 9)),
        (
            "query ($v: Int @y) @x { a @skip(if: true) @z ... @z { b } }",
            (1, 0, 2, 0, 5, 2, 29),
        ),
        ("{ ...F ...F } fragment F on Query { a }", (1, 0, 1, 0, 0, 1, 13)),
        ("{ ...F @x ...F @y } fragment F on Query @z { a @z }", (1, 0, 1, 0, 4, 1, 21)),
        ("{ a { ...F } b { ...F } } fragment F on T { x: c { d } }", (3, 0, 6, 2, 0, 2, 24)),
        ("{ ...F } fragment F on T { a ...G } fragment G on T { b c }", (1, 0, 3, 0, 0, 3, 21)),
        ("{ a ...Nope }", (1, 0, 1, 0, 0, 1, 5)),
        ("{ a } fragment F on T { b { c { d } } }", (1, 0, 1, 0, 0, 1, 16)),
        ("{ __schema { types { name } } a { b } }", (2, 3, 5, 0, 0, 2, 13)),
        ('{ a { __type(name: "A") { name } } }', (2, 2, 3, 0, 0, 1, 14)),
        ("{ ...F } fragment F on T { ...F a }", (1, 0, 1, 0, 0, 1, 13)),
        ("{ ...F } fragment F on T { a { ...F } }", (1, 0, 1, 0, 0, 1, 15)),
        (
            "{ ...A } fragment A on T { a ...B } fragment B on T { b { ...A } }",
            (1, 0, 2, 0, 0, 2, 24),
        ),
    ],
)
def test_numbers(document: str, expected: tuple[int, ...]) -> None:
    """Each number is exact, whether or not the document fits the schema; circles end."""
    assert numbers(document) == expected


def test_operations_are_counted_apart() -> None:
    """Each operation has its own numbers; the tokens are the document's."""
    document = parse("query A { a } query B { ...F b } fragment F on Query { x: c { d } }")
    counted = [(each.counts, each.tokens) for each in measure(outline(SCHEMA, document))]
    assert counted == [(Counts(1, 0, 1, 0, 0), 24), (Counts(2, 0, 3, 1, 0), 24)]


class Looked(tuple[Any, ...]):
    """Selections that note how many of them were looked at."""

    total = 0

    def __iter__(self) -> Iterator[Any]:
        """Look at each."""
        for each in super().__iter__():
            Looked.total += 1
            yield each


class Looking(Visitor):
    """Counts a document's selections, and watches them from then on."""

    def __init__(self) -> None:
        super().__init__()
        self.selections = self.fields = 0

    def leave_selection_set(self, node: SelectionSetNode, *_: Any) -> None:
        """Watch a selection set."""
        self.selections += len(node.selections)
        self.fields += sum(isinstance(each, FieldNode) for each in node.selections)
        object.__setattr__(node, "selections", Looked(node.selections))


def doubling(levels: int, spread: str) -> DocumentNode:
    """Write fragments of which each leads to the next one twice."""
    fragments = (
        f"fragment F{i} on Task {{ {spread.replace('F', f'F{i + 1}')} }}" for i in range(levels)
    )
    text = f"{{ tasks {{ ...F0 }} }} {' '.join(fragments)} fragment F{levels} on Task {{ id }}"
    return parse(text)


@pytest.mark.parametrize(
    ("spread", "levels", "fields", "depth"),
    [
        ("...F ...F", 25, 2, 2),
        ("a: parent { ...F } b: parent { ...F }", 25, 3 * 2**25 - 1, 27),
        ("a: parent { ...F } b: parent { ...F }", 200, MOST, 202),
        ("...F parent { ...F }", 25, 2**26, 27),
    ],
)
def test_each_fragment_is_visited_once(
    spread: str, levels: int, fields: int, depth: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Twenty-five doublings and more are counted by looking at each selection once."""
    document, looking = doubling(levels, spread), Looking()
    visit(document, looking)
    calls = 0
    of = Counts.of

    def counted(field: Field, below: Counts) -> Counts:
        nonlocal calls
        calls += 1
        return of(field, below)

    monkeypatch.setattr(Counts, "of", counted)
    Looked.total = 0
    assert numbers(document)[:3] == (depth, 0, fields)
    assert Looked.total == looking.selections
    assert calls == looking.fields


@pytest.mark.parametrize("wrap", ["field", "inline fragment"])
def test_deep_documents(wrap: str) -> None:
    """A document is counted within the stack that there is, deeper than the parser takes one."""
    selection: SelectionNode = FieldNode(name=NameNode(value="a"))
    for _ in range(10_000):
        inside = SelectionSetNode(selections=(selection,))
        if wrap == "field":
            selection = FieldNode(name=NameNode(value="a"), selection_set=inside)
        else:
            selection = InlineFragmentNode(selection_set=inside)
    operation = OperationDefinitionNode(
        operation=OperationType.QUERY, selection_set=SelectionSetNode(selections=(selection,))
    )
    counted = numbers(DocumentNode(definitions=(operation,)))
    assert counted[:3] == ((10_001, 0, 10_001) if wrap == "field" else (1, 0, 1))


def test_long_chains_of_fragments() -> None:
    """A chain of a thousand fragments is followed within the stack that there is."""
    chain = "".join(f"fragment F{i} on Task {{ parent {{ ...F{i + 1} }} }}" for i in range(1_000))
    end = "fragment F1000 on Task { id parent { ...F0 } }"
    assert numbers(f"{{ tasks {{ ...F1 }} }} {chain} {end}")[:3] == (1_001, 0, 1_002)


INTROSPECTIONS = {
    "graphql-core": get_introspection_query(),
    "everything": get_introspection_query(
        descriptions=True,
        specified_by_url=True,
        directive_is_repeatable=True,
        schema_description=True,
        input_value_deprecation=True,
        one_of=True,
    ),
    "GraphiQL": get_introspection_query(input_value_deprecation=True, schema_description=True),
    "codegen": get_introspection_query(
        descriptions=True, schema_description=True, directive_is_repeatable=True
    ),
    "genql": get_introspection_query(descriptions=True, type_depth=11),
    "nothing": get_introspection_query(descriptions=False),
}


@pytest.mark.parametrize("tool", INTROSPECTIONS)
async def test_introspection_passes(client: Client, tool: str) -> None:
    """What tools ask to learn the schema is answered; its depth does not count."""
    answer = await client.graphql(INTROSPECTIONS[tool])
    assert "errors" not in answer
    assert answer["data"]["__schema"]["queryType"]["name"] == "Query"
    assert numbers(INTROSPECTIONS[tool])[0] == 1


async def test_introspection_has_its_own_depth(address: Address) -> None:
    """A low limit of depth leaves introspection alone, which has one of its own."""

    def nested(levels: int) -> str:
        inside = "ofType { " * (levels - 2) + "name" + " }" * (levels - 2)
        return f'{{ __type(name: "Task") {{ {inside} }} }}'

    async with running_app(str(address), max_depth=2) as client:
        assert "errors" not in await client.graphql(get_introspection_query())
        assert "errors" not in await client.graphql(nested(MAX_INTROSPECTION_DEPTH))
        answer = await client.graphql(nested(MAX_INTROSPECTION_DEPTH + 1))
        (error,) = answer["errors"]
        assert error["extensions"] == {
            "code": "LIMIT_EXCEEDED",
            "limit": "max_introspection_depth",
            "value": 21,
            "maximum": 20,
        }


SMALL = {
    "max_depth": 3,
    "max_fields": 6,
    "max_aliases": 2,
    "max_directives": 2,
    "max_root_fields": 4,
    "max_tokens": 200,
    "max_cost": 500,
}
SKIP = "@include(if: true)"
AT_AND_OVER: dict[str, tuple[str, str, int | None]] = {
    "max_depth": (
        "{ task(id: 1) { parent { id } } }",
        "{ task(id: 1) { parent { parent { id } } } }",
        4,
    ),
    "max_fields": (
        "{ task(id: 1) { ...F parent { ...F } } } fragment F on Task { id title }",
        "{ task(id: 1) { ...F parent { ...F id } } } fragment F on Task { id title }",
        7,
    ),
    "max_aliases": (
        "{ a: __typename ...F } fragment F on Query { b: __typename }",
        "{ a: __typename ...F } fragment F on Query { b: __typename c: __typename }",
        3,
    ),
    "max_directives": (
        f"{{ __typename {SKIP} ... {SKIP} {{ __typename }} }}",
        f"{{ __typename {SKIP} ... {SKIP} {{ __typename {SKIP} }} }}",
        3,
    ),
    "max_root_fields": (
        "{ ...F ...F __typename } fragment F on Query { __typename __typename __typename }",
        """{ ...F __typename } fragment F on Query { ...G ...G __typename }
        fragment G on Query { __typename __typename __typename }""",
        5,
    ),
    "max_tokens": (
        "{ __typename }" + "#\n" * 197,
        "{ __typename }" + "#\n" * 198,
        None,
    ),
    "max_cost": (
        "{ tasksConnection(first: 249) { nodes { id title } } }",
        "{ tasksConnection(first: 249) { nodes { id title } syncToken } }",
        501,
    ),
}


def extensions(name: str) -> dict[str, Any]:
    """Say what a refusal for this limit tells."""
    value, maximum = AT_AND_OVER[name][2], SMALL[name]
    if name == "max_cost":
        return {"code": "COST_LIMIT_EXCEEDED", "cost": value, "maxCost": maximum}
    known = {} if value is None else {"value": value}
    return {"code": "LIMIT_EXCEEDED", "limit": name, **known, "maximum": maximum}


MESSAGES = {
    "max_depth": "The operation has 4 levels of fields; max_depth is 3.",
    "max_fields": "The operation has 7 fields; max_fields is 6.",
    "max_aliases": "The operation has 3 aliases; max_aliases is 2.",
    "max_directives": "The operation has 3 directives; max_directives is 2.",
    "max_root_fields": "The operation has 5 root fields; max_root_fields is 4.",
    "max_tokens": "The document has more tokens than may be; max_tokens is 200.",
    "max_cost": "The operation costs 501; max_cost is 500.",
}


@pytest.fixture(scope="module")
def strict(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server with small limits, set as its flags."""
    flags = [
        part
        for name, value in SMALL.items()
        for part in (f"--{name.replace('_', '-')}", str(value))
    ]
    database = tmp_path_factory.mktemp("strict") / "tasks.db"
    with serve("--database", str(database), *flags) as server:
        yield server


def post(server: Server, document: str) -> Any:
    """Ask as clients do; the second time the document is known."""
    answers = [
        httpx2.post(f"{server.url}/graphql", json={"query": document}).json() for _ in range(3)
    ]
    assert answers[0] == answers[1] == answers[2]
    return answers[0]


def get(server: Server, document: str) -> Any:
    return httpx2.get(f"{server.url}/graphql", params={"query": document}).json()


def stream(server: Server, document: str) -> Any:
    response = httpx2.post(
        f"{server.url}/graphql",
        json={"query": document},
        headers={"accept": "text/event-stream"},
    )
    (event,) = [
        line.removeprefix("data: ")
        for line in response.text.splitlines()
        if line.startswith("data: ")
    ]
    return json.loads(event)


def converse(server: Server, document: str) -> Any:
    url = server.url.replace("http", "ws", 1) + "/graphql"
    with connect(url, subprotocols=[Subprotocol(SUBPROTOCOL)]) as socket:
        socket.send('{"type": "connection_init"}')
        assert json.loads(socket.recv(10)) == {"type": "connection_ack"}
        message = {"id": "1", "type": "subscribe", "payload": {"query": document}}
        socket.send(json.dumps(message))
        answer = json.loads(socket.recv(10))
        return answer["payload"] if answer["type"] == "next" else {"errors": answer["payload"]}


@pytest.mark.parametrize("ask", [post, get, stream, converse])
@pytest.mark.parametrize("name", AT_AND_OVER)
def test_each_limit(strict: Server, name: str, ask: Any) -> None:
    """At a limit an operation is answered; over it by one it is refused, whichever way it comes."""
    at, over, _ = AT_AND_OVER[name]
    assert list(ask(strict, at)) == ["data"]
    answer = ask(strict, over)
    assert list(answer) == ["errors"]
    told = [(error["message"], error["extensions"]) for error in answer["errors"]]
    assert told == [(MESSAGES[name], extensions(name))]


def test_subscriptions_are_held_to_the_limits(strict: Server) -> None:
    """A subscription over a limit does not begin, neither on a socket nor as a stream."""
    document = "subscription { taskEvents { task { parent { id } } } }"
    for ask in (stream, converse):
        (error,) = ask(strict, document)["errors"]
        assert error["extensions"] == extensions("max_depth")


def test_every_operation_of_a_document_is_held_to_them(strict: Server) -> None:
    """A document is refused also for an operation that is not to run, since all are validated."""
    document = f"query A {{ __typename }} query B {AT_AND_OVER['max_depth'][1]}"
    response = httpx2.post(f"{strict.url}/graphql", json={"query": document, "operationName": "A"})
    (error,) = response.json()["errors"]
    assert error["extensions"] == extensions("max_depth")


def test_refused_before_validation(strict: Server) -> None:
    """What is over a limit is not validated, which takes the square of its size."""
    document = "{ " + "nope " * 5 + "}"
    (error,) = post(strict, document)["errors"]
    assert error["extensions"] == {
        "code": "LIMIT_EXCEEDED",
        "limit": "max_root_fields",
        "value": 5,
        "maximum": 4,
    }


def test_sockets_and_streams_tell_the_cost(strict: Server) -> None:
    """Who asks for the cost with the connection is told it with every answer."""
    shown = {
        "cost": 1,
        "depth": 1,
        "fields": 1,
        "aliases": 0,
        "directives": 0,
        "rootFields": 1,
        "tokens": 3,
    }
    expected = {"data": {"__typename": "Query"}, "extensions": {"cost": shown}}
    url = f"{strict.url}/graphql?cost"
    headers = {"accept": "text/event-stream"}
    response = httpx2.post(url, json={"query": "{ __typename }"}, headers=headers)
    assert f"data: {json.dumps(expected, separators=(',', ':'))}\n" in response.text
    with connect(url.replace("http", "ws", 1), subprotocols=[Subprotocol(SUBPROTOCOL)]) as socket:
        socket.send('{"type": "connection_init"}')
        socket.recv(10)
        payload = {"query": "{ __typename }"}
        socket.send(json.dumps({"id": "1", "type": "subscribe", "payload": payload}))
        assert json.loads(socket.recv(10))["payload"] == expected


def test_what_is_kept_is_bounded() -> None:
    """The numbers of so many documents are kept, those of the ones used last."""
    measures = Measures(DEFAULTS)
    documents = [parse("{ a }") for _ in range(MAX_MEASURED + 1)]
    first = measures.of(SCHEMA, documents[0])
    for document in documents[1:]:
        assert measures.of(SCHEMA, documents[0]) is first
        measures.of(SCHEMA, document)
    assert measures.of(SCHEMA, documents[0]) is first
    assert len(measures._measured) == MAX_MEASURED


async def test_nothing_is_kept_of_what_is_not_run(address: Address) -> None:
    """Documents that are invalid, over a limit or very long leave nothing behind."""
    app = running_app(str(address), max_root_fields=1)
    long = "#" * MAX_DOCUMENT_CHARACTERS
    async with app as client:
        measures = app._app.direct.measures
        for document in ("{ nope }", "{ a: __typename b: __typename }", f"{{ __typename }}{long}"):
            await client.graphql(document)
        assert len(measures._measured) == 0
        await client.graphql("{ __typename }")
        await client.graphql("{ __typename }")
        assert len(measures._measured) == 1
