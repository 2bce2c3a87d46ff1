"""The five endpoints beyond the transcript: PUT, DELETE, odd rows, odd ids, odd bodies."""

from typing import Any

import pytest

from tests.conftest import Client, running_app
from tests.sql import Address

JSON = {"content-type": "application/json"}
TASK = {"title": "Buy milk", "description": "2 l", "completed": False}
NOT_FOUND = {"detail": "Task not found"}


async def _create(client: Client, **fields: Any) -> dict[str, Any]:
    response = await client.http.post("/tasks/", json=TASK | fields)
    assert response.status_code == 200
    return response.json()


async def test_put(client: Client) -> None:
    """PUT answers 200 with the task, changed in what was sent and in nothing else."""
    for sent in (
        {},
        {"title": "Buy bread"},
        {"description": ""},
        {"completed": True},
        {"title": "Buy bread", "completed": True},
        {"title": "Buy bread", "description": "rye", "completed": True},
        {"completed": True, "id": 99, "unknown": None},
    ):
        task = await _create(client)
        path = f"/tasks/{task['id']}"
        expected = task | {name: value for name, value in sent.items() if name in TASK}
        response = await client.http.put(path, json=sent)
        assert (response.status_code, response.json()) == (200, expected)
        assert (await client.http.get(path)).json() == expected


async def test_put_refused(client: Client, address: Address) -> None:
    """A PUT that breaks a rule is a 422 that says where, and nothing is written."""
    refusals: list[tuple[object, list[str]]] = [
        ({"title": None}, ["body", "title"]),
        ({"description": None}, ["body", "description"]),
        ({"completed": None}, ["body", "completed"]),
        ({"title": ""}, ["body", "title"]),
        ({"title": " \t\n\u3000"}, ["body", "title"]),
        ({"title": 7}, ["body", "title"]),
        ({"title": ["x"]}, ["body", "title"]),
        ({"title": "a NUL\0"}, ["body", "title"]),
        ({"description": "a NUL\0"}, ["body", "description"]),
        ({"completed": "maybe"}, ["body", "completed"]),
        ({"completed": 2}, ["body", "completed"]),
        (None, ["body"]),
        ([], ["body"]),
        (1, ["body"]),
    ]
    task = await _create(client)
    for sent, location in refusals:
        response = await client.http.put("/tasks/1", json=sent)
        assert response.status_code == 422
        assert [detail["loc"] for detail in response.json()["detail"]] == [location]
    assert (await client.http.get("/tasks/1")).json() == task
    assert address.fetch("SELECT version FROM tasks") == [(1,)]


async def test_post_blank_title_writes_nothing(client: Client, address: Address) -> None:
    """A POST with a blank title is refused in the shape of every 422."""
    response = await client.http.post("/tasks/", json={"title": "  "})
    assert response.status_code == 422
    assert response.json() == {
        "detail": [{"type": "value_error", "loc": ["body", "title"], "msg": 'title "  " is blank'}]
    }
    assert address.fetch("SELECT count(*) FROM tasks") == [(0,)]


async def test_delete(client: Client) -> None:
    """DELETE answers 204 without a body; the task is gone for every method."""
    await _create(client)
    deleted = await client.http.delete("/tasks/1")
    assert (deleted.status_code, deleted.content) == (204, b"")
    for method in ("GET", "PUT", "DELETE"):
        again = await client.http.request(method, "/tasks/1", json={})
        assert (again.status_code, again.json()) == (404, NOT_FOUND)
    assert (await client.http.get("/tasks/")).json() == []


ODD_IDS = {
    "2": 404,
    "0": 404,
    "-1": 404,
    str(2**63 - 1): 404,
    str(-(2**63)): 404,
    str(2**63): 404,
    "9" * 40: 404,
    "9" * 5000: 422,
    "1e0": 422,
    "%D9%A1": 422,  # an Arabic-Indic 1
    "%00": 422,
    "%FF": 422,
    "%ED%A0%80": 422,  # a surrogate
    "null": 422,
}


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE"])
async def test_odd_ids(client: Client, method: str) -> None:
    """An integer that no row has is a 404; what is no integer is a 422 that names task_id."""
    task = await _create(client)
    statuses = {}
    for path_id in ODD_IDS:
        response = await client.http.request(method, f"/tasks/{path_id}", json={"title": "new"})
        statuses[path_id] = response.status_code
        if response.status_code == 404:
            assert response.json() == NOT_FOUND
        else:
            (detail,) = response.json()["detail"]
            assert detail["loc"] == ["path", "task_id"]
    assert statuses == ODD_IDS
    assert (await client.http.get("/tasks/")).json() == [task]


async def test_every_id_a_row_can_have(client: Client, address: Address) -> None:
    """A row is read, changed and deleted by any id that 64 bits hold."""
    for row_id in (0, -5, 2**31, 2**53 + 1, 2**63 - 1):
        address.execute(f"INSERT INTO tasks (id, title) VALUES ({row_id}, 'odd')")
        task = {"title": "odd", "description": "", "completed": False, "id": row_id}
        path = f"/tasks/{row_id}"
        assert (await client.http.get(path)).json() == task
        changed = await client.http.put(path, json={"completed": True})
        assert changed.json() == task | {"completed": True}
        assert (await client.http.delete(path)).status_code == 204
    assert address.fetch("SELECT count(*) FROM tasks") == [(0,)]


async def test_nulls_are_served_as_empty(client: Client, address: Address) -> None:
    """NULLs that other programs left read as "" and false, and stay NULL when others change."""
    address.execute("INSERT INTO tasks (title, description, completed) VALUES (NULL, NULL, NULL)")
    empty = {"title": "", "description": "", "completed": False, "id": 1}
    assert (await client.http.get("/tasks/1")).json() == empty
    assert (await client.http.get("/tasks/")).json() == [empty]
    changed = await client.http.put("/tasks/1", json={"description": "known"})
    assert (changed.status_code, changed.json()) == (200, empty | {"description": "known"})
    assert address.fetch("SELECT title, description, completed FROM tasks") == [
        (None, "known", None)
    ]


ODD_BODIES: list[tuple[bytes, list[str | int]]] = [
    (b"", ["body"]),
    (b"null", ["body"]),
    (b"1", ["body"]),
    (b'"x"', ["body"]),
    (b"[]", ["body"]),
    (b"{", ["body", 1]),
    (b"\xff", ["body", 0]),
    (b'{"title": "x", "completed": NaN}', ["body", 28]),
    (b'{"title": "x", "description": Infinity}', ["body", 30]),
    (b'{"title": "x", "completed": 1e999}', ["body", 28]),
    (b'{"title": "x", "completed": ' + b"1" * 5000 + b"}", ["body", 28]),
    (b'{"title": "x", "completed": 1' + b"0" * 30 + b"}", ["body", "completed"]),
    (b'{"title": "\\ud800"}', ["body", 11]),
    (b'{"\\ud800": 1}', ["body", 2]),
    (b'{"title": ' + b"[" * 100_000, ["body", 1034]),
    ('{"title": "x"}'.encode("utf-16"), ["body", 0]),
]


@pytest.mark.parametrize("method", ["POST", "PUT"])
async def test_odd_bodies(client: Client, method: str) -> None:
    """A body that is not JSON, or not an object, is a 422 in the tutorial's shape, never a 500."""
    task = await _create(client)
    path = "/tasks/" if method == "POST" else "/tasks/1"
    for body, location in ODD_BODIES:
        response = await client.http.request(method, path, content=body, headers=JSON)
        assert response.status_code == 422, body[:40]
        (detail,) = response.json()["detail"]
        assert {"loc", "msg", "type"} <= detail.keys()
        assert detail["loc"] == location, body[:40]
    assert (await client.http.get("/tasks/")).json() == [task]


async def test_list_larger_than_the_row_cap(address: Address) -> None:
    """GET /tasks/ is whole, by id, however few rows GraphQL may answer."""
    address.execute(*(f"INSERT INTO tasks (title) VALUES ('task {n}')" for n in range(1, 26)))
    async with running_app(str(address), max_rows=10) as client:
        refused = await client.graphql("{ tasks { id } }")
        assert refused["errors"][0]["extensions"] == {"code": "BAD_USER_INPUT", "maxRows": 10}
        assert (await client.http.get("/tasks/")).json() == [
            {"title": f"task {n}", "description": "", "completed": False, "id": n}
            for n in range(1, 26)
        ]


async def test_bytes_that_are_not_text(client: Client) -> None:
    """A body of another type, and of no text at all, is refused as any other of that type is."""
    for method, path in [("POST", "/tasks/"), ("PUT", "/tasks/1")]:
        for content, shown in {b"x": "x", b"\xf1x": "\ufffdx"}.items():
            response = await client.http.request(
                method, path, content=content, headers={"content-type": "text/plain"}
            )
            assert response.status_code == 422
            [problem] = response.json()["detail"]
            assert (problem["loc"], problem["input"]) == (["body"], shown)


async def test_method_not_allowed(client: Client) -> None:
    """A method that no route takes is told those that the path has."""
    for path, allowed in {"/tasks/": "GET, POST", "/tasks/1": "DELETE, GET, PUT"}.items():
        response = await client.http.patch(path)
        assert response.status_code == 405
        assert response.json() == {"detail": "Method Not Allowed"}
        assert response.headers["allow"] == allowed


async def test_openapi(client: Client) -> None:
    """The OpenAPI document lists the five operations with what they take and answer."""
    document = (await client.http.get("/openapi.json")).json()
    operations = {
        (method.upper(), path): _operation(operation)
        for path, methods in document["paths"].items()
        for method, operation in methods.items()
    }
    assert operations == {
        ("POST", "/tasks/"): ("TaskCreate", {"200": "TaskResponse", "422": "HTTPValidationError"}),
        ("GET", "/tasks/"): (None, {"200": ["TaskResponse"]}),
        ("GET", "/tasks/{task_id}"): (
            None,
            {"200": "TaskResponse", "404": None, "422": "HTTPValidationError"},
        ),
        ("PUT", "/tasks/{task_id}"): (
            "TaskUpdate",
            {"200": "TaskResponse", "404": None, "422": "HTTPValidationError"},
        ),
        ("DELETE", "/tasks/{task_id}"): (
            None,
            {"204": None, "404": None, "422": "HTTPValidationError"},
        ),
    }
    schemas = document["components"]["schemas"]
    types = {"title": "string", "description": "string", "completed": "boolean"}
    assert _fields(schemas["TaskCreate"]) == (types, {"description": "", "completed": False})
    assert schemas["TaskCreate"]["required"] == ["title"]
    assert _fields(schemas["TaskResponse"])[0] == types | {"id": "integer"}
    # What no title may be is told; a title that stands in the store may be.
    assert {
        name: "pattern" in schema["properties"]["title"]
        for name, schema in schemas.items()
        if name.startswith("Task")
    } == {"TaskCreate": True, "TaskUpdate": True, "TaskResponse": False}
    # A default here would have generated clients clear what they mean to leave alone.
    assert _fields(schemas["TaskUpdate"]) == (types, {})
    assert "required" not in schemas["TaskUpdate"]


def _operation(operation: dict[str, Any]) -> tuple[Any, dict[str, Any]]:
    """Reduce an operation to the names of its schemas."""
    request = operation.get("requestBody")
    return (
        request and _schema(request["content"]),
        {
            status: _schema(response["content"]) if "content" in response else None
            for status, response in operation["responses"].items()
        },
    )


def _schema(content: dict[str, Any]) -> str | list[str]:
    schema = content["application/json"]["schema"]
    if schema.get("type") == "array":
        return [schema["items"]["$ref"].rpartition("/")[2]]
    return schema["$ref"].rpartition("/")[2]


def _fields(schema: dict[str, Any]) -> tuple[dict[str, str], dict[str, Any]]:
    """Tell a schema's fields and their types, and the defaults that it names."""
    properties = schema["properties"]
    return (
        {name: field["type"] for name, field in properties.items()},
        {name: field["default"] for name, field in properties.items() if "default" in field},
    )
