"""`--production`: nothing tells what is in the schema, on no transport, and all else goes on."""

import json
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import httpx2
import pytest
from graphql import get_introspection_query
from websockets.sync.client import connect
from websockets.typing import Subprotocol

from gql_tasks import __version__
from gql_tasks.graphql.manifests import DocumentsUnusable
from gql_tasks.graphql.socket_messages import SUBPROTOCOL
from tests.conftest import Client, Server, running_app, serve

BROWSER = {"accept": "text/html,application/xhtml+xml,*/*;q=0.8"}
UPDATE = "mutation ($in: UpdateTaskInput!) { updateTask(id: 1, input: $in) { task { id } } }"
SUBSCRIBE = "subscription ($f: TaskFilter) { taskEvents(filter: $f) { kind } }"


@pytest.fixture(params=[False, True], ids=["while developing", "in production"])
async def client(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Client]:
    """The application, while developing and in production."""
    async with running_app(str(tmp_path / "tasks.db"), production=request.param) as client:
        client.production = request.param  # type: ignore[attr-defined]
        yield client


@pytest.fixture
async def production(tmp_path: Path) -> AsyncIterator[Client]:
    """The application in production."""
    async with running_app(str(tmp_path / "tasks.db"), production=True) as client:
        yield client


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """The program in production."""
    store = tmp_path_factory.mktemp("production") / "tasks.db"
    with serve("--database", str(store), "--production") as server:
        yield server


def refused(message: str, line: int, column: int) -> dict[str, Any]:
    return {
        "message": message,
        "locations": [{"line": line, "column": column}],
        "extensions": {"code": "GRAPHQL_VALIDATION_FAILED"},
    }


@pytest.mark.parametrize(
    ("query", "errors"),
    [
        ("{ __schema { queryType { name } } }", [("__schema", 1, 3)]),
        ('{ a: __type(name: "Task") { name } b: __typename }', [("__type", 1, 3)]),
        (
            "query { ...F } fragment F on Query { __schema { types { name } } }",
            [("__schema", 1, 38)],
        ),
    ],
)
async def test_introspection(
    production: Client, query: str, errors: list[tuple[str, int, int]]
) -> None:
    """Introspection is refused wherever it stands, and by name."""
    body = await production.graphql(query)
    words = "cannot be queried: introspection is switched off."
    assert body == {"errors": [refused(f"{name} {words}", *place) for name, *place in errors]}


async def test_introspection_of_tools(production: Client) -> None:
    """The query that tools send is refused with one error."""
    body = await production.graphql(get_introspection_query())
    words = "__schema cannot be queried: introspection is switched off."
    assert body == {"errors": [refused(words, 3, 3)]}


async def test_typename(production: Client) -> None:
    """__typename is not introspection: clients' caches stand on it."""
    query = 'mutation { createTask(input: { title: "a" }) { __typename task { __typename id } } }'
    assert await production.data(query) == {
        "createTask": {"__typename": "TaskPayload", "task": {"__typename": "Task", "id": "1"}}
    }
    assert await production.data("{ __typename }") == {"__typename": "Query"}


MISSPELT: dict[str, tuple[str, dict[str, Any], str]] = {
    "field": ("{ task { id } taskz { id } }", {}, "Cannot query field 'taskz' on type 'Query'."),
    "type": ("query ($a: Taks) { __typename }", {}, "Unknown type 'Taks'."),
    "type condition": ("{ tasks { ... on Taskk { id } } }", {}, "Unknown type 'Taskk'."),
    "argument": ("{ tasks(limitt: 1) { id } }", {}, "Unknown argument 'limitt'"),
    "argument of a directive": ("{ tasks @skip(iff: true) { id } }", {}, "Unknown argument 'iff'"),
    "input field": ("{ tasks(filter: { titl: { eq: 1 } }) { id } }", {}, "'titl'"),
    "enum value": ("{ tasks(orderBy: [{ field: TITEL }]) { id } }", {}, "'TITEL'"),
    "input field of a variable": (UPDATE, {"in": {"titl": "a"}}, "'titl'"),
    "enum value of a variable": (UPDATE, {"in": {"priority": "HIHG"}}, "'HIHG'"),
}
OVER_A_STREAM = MISSPELT | {
    "subscription's field": ("subscription { taskEvent { kind } }", {}, "'taskEvent'"),
    "subscription's variable": (SUBSCRIBE, {"f": {"titl": {"eq": "a"}}}, "'titl'"),
}


@pytest.mark.parametrize("name", MISSPELT)
async def test_suggestions(client: Client, name: str) -> None:
    """What is misspelt is named; what may have been meant is suggested while developing only."""
    query, variables, named = MISSPELT[name]
    body = await client.graphql(query, variables)
    messages = " ".join(error["message"] for error in body["errors"])
    assert named in messages
    assert ("Did you mean" in messages) is not client.production  # type: ignore[attr-defined]


@pytest.mark.parametrize("name", OVER_A_STREAM)
def test_suggestions_over_the_wire(served: Server, name: str) -> None:
    """Neither a WebSocket nor an event stream suggests anything, nor does a repeated request."""
    query, variables, named = OVER_A_STREAM[name]
    payload = {"query": query, "variables": variables}
    url = f"{served.url}/graphql"
    with connect(
        url.replace("http", "ws"), subprotocols=[Subprotocol(SUBPROTOCOL)], proxy=None
    ) as socket:
        socket.send('{"type": "connection_init"}')
        socket.send(json.dumps({"id": "1", "type": "subscribe", "payload": payload}))
        assert json.loads(socket.recv(10)) == {"type": "connection_ack"}
        told = json.loads(socket.recv(10))
    assert told["type"] == "error"
    accepted = ["text/event-stream"] + 2 * (["application/json"] if name in MISSPELT else [])
    answers = [
        httpx2.post(url, json=payload, headers={"accept": accept}).text for accept in accepted
    ]
    for answer in [json.dumps(told), *answers]:
        assert named in answer
        assert "Did you mean" not in answer


async def test_pages(production: Client) -> None:
    """A browser finds no GraphiQL, no documentation and no link to them."""
    for path in ("/docs", "/openapi.json", "/redoc"):
        response = await production.http.get(path, headers=BROWSER)
        assert (response.status_code, response.json()) == (404, {"detail": "Not Found"})
    response = await production.http.get("/graphql", headers=BROWSER)
    assert response.status_code == 400
    assert response.json() == {
        "errors": [{"message": "The request has no query.", "extensions": {"code": "BAD_REQUEST"}}]
    }
    index = await production.http.get("/", headers=BROWSER)
    assert index.status_code == 200
    assert "tasks/" in index.text
    for hidden in ("GraphiQL", "docs", "openapi"):
        assert hidden not in index.text
    places = (await production.http.get("/", headers={"accept": "application/json"})).json()
    assert [*places] == ["name", "version", "graphql", "rest"]


async def test_rest_goes_on(production: Client) -> None:
    """The tutorial's endpoints do not change."""
    created = await production.http.post("/tasks/", json={"title": "a"})
    task = {"title": "a", "description": "", "completed": False, "id": 1}
    assert (created.status_code, created.json()) == (200, task)
    assert (await production.http.get("/tasks/")).json() == [task]


async def test_trusted_introspection(tmp_path: Path) -> None:
    """A trusted document cannot ask for the schema either, and the server says so at the start."""
    manifest = tmp_path / "manifest.json"
    manifest.write_text('{"a": "{ __schema { queryType { name } } }"}')
    settings = {"documents": str(manifest), "production": True}
    with pytest.raises(DocumentsUnusable) as error:
        running_app(str(tmp_path / "tasks.db"), **settings)
    words = "__schema cannot be queried: introspection is switched off. (line 1, column 3)"
    assert error.value.problems == [f"{manifest}, document a: {words}"]


def test_what_it_prints(tmp_path: Path) -> None:
    """The server names the places that it has."""
    with serve("--database", str(tmp_path / "tasks.db"), "--production") as server:
        assert server.process.stdout is not None
        printed = [server.process.stdout.readline().strip() for _ in range(5)]
    assert printed == [
        f"gql_tasks {__version__}",
        f"GraphQL    {server.url}/graphql",
        f"REST       {server.url}/tasks/",
        f"Store      {tmp_path}/tasks.db",
        "Stop with Ctrl+C.",
    ]
