"""Hostile requests through both doors, on both stores: refused in words, and soon.

Nothing is answered 5xx, nothing shows Python's or the store's own text, nothing holds the event
loop for long, and afterwards the server still answers.
"""

import asyncio
import json
import re
import socket
import time
from collections.abc import AsyncIterator, Callable
from contextlib import suppress
from dataclasses import dataclass
from itertools import pairwise
from typing import Any
from urllib.parse import quote, urlsplit

import httpx2
import pytest

from gql_tasks.config import Settings
from gql_tasks.graphql.execution import (
    MAX_INTROSPECTIONS,
    MAX_VARIABLE_VALUES,
)
from gql_tasks.web.json_body import MAX_DEPTH
from tests.conftest import Client, Server, running_app
from tests.tells import TELLS

JSON = {"content-type": "application/json"}
MAX_BODY_BYTES = 1_048_576
MAX_TOKENS = Settings.model_fields["max_tokens"].default

LOOP_SECONDS = 10.0
"""No document holds the loop this long. They were measured at under 0.5 s on an idle core; what
this is to catch, work that doubles with every fragment, takes minutes."""


def check(response: httpx2.Response) -> Any:
    """Hold an answer to what every answer is: JSON without a leak, and nobody's bug."""
    assert response.status_code < 500
    assert TELLS.search(response.text) is None, response.text[:1000]
    assert "INTERNAL_SERVER_ERROR" not in response.text
    assert response.headers["content-type"].startswith("application/json")
    return response.json()


def outcome(response: httpx2.Response) -> str:
    """Say in a word or two how a GraphQL request ended."""
    body = check(response)
    codes = sorted({error["extensions"]["code"] for error in body.get("errors", [])})
    return " ".join([str(response.status_code), *codes, *(["data"] if "data" in body else [])])


@pytest.fixture(scope="module")
def shared_address(store: str, request: pytest.FixtureRequest) -> str:
    """Where the store is that a whole table of requests goes to."""
    if store == "postgresql":
        return str(request.getfixturevalue("empty_database")())
    return str(request.getfixturevalue("tmp_path_factory").mktemp("hostile") / "tasks.db")


@pytest.fixture(scope="module")
async def door(shared_address: str) -> AsyncIterator[Client]:
    """The application over that store; after all of the table it still answers."""
    async with running_app(shared_address) as client:
        yield client
        assert await client.data("{ __typename tasks(limit: 0) { id } }") == {
            "__typename": "Query",
            "tasks": [],
        }


NOT_JSON = {
    "nothing": b"",
    "white space": b" \n ",
    "invalid UTF-8": b'{"query": "\xff\xfe"}',
    "overlong UTF-8": b'{"query": "\xc0\xaf"}',
    "surrogates as UTF-8": b'{"query": "\xed\xa0\x80"}',
    "UTF-16": '{"query": "{ __typename }"}'.encode("utf-16"),
    "byte order mark": b'\xef\xbb\xbf{"query": "{ __typename }"}',
    "cut off": b'{"query":',
    "cut off in an escape": b'{"query": "\\u12',
    "two documents": b"{}{}",
    "single quotes": b"{'query': '{ __typename }'}",
    "trailing comma": b'{"query": "{ __typename }",}',
    "comment": b'/**/{"query": "{ __typename }"}',
    "raw NUL": b'{"query": "{ __typename \0}"}',
    "lists 100,000 deep": b'{"variables": ' + b"[" * 100_000 + b"]" * 100_000 + b"}",
    "objects 100,000 deep": b'{"variables": ' + b'{"a":' * 100_000 + b"1" + b"}" * 100_001,
    "brackets that never close": b"[" * 1_000_000,
    "5000 digits": b'{"variables": {"a": ' + b"1" * 5000 + b"}}",
    "1e400": b'{"variables": {"a": 1e400}}',
    "NaN": b'{"variables": {"a": NaN}}',
    "Infinity": b'{"variables": {"a": Infinity}}',
    "-Infinity": b'{"variables": {"a": -Infinity}}',
    "lone high surrogate": b'{"query": "{ __typename }", "title": "\\ud800"}',
    "lone low surrogate": b'{"query": "{ __typename }", "title": "\\udc00x"}',
    "lone surrogate in a name": b'{"query": "{ __typename }", "title": "x", "\\ud800": 1}',
}


@pytest.mark.parametrize("name", NOT_JSON)
async def test_not_json(door: Client, name: str) -> None:
    """Bytes that are not JSON are 400 in GraphQL and the tutorial's 422 in REST."""
    requests = [("POST", "/graphql"), ("POST", "/tasks/"), ("PUT", "/tasks/1")]
    for (method, path), status in zip(requests, [400, 422, 422], strict=True):
        response = await door.http.request(method, path, content=NOT_JSON[name], headers=JSON)
        body = check(response)
        assert response.status_code == status
        if path == "/graphql":
            [error] = body["errors"]
            assert error["message"].startswith("The request body is not JSON: ")
            assert error["extensions"] == {"code": "BAD_REQUEST"}


@pytest.mark.parametrize("body", ["null", "true", "1", "-0.0", '"x"', "[]", "[{}]", "[[]]", "{}"])
async def test_json_that_is_no_request(door: Client, body: str) -> None:
    """JSON of another shape is 400 in GraphQL, 422 in REST; only an empty change is a change."""
    for method, path, status in [
        ("POST", "/graphql", 400),
        ("POST", "/tasks/", 422),
        ("PUT", "/tasks/1", 404 if body == "{}" else 422),
    ]:
        response = await door.http.request(method, path, content=body, headers=JSON)
        check(response)
        assert response.status_code == status


def nested(depth: int, opening: str, closing: str) -> str:
    return opening * depth + closing * depth


def doubled(levels: int, on: str, field: str) -> str:
    """Write fragments of which each spreads the next one twice."""
    spreads = (f"fragment F{i} on {on} {{ ...F{i + 1} ...F{i + 1} }}" for i in range(levels))
    return "\n".join([*spreads, f"fragment F{levels} on {on} {{ {field} }}"])


PARSE, INVALID = "200 GRAPHQL_PARSE_FAILED", "200 GRAPHQL_VALIDATION_FAILED"
LIMIT = "200 LIMIT_EXCEEDED"
INPUT, UNRESOLVED = "200 BAD_USER_INPUT", "200 OPERATION_RESOLUTION_FAILURE"
DATA = "200 data"

DOCUMENTS: dict[str, tuple[str, str]] = {
    "empty": ("", "400 BAD_REQUEST"),
    "white space and commas": (" ,\t\n,", PARSE),
    "only a comment": ("# { __typename }", PARSE),
    "byte order mark": ("\ufeff{ __typename }", DATA),
    "NUL": ("{ __typename \0}", PARSE),
    "control character": ("{ __typename \x07}", PARSE),
    "astral characters": ("{ 🙂 }", PARSE),
    "unterminated string": ('{ task(id: "', PARSE),
    "line break in a string": ('{ task(id: "\n") { id } }', PARSE),
    "unterminated block string": ('{ task(id: """', PARSE),
    "lone surrogate in a string": ('{ task(id: "\\ud800") { id } }', PARSE),
    "lone surrogate in braces": ('{ task(id: "\\u{D800}") { id } }', PARSE),
    "beyond Unicode": ('{ task(id: "\\u{110000}") { id } }', PARSE),
    "endless escape": ('{ task(id: "\\u{' + "0" * 100_000 + '}") { id } }', PARSE),
    "surrogate pair": ('{ task(id: "\\ud83d\\ude42") { id } }', DATA),
    "bad escape": ('{ task(id: "\\x41") { id } }', PARSE),
    "no operation": ("fragment F on Query { __typename }", UNRESOLVED),
    "definition of a type": ("type Task { id: ID }", UNRESOLVED),
    "many operations": (" ".join(f"query Q{i} {{ __typename }}" for i in range(190)), UNRESOLVED),
    "the same operation twice": ("query A { __typename } query A { __typename }", UNRESOLVED),
    "subscription": ("subscription { tasks { id } }", "400 BAD_REQUEST"),
    "unknown directive": ("{ __typename @nope }", INVALID),
    "directive without its argument": ("{ __typename @skip }", INVALID),
    "directive with null": ("{ __typename @skip(if: null) }", INVALID),
    "unknown fragment": ("{ ...Nope }", INVALID),
    "unknown type": ("{ ... on Nope { id } }", INVALID),
    "unused fragment": ("{ __typename } fragment F on Query { __typename }", INVALID),
    "undefined variable": ("{ task(id: $id) { id } }", INVALID),
    "field of no type": ("{ __proto__ { constructor } toString }", INVALID),
    "Python's own names": ("{ __class__ { __init__ __globals__ } __dict__ }", INVALID),
    "__proto__ as an alias": ("{ __proto__: __typename constructor: __typename }", DATA),
    "__proto__ as a variable": (
        "query ($__proto__: Int) { tasks(limit: $__proto__) { id } }",
        DATA,
    ),
    "fragment in itself": ("{ ...F } fragment F on Query { ...F }", INVALID),
    "fragments in a circle": (
        "{ ...A } fragment A on Query { ...B } fragment B on Query { ...A }",
        INVALID,
    ),
    "circle through a field": (
        "{ tasks { ...A } } fragment A on Task { ...B } fragment B on Task { id ...A }",
        INVALID,
    ),
    "20 doublings": ("{ tasks { ...F0 } }" + doubled(20, "Task", "id"), DATA),
    "20 doublings at the root": ("{ ...F0 }" + doubled(20, "Query", "__typename"), DATA),
    "20 doublings, unknown field": ("{ tasks { ...F0 } }" + doubled(20, "Task", "nope"), INVALID),
    "10,000 aliases": ("{" + " ".join(f"a{i}: __typename" for i in range(10_000)) + "}", LIMIT),
    "10,000 fields": ("{ tasks {" + "id " * 10_000 + "} }", LIMIT),
    "10,000 braces": (nested(10_000, "{ a ", "}"), PARSE),
    "10,000 inline fragments": ("{" + nested(10_000, "... {", "}") + "}", PARSE),
    "500,000 braces": ("{" * 500_000, PARSE),
    "150 inline fragments": ("{" + "... {" * 150 + "__typename" + "}" * 151, DATA),
    "list 10,000 deep": ("{ task(id: " + nested(10_000, "[", "]") + ") { id } }", PARSE),
    "list 400 deep": ("{ task(id: " + nested(400, "[", "]") + ") { id } }", PARSE),
    "list 100 deep": ("{ tasks(orderBy: " + nested(100, "[", "]") + ") { id } }", INVALID),
    "object 100 deep": (
        "{ tasks(orderBy: " + "{ field: " * 100 + "ID" + "}" * 100 + ") }",
        INVALID,
    ),
    "list type 10,000 deep": (
        "query ($v: " + "[" * 10_000 + "ID" + "]" * 10_000 + ") { __typename }",
        PARSE,
    ),
    "1 MB of a string": ('{ task(id: "' + "x" * 1_000_000 + '") { id } }', DATA),
    "1 MB of a block string": ('{ task(id: """' + "\n x" * 250_000 + '""") { id } }', DATA),
    "1 MB of a name": ("{ " + "a" * 1_000_000 + " }", INVALID),
    "1 MB of a comment": ("#" + "x" * 1_000_000 + "\n{ __typename }", DATA),
    "1 MB of comments": ("#\n" * 300_000 + "{ __typename }", LIMIT),
    "1 MB of commas": ("," * 1_000_000 + "{ __typename }", DATA),
    "1 MB of lines, then an error": ("\n" * 500_000 + "{ nope }", INVALID),
    "1 MB of an Int": ("{ tasks(limit: " + "1" * 1_000_000 + ") { id } }", INVALID),
    "1 MB of an ID": ("{ task(id: " + "1" * 1_000_000 + ") { id } }", DATA),
    "1 MB of a Float": ("{ task(id: 1." + "1" * 1_000_000 + ") { id } }", INVALID),
    "5000 digits": ("{ tasks(limit: -" + "1" * 5000 + ") { id } }", INVALID),
    "5000 digits by default": (
        "query ($n: Int = " + "1" * 5000 + ") { tasks(limit: $n) { id } }",
        INVALID,
    ),
    "introspection, circular": (
        "{ __schema { types { " + "fields { type { " * 5 + "name" + "} }" * 5 + "} } }",
        INVALID,
    ),
    "__type of nothing": ('{ __type(name: "\\u0000") { name } }', DATA),
}


@pytest.mark.parametrize("name", DOCUMENTS)
async def test_document(door: Client, name: str) -> None:
    """A hostile document ends in the code that names what is wrong with it, and quickly."""
    document, expected = DOCUMENTS[name]
    for _ in range(2):  # the second time from the cache, where it was valid
        start = time.perf_counter()
        response = await door.http.post("/graphql", json={"query": document})
        assert outcome(response) == expected
        assert time.perf_counter() - start < LOOP_SECONDS
    assert all(len(error["message"]) <= 1000 for error in response.json().get("errors", []))


ORDERED = "query ($v: [TaskOrder!]) { tasks(orderBy: $v) { id } }"
LIMITED = "query ($v: Int) { tasks(limit: $v) { id } }"
SKIPPED = "query ($v: Boolean! = true) { __typename @skip(if: $v) }"
CREATED = "mutation ($v: CreateTaskInput!) { createTask(input: $v) { task { id } } }"
UPDATED = "mutation ($v: UpdateTaskInput!) { updateTask(id: 1, input: $v) { task { id } } }"
DEEP = json.loads(nested(MAX_DEPTH - 4, "[", "]"))  # with what stands around it, the deepest

VARIABLES: dict[str, tuple[str, Any, str]] = {
    "Int 2^70": (LIMITED, 2**70, INPUT),
    "Int 2^31": (LIMITED, 2**31, INPUT),
    "Int as text": (LIMITED, "1", INPUT),
    "Int with a fraction": (LIMITED, 1.5, INPUT),
    "Int as a float": (LIMITED, 1.0, DATA),
    "Int as a list": (LIMITED, [1], INPUT),
    "Int as an object": (LIMITED, {"__proto__": {"limit": 1}}, INPUT),
    "Int as true": (LIMITED, True, INPUT),
    "Boolean as text": (SKIPPED, "true", INPUT),
    "Boolean as null": (SKIPPED, None, INPUT),
    "enum that is none": (ORDERED, [{"field": "NOPE"}], INPUT),
    "enum as a number": (ORDERED, [{"field": 1}], INPUT),
    "enum's Python value": (ORDERED, [{"field": "completed_at"}], INPUT),
    "null in a list": (ORDERED, [None], INPUT),
    "list as deep as may be": (ORDERED, DEEP, INPUT),
    "list 500 deep": (ORDERED, json.loads(nested(500, "[", "]")), "400 BAD_REQUEST"),
    "list of 60,000": (ORDERED, [{"field": "ID"}] * 60_000, INPUT),
    "list of 300,000": (ORDERED, [1] * 300_000, INPUT),
    "object with 60,000 unknown fields": (CREATED, {f"t{i}": 1 for i in range(60_000)}, INPUT),
    "object with unknown fields": (CREATED, {f"titl{i}": 1 for i in range(1000)}, INPUT),
    "object with long names": (CREATED, {f"t{i}" * 2000: 1 for i in range(100)}, INPUT),
    "object that is a list": (CREATED, [[]], INPUT),
    "object that is text": (CREATED, '{"title": "x"}', INPUT),
    "object with __proto__": (CREATED, {"title": "x", "__proto__": {"id": 1}}, INPUT),
    "text that is a number": (CREATED, {"title": 1}, INPUT),
    "text that is a deep list": (UPDATED, {"title": DEEP}, INPUT),
    "text that is a long list": (UPDATED, {"title": [1] * 9_000}, INPUT),
    "1 MB of an ID": ("query ($v: ID!) { task(id: $v) { id } }", "1" * 1_000_000, DATA),
    "ID 2^70": ("query ($v: ID!) { task(id: $v) { id } }", 2**70, DATA),
    "ID with a fraction": ("query ($v: ID!) { task(id: $v) { id } }", 1.5, INPUT),
    "1 MB of a Boolean": (SKIPPED, "x" * 1_000_000, INPUT),
    "variables nobody declared": ("{ __typename }", {"__proto__": None, "constructor": 1}, DATA),
}


@pytest.mark.parametrize("name", VARIABLES)
async def test_variables(door: Client, name: str) -> None:
    """A variable that no field can take is BAD_USER_INPUT, in JSON's words, and quickly."""
    query, value, expected = VARIABLES[name]
    start = time.perf_counter()
    response = await door.http.post("/graphql", json={"query": query, "variables": {"v": value}})
    assert outcome(response) == expected
    assert time.perf_counter() - start < LOOP_SECONDS


async def test_too_many_values(door: Client) -> None:
    """Variables hold at most so many values, counted at every depth."""
    query = "query ($v: [TaskOrder!]) { __typename tasks(orderBy: $v, limit: 0) { id } }"
    orders = [{"field": "ID"}] * ((MAX_VARIABLE_VALUES - 1) // 2)
    taken = await door.http.post("/graphql", json={"query": query, "variables": {"v": orders}})
    assert taken.json() == {"data": {"__typename": "Query", "tasks": []}}
    variables = {"v": orders, "w": {"x": [1]}}
    refused = await door.http.post("/graphql", json={"query": query, "variables": variables})
    assert refused.json() == {
        "errors": [
            {
                "message": f"The variables hold more than {MAX_VARIABLE_VALUES} values.",
                "extensions": {"code": "BAD_USER_INPUT"},
            }
        ]
    }


SLICES: dict[str, tuple[str, dict[str, Any] | None]] = {
    "limit: -1": ("limit -1 is not between 0 and 10000", None),
    "limit: 10001": ("limit 10001 is not between 0 and 10000", None),
    "limit: 2147483647": ("limit 2147483647 is not between 0 and 10000", None),
    "limit: -2147483648": ("limit -2147483648 is not between 0 and 10000", None),
    "offset: -1": ("offset -1 is negative", None),
    "limit: 0, offset: -1": ("offset -1 is negative", None),
    "limit: 2147483648": (
        "Int cannot represent non 32-bit signed integer value: 2147483648",
        {"line": 1, "column": 16},
    ),
    "offset: 1.5": ("Int cannot represent non-integer value: 1.5", {"line": 1, "column": 17}),
    "offset: 1e3": ("Int cannot represent non-integer value: 1e3", {"line": 1, "column": 17}),
    'limit: "1"': ('Int cannot represent non-integer value: "1"', {"line": 1, "column": 16}),
}


@pytest.mark.parametrize("arguments", SLICES)
async def test_slice(door: Client, arguments: str) -> None:
    """A limit or an offset that is none is refused with its value; only the literal's own type
    is a matter of validation.
    """
    message, literal = SLICES[arguments]
    body = check(
        await door.http.post("/graphql", json={"query": f"{{ tasks({arguments}) {{ id }} }}"})
    )
    if literal:
        code = {"code": "GRAPHQL_VALIDATION_FAILED"}
        assert body == {
            "errors": [{"message": message, "locations": [literal], "extensions": code}]
        }
    else:
        error = {
            "message": message,
            "locations": [{"line": 1, "column": 3}],
            "path": ["tasks"],
            "extensions": {"code": "BAD_USER_INPUT"},
        }
        assert body == {"data": None, "errors": [error]}


@pytest.mark.parametrize(
    "arguments", ["limit: null, offset: null", "offset: 2147483647", "limit: 0"]
)
async def test_slice_of_nothing(door: Client, arguments: str) -> None:
    """Null is as good as nothing, and an offset past the end is no error."""
    query = f"{{ tasks({arguments}) {{ __typename }} }}"
    body = check(await door.http.post("/graphql", json={"query": query}))
    assert body in ({"data": {"tasks": []}}, {"data": {"tasks": [{"__typename": "Task"}]}})


UNPARSABLE = 422
IDS: dict[str, int] = {
    " 7": 404,
    "7 ": 404,
    "7\n": 404,
    "1e3": UNPARSABLE,
    "\N{ARABIC-INDIC DIGIT SEVEN}": UNPARSABLE,
    "\N{FULLWIDTH DIGIT SEVEN}": UNPARSABLE,
    "²": UNPARSABLE,
    "0x10": UNPARSABLE,
    "-1": 404,
    "-0": 404,
    "0": 404,
    "007": 404,
    "1_0": 404,
    "1.5": UNPARSABLE,
    "null": UNPARSABLE,
    "NaN": UNPARSABLE,
    "\0": UNPARSABLE,
    "7\0": UNPARSABLE,
    "🙂": UNPARSABLE,
    "\ufeff7": UNPARSABLE,
    "7; DROP TABLE tasks": UNPARSABLE,
    "' OR 1=1 --": UNPARSABLE,
    "%s": UNPARSABLE,
    str(2**31): 404,
    str(2**63 - 1): 404,
    str(2**63): 404,
    str(2**64): 404,
    str(-(2**63)): 404,
    str(-(2**63) - 1): 404,
    "9" * 10_000: UNPARSABLE,
}


@pytest.mark.parametrize("task_id", ["", *IDS], ids=lambda task_id: repr(task_id)[:30])
async def test_id(door: Client, task_id: str) -> None:
    """An id that no row can have is one that no row has, by whichever field it comes."""
    shown = task_id if len(task_id) <= 60 else f"{task_id[:57]}..."
    problem = {
        "code": "NOT_FOUND",
        "message": f'no task has the id "{shown}"',
        "path": ["id"],
        "id": task_id,
    }
    fields = "problems { code message path ... on NotFoundProblem { id } }"
    for operation, data in {
        "query ($id: ID!) { task(id: $id) { id } }": {"task": None},
        f'mutation ($id: ID!) {{ updateTask(id: $id, input: {{title: "x"}}) {{ {fields} }} }}': {
            "updateTask": {"problems": [problem]}
        },
        f"mutation ($id: ID!) {{ deleteTask(id: $id) {{ {fields} }} }}": {
            "deleteTask": {"problems": [problem]}
        },
    }.items():
        request = {"query": operation, "variables": {"id": task_id}}
        assert check(await door.http.post("/graphql", json=request)) == {"data": data}


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE"])
@pytest.mark.parametrize("task_id", IDS, ids=lambda task_id: repr(task_id)[:30])
async def test_id_in_a_path(door: Client, task_id: str, method: str) -> None:
    """REST takes an id as the tutorial did: what is no number is 422, what no row has is 404."""
    path = f"/tasks/{quote(task_id, safe='')}"
    response = await door.http.request(
        method, path, json={"title": "x"} if method == "PUT" else None
    )
    body = check(response)
    assert response.status_code == IDS[task_id]
    if response.status_code == 404:
        assert body == {"detail": "Task not found"}


@pytest.mark.parametrize("field", ["title", "description"])
async def test_nul_in_text(door: Client, field: str) -> None:
    """A NUL is refused by both doors on both stores, and nothing is written."""
    created = await door.data('mutation { createTask(input: { title: "x" }) { task { id } } }')
    task_id = created["createTask"]["task"]["id"]
    before = await door.data("{ tasks { id title description } }")
    task = {"title": "x", field: "a\0b"}
    problem = {"message": f"{field} holds a NUL character (U+0000)", "path": ["input", field]}
    for root, kind in [
        ("createTask(", "CreateTaskInput"),
        (f"updateTask(id: {task_id},", "UpdateTaskInput"),
    ]:
        fields = "{ problems { message path } }"
        members = ", ".join(f"{name}: {json.dumps(text)}" for name, text in task.items())
        by_variable = f"mutation ($v: {kind}!) {{ {root} input: $v) {fields} }}"
        by_literal = f"mutation {{ {root} input: {{{members}}}) {fields} }}"
        expected = {root.partition("(")[0]: {"problems": [problem]}}
        assert await door.data(by_variable, {"v": task}) == expected
        assert await door.data(by_literal) == expected
    for method, path in [("POST", "/tasks/"), ("PUT", f"/tasks/{task_id}")]:
        response = await door.http.request(method, path, json=task)
        assert response.status_code == 422
        assert [(item["loc"], item["msg"]) for item in check(response)["detail"]] == [
            (["body", field], problem["message"])
        ]
    assert await door.data("{ tasks { id title description } }") == before
    await door.data(f"mutation {{ deleteTask(id: {task_id}) {{ deletedIds }} }}")


def fill(head: str, unit: Callable[[int], str], tail: str, tokens_each: int) -> str:
    """Write a document of almost as many tokens as a document may have."""
    return head + " ".join(map(unit, range((MAX_TOKENS - 30) // tokens_each))) + tail


def spread_all(count: int) -> str:
    """Spread fragments side by side, of which each is compared with every other."""
    fragments = "".join(f"fragment F{i} on Task {{ id }}" for i in range(count))
    return "{ tasks { " + "".join(f"...F{i} " for i in range(count)) + "} }" + fragments


INTROSPECTED = (
    "fragment B on __Type { name fields { name description args { name type { name ofType { name }"
    " } } type { name } } inputFields { name } enumValues { name } }"
)

WORST: dict[str, str] = {
    "one field again and again": fill("{ tasks {", lambda _: "id", "} }", 1),
    "aliases": fill("{", lambda i: f"a{i}: __typename", "}", 3),
    "columns under aliases": fill("{ tasks {", lambda i: f"a{i}: title", "} }", 3),
    "conflicting aliases": fill("{ tasks {", lambda i: f"a: {('id', 'title')[i % 2]}", "} }", 3),
    "conflicting arguments": fill("{", lambda i: f"t: task(id: {i}) {{ id }}", "}", 11),
    "one root again and again": fill("{", lambda _: "tasks { id }", "}", 4),
    "inline fragments": fill("{ tasks {", lambda _: "... { id }", "} }", 4),
    "spreads of one fragment": fill(
        "{ tasks {", lambda _: "...F", "} } fragment F on Task { id }", 2
    ),
    "spreads of many fragments": spread_all(MAX_TOKENS // 10),
    "unknown fields": fill("{", lambda i: f"nope{i}", "}", 1),
    "names nearly right": fill("{ tasks {", lambda i: f"completedAl{i}", "} }", 1),
    "long names": fill("{ tasks {", lambda i: "completedAt" * 80 + str(i), "} }", 1),
    "unknown arguments": fill("{ tasks(", lambda i: f"limi{i}: 1", ") { id } }", 3),
    "unknown input fields": fill(
        "mutation { createTask(input: {", lambda i: f"titl{i}: 1", "}) { task { id } } }", 3
    ),
    "long input values": fill(
        "mutation { createTask(input: {",
        lambda i: f"t{i}: {'1' * 2500}",
        "}) { task { id } } }",
        3,
    ),
    "unused variables": fill("query (", lambda i: f"$v{i}: Int", ") { __typename }", 4),
    "directives": fill("{ __typename ", lambda _: "@skip(if: false)", "}", 7),
    "introspection again and again": fill(
        "{", lambda i: f"a{i}: __schema {{ types {{ ...B }} }}", "}" + INTROSPECTED, 11
    ),
    "introspection in one go": fill(
        "{ __schema { types { fields {", lambda i: f"a{i}: args {{ name }}", "} } } }", 6
    ),
    "statements": fill("{", lambda i: f"t{i}: tasks(limit: 0) {{ a{i}: id }}", "}", 13),
    "writes": fill("mutation {", lambda i: f"d{i}: deleteTask(id: 0) {{ deletedIds }}", "}", 11),
}


@pytest.mark.parametrize("name", WORST)
async def test_loop_is_not_held(door: Client, name: str) -> None:
    """The worst documents that the limits let through leave the event loop to others in time."""
    beats: list[float] = []

    async def beat() -> None:
        while True:
            beats.append(time.thread_time())  # of this thread: other work may go on beside it
            await asyncio.sleep(0)

    beating = asyncio.create_task(beat())
    await asyncio.sleep(0)
    response = await door.http.post("/graphql", json={"query": WORST[name]})
    await asyncio.sleep(0)
    beating.cancel()
    held = max(later - earlier for earlier, later in pairwise(beats))
    assert held < LOOP_SECONDS
    assert "tokens" not in response.text[:200]
    check(response)


async def test_introspections_are_counted(door: Client) -> None:
    """The schema may be asked for a few times in a document, and not again and again."""

    def asked(times: int) -> str:
        return "{" + " ".join(f"a{i}: __schema {{ __typename }}" for i in range(times)) + "}"

    answer = await door.graphql(asked(MAX_INTROSPECTIONS))
    assert list(answer) == ["data"]
    refused = await door.graphql(asked(MAX_INTROSPECTIONS + 1))
    assert [error["extensions"] for error in refused["errors"]] == [
        {"code": "GRAPHQL_VALIDATION_FAILED"}
    ]


DOORS = [("POST", "/graphql"), ("POST", "/tasks/"), ("PUT", "/tasks/1")]


@pytest.mark.parametrize(("method", "path"), DOORS)
@pytest.mark.parametrize("declared", [True, False], ids=["declared", "chunked"])
async def test_body_too_long(door: Client, method: str, path: str, declared: bool) -> None:
    """A body over the limit is 413 in the door's own shape, whether or not it says its length."""

    async def chunks() -> AsyncIterator[bytes]:
        yield b'{"title": "'
        for _ in range(MAX_BODY_BYTES // 65_536):
            yield b"x" * 65_536
        yield b'"}'

    content = b"x" * (MAX_BODY_BYTES + 1) if declared else chunks()
    response = await door.http.request(method, path, content=content, headers=JSON)
    message = f"The request body is longer than {MAX_BODY_BYTES} bytes."
    errors = [{"message": message, "extensions": {"code": "BAD_REQUEST"}}]
    assert check(response) == ({"errors": errors} if path == "/graphql" else {"detail": message})
    assert response.status_code == 413


async def test_body_at_the_limit(door: Client) -> None:
    """A body of exactly the limit is read."""
    head, tail = b'{"query": "{ __typename }', b'"}'
    content = head + b" " * (MAX_BODY_BYTES - len(head) - len(tail)) + tail
    response = await door.http.post("/graphql", content=content, headers=JSON)
    assert check(response) == {"data": {"__typename": "Query"}}


@dataclass
class Raw:
    """Bytes to the program and back, with nothing in between that would tidy them."""

    server: Server

    def exchange(self, *parts: bytes, then_leave: bool = False) -> bytes:
        """Send the parts, and read until the server closes the connection, or leave at once."""
        at = urlsplit(self.server.url)
        with socket.create_connection((at.hostname, at.port), timeout=10) as connection:
            with suppress(ConnectionError):  # a server may refuse before it has read everything
                for part in parts:
                    connection.sendall(part)
            if then_leave:
                return b""
            return b"".join(iter(lambda: connection.recv(65_536), b""))


def head(line: str, *fields: str) -> bytes:
    """Write a request's first lines."""
    lines = [line, "Host: localhost", "Connection: close", *fields]
    return "\r\n".join([*lines, "", ""]).encode("latin-1")


def last_status(answer: bytes) -> int:
    return int(answer.split(b" ", 2)[1])


def test_clients_that_go_away(served: Server) -> None:
    """Clients that leave in the middle of a request, or never speak HTTP, leave no trace."""
    raw = Raw(served)
    request = [
        "Content-Type: application/json",
        "Content-Length: 1000",
    ]
    for path in ("/graphql", "/tasks/"):
        raw.exchange(head(f"POST {path} HTTP/1.1", *request), then_leave=True)
        raw.exchange(head(f"POST {path} HTTP/1.1", *request), b'{"query": "{', then_leave=True)
        chunked = [request[0], "Transfer-Encoding: chunked"]
        raw.exchange(head(f"POST {path} HTTP/1.1", *chunked), b"5\r\n{", then_leave=True)
    raw.exchange(b"POST /graphql HTT", then_leave=True)
    raw.exchange(head("GET /graphql?query={tasks{id}} HTTP/1.1"), then_leave=True)
    raw.exchange(then_leave=True)
    assert log_after(served) == []


def test_bytes_that_are_not_http(served: Server) -> None:
    """What is not HTTP, or lies about its length, is refused without a word in the log of a bug."""
    raw = Raw(served)
    length = "Content-Type: application/json"
    for request in [
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
        b"GET / HTTP/9.9\r\n\r\n",
        b"\0\0\0\0\r\n\r\n",
        head("POST /graphql HTTP/1.1", length, "Content-Length: -1"),
        head("POST /graphql HTTP/1.1", length, "Content-Length: 1e3"),
        head("POST /graphql HTTP/1.1", length, "Content-Length: 1", "Content-Length: 2"),
        head("POST /graphql HTTP/1.1", length, "Content-Length: 99999999999999999999999999"),
        head("POST /graphql HTTP/1.1", length, "Transfer-Encoding: chunked") + b"zz\r\n",
    ]:
        answer = raw.exchange(request)
        assert last_status(answer) == 400, answer
        assert TELLS.search(answer.decode("latin-1")) is None
    assert [line for line in log_after(served) if "Traceback" in line or "ERROR" in line] == []


def test_body_too_long_over_the_wire(served: Server) -> None:
    """A body over the limit is refused by its declared length, before it is sent."""
    raw = Raw(served)
    fields = ["Content-Type: application/json", f"Content-Length: {2**40}"]
    for path in ("/graphql", "/tasks/"):
        answer = raw.exchange(head(f"POST {path} HTTP/1.1", *fields))
        assert last_status(answer) == 413
        assert answer.endswith(b"}")
    assert log_after(served) == []


def test_request_id_over_the_wire(served: Server) -> None:
    """Only a plain id of a client's comes back; with any other a new one is made."""
    raw = Raw(served)
    for sent in ["a\tb", "x" * 65, "\xe4", "a b", "", '"', "{}", "a;b", "../a", "%0d%0aa:b", "a,b"]:
        answer = raw.exchange(
            head("GET /graphql?query={__typename} HTTP/1.1", f"X-Request-Id: {sent}")
        )
        [own] = re.findall(rb"(?im)^x-request-id: (.*)\r$", answer)
        assert re.fullmatch(b"[0-9a-f]{16}", own), sent
    assert log_after(served) == []


def log_after(server: Server) -> list[str]:
    """Stop the program, which must still answer, and return what it printed since its greeting."""
    answer = httpx2.get(f"{server.url}/graphql", params={"query": "{ __typename }"})
    assert answer.json() == {"data": {"__typename": "Query"}}
    server.process.terminate()
    output, _ = server.process.communicate(timeout=30)
    return output.partition("Stop with Ctrl+C.\n")[2].splitlines()
