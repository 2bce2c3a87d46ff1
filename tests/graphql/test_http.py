"""GraphQL over HTTP: status, media type, `data` and codes, request by request."""

import json
from collections.abc import AsyncIterator
from contextlib import closing
from pathlib import Path
from typing import Any

import httpx2
import pytest

from gql_tasks.store import sqlite
from gql_tasks.store.sqlite_driver import sqlite3
from tests.conftest import Client, running_app
from tests.sql import Address

NEW, OLD = "application/graphql-response+json", "application/json"
MEDIA_TYPES = pytest.mark.parametrize("media_type", [NEW, OLD])

CREATE = 'mutation { createTask(input: {title: "x"}) { task { id } } }'

Errors = list[dict[str, Any]]


def error(message: str, code: str, *locations: tuple[int, int], **members: Any) -> dict[str, Any]:
    """Spell an error as it is answered."""
    places = [{"line": line, "column": column} for line, column in locations]
    shown = {"locations": places} if places else {}
    return {"message": message, **shown, **members, "extensions": {"code": code}}


def check(response: httpx2.Response, status: int, media_type: str, body: Any) -> None:
    """Compare a whole answer, the order of its keys included."""
    assert (response.status_code, response.headers["content-type"]) == (
        status,
        f"{media_type}; charset=utf-8",
    )
    assert response.headers["vary"] == "Accept"
    assert json.dumps(response.json()) == json.dumps(body)


@pytest.fixture(scope="module")
async def door(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Client]:
    """The application over one store, for requests that do not reach it."""
    async with running_app(str(tmp_path_factory.mktemp("door") / "tasks.db")) as client:
        yield client


async def post(client: Client, media_type: str, **body: Any) -> httpx2.Response:
    return await client.http.post("/graphql", json=body, headers={"accept": media_type})


@MEDIA_TYPES
async def test_data_is_200(door: Client, media_type: str) -> None:
    """An operation that runs is answered 200 in the media type asked for, without `errors`."""
    response = await post(door, media_type, query="{ __typename tasks { id } }")
    check(response, 200, media_type, {"data": {"__typename": "Query", "tasks": []}})


REQUEST_ERRORS: dict[str, tuple[dict[str, Any], Errors]] = {
    "parse": (
        {"query": "{"},
        [error("Syntax Error: Expected Name, found <EOF>.", "GRAPHQL_PARSE_FAILED", (1, 2))],
    ),
    "only white space": (
        {"query": " \n"},
        [error("Syntax Error: Unexpected <EOF>.", "GRAPHQL_PARSE_FAILED", (2, 1))],
    ),
    "unknown fields": (
        {"query": "{ a\nb }"},
        [
            error("Cannot query field 'a' on type 'Query'.", "GRAPHQL_VALIDATION_FAILED", (1, 3)),
            error("Cannot query field 'b' on type 'Query'.", "GRAPHQL_VALIDATION_FAILED", (2, 1)),
        ],
    ),
    "literal of another type": (
        {"query": "{ tasks(limit: true) { id } }"},
        [
            error(
                "Int cannot represent non-integer value: true", "GRAPHQL_VALIDATION_FAILED", (1, 16)
            )
        ],
    ),
    "null where none may be": (
        {"query": "mutation { updateTask(id: 1, input: null) { problems { code } } }"},
        [
            error(
                "Expected value of non-null type 'UpdateTaskInput!' not to be null.",
                "GRAPHQL_VALIDATION_FAILED",
                (1, 37),
            )
        ],
    ),
    "several operations, none named": (
        {"query": "query A { __typename } query B { __typename }"},
        [
            error(
                "The document has several operations; name the one to run.",
                "OPERATION_RESOLUTION_FAILURE",
            )
        ],
    ),
    "another operation named": (
        {"query": "query A { __typename }", "operationName": "B"},
        [error('Unknown operation named "B".', "OPERATION_RESOLUTION_FAILURE")],
    ),
    "nothing but a fragment": (
        {"query": "fragment F on Query { __typename }"},
        [error("There is no operation.", "OPERATION_RESOLUTION_FAILURE")],
    ),
    "variable of another type": (
        {"query": "query ($n: Int) { tasks(limit: $n) { id } }", "variables": {"n": "5"}},
        [
            error(
                "Variable '$n' has invalid value: Int cannot represent non-integer value: '5'",
                "BAD_USER_INPUT",
                (1, 8),
            )
        ],
    ),
    "variable left out": (
        {"query": "query ($id: ID!) { task(id: $id) { id } }", "variables": {}},
        [
            error(
                "Variable '$id' has invalid value: "
                "Expected a value of non-null type 'ID!' to be provided.",
                "BAD_USER_INPUT",
                (1, 8),
            )
        ],
    ),
    "values in messages are spelt as JSON": (
        {
            "query": "mutation ($id: ID!, $in: UpdateTaskInput!) "
            "{ updateTask(id: $id, input: $in) { problems { code } } }",
            "variables": {
                "id": None,
                "in": {"completed": "None", "title": {"None": [None, True]}, "nope": False},
            },
        },
        [
            error(
                "Variable '$id' has invalid value: "
                "Expected value of non-null type 'ID!' not to be null.",
                "BAD_USER_INPUT",
                (1, 11),
            ),
            error(
                "Variable '$in' has invalid value at .title: String cannot represent "
                "a non string value: {'None': [null, true]}",
                "BAD_USER_INPUT",
                (1, 21),
            ),
            error(
                "Variable '$in' has invalid value at .completed: "
                "Boolean cannot represent a non boolean value: 'None'",
                "BAD_USER_INPUT",
                (1, 21),
            ),
            error(
                "Variable '$in' has invalid value: Expected value of type 'UpdateTaskInput' "
                "not to include unknown field 'nope', found: "
                "{'completed': 'None', 'title': {'None': [...]}, 'nope': false}.",
                "BAD_USER_INPUT",
                (1, 21),
            ),
        ],
    ),
}


@MEDIA_TYPES
@pytest.mark.parametrize("name", REQUEST_ERRORS)
async def test_request_error(door: Client, media_type: str, name: str) -> None:
    """A request that is not run has no `data`; it is 400, and 200 under the older media type."""
    body, errors = REQUEST_ERRORS[name]
    response = await post(door, media_type, **body)
    check(response, 400 if media_type == NEW else 200, media_type, {"errors": errors})


@MEDIA_TYPES
@pytest.mark.parametrize("name", REQUEST_ERRORS)
async def test_request_error_by_get(door: Client, media_type: str, name: str) -> None:
    """The same request by GET is refused the same way, except that a mutation is refused first."""
    body, errors = REQUEST_ERRORS[name]
    parameters = {
        key: value if isinstance(value, str) else json.dumps(value) for key, value in body.items()
    }
    response = await door.http.get("/graphql", params=parameters, headers={"accept": media_type})
    if "mutation" in body["query"]:
        errors = [error("Mutations are taken by POST only.", "METHOD_NOT_ALLOWED")]
        check(response, 405, media_type, {"errors": errors})
    else:
        check(response, 400 if media_type == NEW else 200, media_type, {"errors": errors})


@MEDIA_TYPES
async def test_field_error(door: Client, media_type: str) -> None:
    """An error of a field has its path, and `data` is null because the field cannot be."""
    response = await post(door, media_type, query="{ few: tasks(limit: -1) { id } }")
    errors = [error("limit -1 is not between 0 and 10000", "BAD_USER_INPUT", (1, 3), path=["few"])]
    check(response, 200, media_type, {"data": None, "errors": errors})


@MEDIA_TYPES
async def test_bug_is_masked(
    client: Client, address: Address, media_type: str, caplog: pytest.LogCaptureFixture
) -> None:
    """A bug is answered without its cause, which is one log record under the request's id."""
    address.execute("ALTER TABLE tasks RENAME TO elsewhere")
    try:
        response = await client.http.post(
            "/graphql",
            json={"query": "{ tasks { id } task(id: 1) { id } }"},
            headers={"accept": media_type, "x-request-id": "req-7"},
        )
    finally:
        address.execute("ALTER TABLE elsewhere RENAME TO tasks")
    message = "Internal server error; the log has its cause under request req-7."
    [answered] = response.json()["errors"]
    assert answered["path"] in (["tasks"], ["task"])
    assert (answered["message"], answered["extensions"]) == (
        message,
        {"code": "INTERNAL_SERVER_ERROR"},
    )
    assert (response.status_code, response.json()["data"]) == (200, None)
    records = [record for record in caplog.records if record.name.startswith("gql_tasks")]
    assert [(record.levelname, record.getMessage()) for record in records] == [
        ("ERROR", f"request req-7 failed at {answered['path']}")
    ]
    assert "tasks" in str(records[0].exc_info and records[0].exc_info[1])


async def test_database_is_busy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A write that another program keeps waiting too long is SERVICE_UNAVAILABLE, and not done."""
    patience = sqlite.SqliteDatabase.__init__.__kwdefaults__
    monkeypatch.setitem(patience, "busy_timeout_seconds", 0.01)
    path = tmp_path / "tasks.db"
    async with running_app(str(path)) as client:
        with closing(sqlite3.connect(path, isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")
            response = await post(client, NEW, query=CREATE)
            other.execute("ROLLBACK")
            assert other.execute("SELECT count(*) FROM tasks").fetchall() == [(0,)]
    message = "another program is writing to the database; try again"
    failed = error(message, "SERVICE_UNAVAILABLE", (1, 12), path=["createTask"])
    failed["extensions"]["retryable"] = True
    check(response, 200, NEW, {"data": None, "errors": [failed]})


BAD_REQUESTS: dict[str, tuple[bytes, str]] = {
    "subscription": (
        b'{"query": "subscription { tasks { id } }"}',
        (
            "A subscription has many answers: subscribe over WebSocket (graphql-transport-ws), "
            "or accept text/event-stream and no JSON."
        ),
    ),
    "empty": (b"", "The request body is not JSON: Input is a zero-length, empty document."),
    "cut off": (b'{"query": "{', "The request body is not JSON: unexpected end of data."),
    "null": (b"null", "The request body must be a JSON object."),
    "text": (b'"{ __typename }"', "The request body must be a JSON object."),
    "number": (b"1", "The request body must be a JSON object."),
    "batch": (
        b'[{"query": "{ __typename }"}]',
        "Batches are not taken; send one operation a request.",
    ),
    "no query": (b"{}", "The request has no query."),
    "query is null": (b'{"query": null}', "The request has no query."),
    "query is empty": (b'{"query": ""}', "The request has no query."),
    "query is a number": (b'{"query": 1}', "query must be a string or null."),
    "variables are a list": (
        b'{"query": "{ __typename }", "variables": []}',
        "variables must be an object or null.",
    ),
    "variables are a text": (
        b'{"query": "{ __typename }", "variables": "{}"}',
        "variables must be an object or null.",
    ),
    "operationName is a number": (
        b'{"query": "{ __typename }", "operationName": 1}',
        "operationName must be a string or null.",
    ),
    "extensions are a list": (
        b'{"query": "{ __typename }", "extensions": []}',
        "extensions must be an object or null.",
    ),
}


@MEDIA_TYPES
@pytest.mark.parametrize("name", BAD_REQUESTS)
async def test_bad_request(door: Client, media_type: str, name: str) -> None:
    """A body that is no GraphQL request is 400 under either media type."""
    body, message = BAD_REQUESTS[name]
    headers = {"accept": media_type, "content-type": "application/json"}
    response = await door.http.post("/graphql", content=body, headers=headers)
    check(response, 400, media_type, {"errors": [error(message, "BAD_REQUEST")]})


@pytest.mark.parametrize(
    ("content_type", "message"),
    [
        (None, "Send the request as application/json."),
        ("", "Send the request as application/json."),
        ("text/plain", "Send the request as application/json."),
        ("application/graphql", "Send the request as application/json."),
        ("application/x-www-form-urlencoded", "Send the request as application/json."),
        ("multipart/form-data; boundary=x", "Send the request as application/json."),
        ("application/jsonp", "Send the request as application/json."),
        ("text/plain; application/json", "Send the request as application/json."),
        ("application/json; charset=utf-16", "Send the request in UTF-8."),
        ("application/json; charset=latin1", "Send the request in UTF-8."),
    ],
)
async def test_content_type_is_refused(
    client: Client, address: Address, content_type: str | None, message: str
) -> None:
    """A page on another site can post forms and text; neither is read, and nothing is written."""
    headers = {} if content_type is None else {"content-type": content_type}
    body = json.dumps({"query": CREATE}).encode()
    response = await client.http.post("/graphql", content=body, headers=headers)
    check(response, 415, OLD, {"errors": [error(message, "BAD_REQUEST")]})
    assert address.fetch("SELECT count(*) FROM tasks") == [(0,)]


@pytest.mark.parametrize(
    "content_type",
    [
        "application/json",
        "Application/JSON",
        "application/json;charset=utf-8",
        'application/json; charset="UTF-8"',
        "application/json; profile=x; charset=utf-8",
    ],
)
async def test_content_type_is_taken(door: Client, content_type: str) -> None:
    """JSON is known by any spelling of its name, with or without the one charset it has."""
    response = await door.http.post(
        "/graphql", content=b'{"query": "{ __typename }"}', headers={"content-type": content_type}
    )
    check(response, 200, OLD, {"data": {"__typename": "Query"}})


@pytest.mark.parametrize(
    ("accept", "media_type"),
    [
        ([], OLD),
        (["*/*"], OLD),
        (["application/*"], OLD),
        (["text/plain"], OLD),
        ([NEW], NEW),
        ([f"{NEW}, {OLD};q=0.9"], NEW),  # Apollo Client
        ([f"{NEW}, application/graphql+json, {OLD}, text/event-stream, multipart/mixed"], NEW),
        ([f"{OLD}, text/plain, */*"], OLD),  # axios
        ([f"{OLD}, {NEW};q=0.9"], OLD),
        ([f"{OLD};q=0.5", f"{NEW};q=0.8"], NEW),
        ([f"{OLD};q=0, */*"], NEW),
        (["text/html"], OLD),
    ],
)
async def test_accept(door: Client, accept: list[str], media_type: str) -> None:
    """The media type is the one the client likes best, the older one where it does not say."""
    headers = [("accept", value) for value in accept]
    request = door.http.build_request("POST", "/graphql", json={"query": "{"}, headers=headers)
    if not accept:
        del request.headers["accept"]  # the HTTP client's own
    response = await door.http.send(request)
    assert response.headers["content-type"] == f"{media_type}; charset=utf-8"
    assert response.status_code == (400 if media_type == NEW else 200)


SEVERAL = "query A { a: __typename } query B { b: __typename } mutation C { __typename }"


@pytest.mark.parametrize(("name", "data"), [("A", {"a": "Query"}), ("B", {"b": "Query"})])
async def test_operation_is_chosen_by_name(door: Client, name: str, data: Any) -> None:
    """Of several operations the one that is named runs, whatever ran before of that document."""
    for _ in range(2):
        response = await post(door, NEW, query=SEVERAL, operationName=name)
        check(response, 200, NEW, {"data": data})
        unnamed = await post(door, NEW, query=SEVERAL)
        assert (unnamed.status_code, "data" in unnamed.json()) == (400, False)


@pytest.mark.parametrize("name", ["", None])
async def test_empty_operation_name(door: Client, name: str | None) -> None:
    """An operationName that is empty or null names none; a document of one operation runs."""
    response = await post(door, NEW, query="query A { __typename }", operationName=name)
    check(response, 200, NEW, {"data": {"__typename": "Query"}})


async def test_members_nobody_knows(door: Client) -> None:
    """Extensions, and members that the specification does not know, change nothing."""
    response = await post(
        door, NEW, query="{ __typename }", extensions={"trace": True}, id="1", operationname="X"
    )
    check(response, 200, NEW, {"data": {"__typename": "Query"}})


@MEDIA_TYPES
async def test_get(door: Client, media_type: str) -> None:
    """A query by GET takes its variables and its operation's name from the address."""
    parameters = {
        "query": "query A { __typename } query B($limit: Int) { tasks(limit: $limit) { id } }",
        "variables": '{"limit": 1}',
        "operationName": "B",
        "extensions": "{}",
    }
    response = await door.http.get("/graphql", params=parameters, headers={"accept": media_type})
    check(response, 200, media_type, {"data": {"tasks": []}})


@pytest.mark.parametrize("name", ["variables", "operationName", "extensions"])
async def test_get_with_an_empty_parameter(door: Client, name: str) -> None:
    """A parameter that is empty counts as left out."""
    response = await door.http.get("/graphql", params={"query": "{ __typename }", name: ""})
    check(response, 200, OLD, {"data": {"__typename": "Query"}})


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({}, "The request has no query."),
        ({"query": ""}, "The request has no query."),
        (
            {"query": "{ __typename }", "variables": "{"},
            "The parameter variables is not JSON: unexpected end of data.",
        ),
        ({"query": "{ __typename }", "variables": "1"}, "variables must be an object or null."),
        ({"query": "{ __typename }", "extensions": "[]"}, "extensions must be an object or null."),
    ],
)
async def test_bad_get(door: Client, parameters: dict[str, str], message: str) -> None:
    """A GET that is no GraphQL request is 400."""
    response = await door.http.get("/graphql", params=parameters)
    check(response, 400, OLD, {"errors": [error(message, "BAD_REQUEST")]})


@MEDIA_TYPES
@pytest.mark.parametrize(
    "parameters",
    [
        {"query": CREATE},
        {"query": f"mutation B {CREATE[9:]}", "operationName": "B"},
        {"query": f"query A {{ __typename }} mutation B {CREATE[9:]}", "operationName": "B"},
    ],
)
async def test_mutation_by_get(
    client: Client, address: Address, media_type: str, parameters: dict[str, str]
) -> None:
    """A mutation by GET is 405, says that POST is the way, and writes nothing."""
    response = await client.http.get("/graphql", params=parameters, headers={"accept": media_type})
    errors = [error("Mutations are taken by POST only.", "METHOD_NOT_ALLOWED")]
    check(response, 405, media_type, {"errors": errors})
    assert response.headers["allow"] == "POST"
    assert address.fetch("SELECT count(*) FROM tasks") == [(0,)]


@pytest.mark.parametrize("method", ["OPTIONS", "PUT", "PATCH", "DELETE", "TRACE", "QUERY"])
async def test_other_methods(client: Client, address: Address, method: str) -> None:
    """Every method but GET and POST is 405 in GraphQL's shape, and writes nothing."""
    response = await client.http.request(method, "/graphql", json={"query": CREATE})
    message = "GraphQL only supports GET and POST requests."
    check(response, 405, OLD, {"errors": [error(message, "METHOD_NOT_ALLOWED")]})
    assert response.headers["allow"] == "GET, POST"
    assert address.fetch("SELECT count(*) FROM tasks") == [(0,)]


@pytest.mark.parametrize("parameters", [{}, {"query": "{ __typename }"}, {"query": CREATE}])
async def test_head(client: Client, address: Address, parameters: dict[str, str]) -> None:
    """HEAD is one of the other methods, and its answer has no body."""
    response = await client.http.head("/graphql", params=parameters)
    assert (response.status_code, response.headers["allow"]) == (405, "GET, POST")
    assert response.content == b""
    assert address.fetch("SELECT count(*) FROM tasks") == [(0,)]
