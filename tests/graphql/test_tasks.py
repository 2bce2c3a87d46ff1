"""The root fields over both stores: what they answer, and what a refusal leaves behind."""

from tests.conftest import Client
from tests.sql import Address


async def test_create_then_read(client: Client) -> None:
    """A created task is answered as it was written, and read back the same."""
    created = await client.data(
        """mutation { createTask(input: {title: "Buy milk"}) {
            task { id title description completed completedAt version } problems { message } } }"""
    )
    task = {
        "id": "1",
        "title": "Buy milk",
        "description": "",
        "completed": False,
        "completedAt": None,
        "version": 1,
    }
    assert created == {"createTask": {"task": task, "problems": []}}
    read = await client.data(
        "{ task(id: 1) { id title description completed completedAt version } }"
    )
    assert read == {"task": task}


async def test_blank_title_writes_nothing(client: Client, address: Address) -> None:
    """A blank title is a problem with its path, and no row is written."""
    answer = await client.data(
        """mutation { createTask(input: {title: " \\t"}) {
            task { id } problems { __typename code message path } } }"""
    )
    assert answer["createTask"] == {
        "task": None,
        "problems": [
            {
                "__typename": "InvalidProblem",
                "code": "INVALID",
                "message": 'title " \t" is blank',
                "path": ["input", "title"],
            }
        ],
    }
    assert address.fetch("SELECT count(*) FROM tasks") == [(0,)]
