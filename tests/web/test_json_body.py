"""How deep JSON may be, through every door, and that nothing that deep breaks them."""

import json
from typing import Any

import orjson
import pytest

from gql_tasks.web.json_body import MAX_DEPTH, TooDeep, read_json
from tests.conftest import Client

JSON = {"content-type": "application/json"}
FILTERED = "query ($filter: TaskFilter) { tasks(filter: $filter) { id } }"


def lists(depth: int) -> str:
    return "[" * depth + "]" * depth


def objects(depth: int) -> str:
    return '{"a":' * (depth - 1) + "{}" + "}" * (depth - 1)


@pytest.mark.parametrize("nested", [lists, objects])
def test_depth(nested: Any) -> None:
    """Lists and objects stand inside each other so deep, and no deeper."""
    assert read_json(nested(MAX_DEPTH)) == json.loads(nested(MAX_DEPTH))
    assert read_json(nested(MAX_DEPTH).encode()) == json.loads(nested(MAX_DEPTH))
    for text in (nested(MAX_DEPTH + 1), f'[1, {{"a": 1, "b": {nested(MAX_DEPTH - 1)}}}]'):
        with pytest.raises(TooDeep, match=f"nested deeper than {MAX_DEPTH} levels"):
            read_json(text)
        with pytest.raises(TooDeep):
            read_json(text.encode())


@pytest.mark.parametrize("text", ['"' + "[" * 500 + '"', json.dumps([[1]] * 500), "1", '"x"'])
def test_brackets_are_not_depth(text: str) -> None:
    """Brackets in text, and lists beside each other, are not."""
    assert read_json(text) == json.loads(text)


def test_deeper_than_the_parser() -> None:
    """What the parser itself finds too deep is no JSON to it."""
    with pytest.raises(orjson.JSONDecodeError):
        read_json(lists(5_000))


@pytest.mark.parametrize("depth", [MAX_DEPTH, 1_000])
async def test_too_deep_for_the_doors(client: Client, depth: int) -> None:
    """Both doors refuse what is too deep, in their own shapes."""
    query = {"query": "{ __typename }", "variables": {}}
    body = json.dumps(query).replace("{}", f'{{"v": {lists(depth)}}}')
    for _ in range(3):
        response = await client.http.post("/graphql", content=body, headers=JSON)
        message = f"The request body is nested deeper than {MAX_DEPTH} levels."
        assert response.status_code == 400
        assert response.json() == {
            "errors": [{"message": message, "extensions": {"code": "BAD_REQUEST"}}]
        }
        assert await client.data("{ __typename }") == {"__typename": "Query"}
    parameters = {"query": "{ __typename }", "variables": objects(MAX_DEPTH + 1)}
    response = await client.http.get("/graphql", params=parameters)
    message = f"The parameter variables is nested deeper than {MAX_DEPTH} levels."
    assert response.status_code == 400
    assert response.json() == {
        "errors": [{"message": message, "extensions": {"code": "BAD_REQUEST"}}]
    }
    for method, path in [("POST", "/tasks/"), ("PUT", "/tasks/1")]:
        body = f'{{"title": {lists(depth)}}}'
        response = await client.http.request(method, path, content=body, headers=JSON)
        assert response.status_code == 422
        [detail] = response.json()["detail"]
        assert detail["ctx"] == {"error": f"nested deeper than {MAX_DEPTH} levels"}


async def test_filters_as_deep_as_json(client: Client) -> None:
    """A filter as deep as JSON may be is answered, or refused in words, by both ways in."""
    for wrap in (
        lambda inner: {"not": inner},
        lambda inner: {"and": [inner]},
        lambda inner: {"parent": inner},
    ):
        nested: Any = {"title": {"eq": "x"}}
        while True:
            try:
                read_json(json.dumps({"variables": {"filter": wrap(nested)}}))
            except TooDeep:
                break
            nested = wrap(nested)
        for _ in range(3):
            body = await client.graphql(FILTERED, {"filter": nested})
            codes = {error["extensions"]["code"] for error in body.get("errors", [])}
            assert codes <= {"BAD_USER_INPUT"}
