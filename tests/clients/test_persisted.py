"""Apollo's and urql's own ways to name a document by its hash, against the program."""

from pathlib import Path
from typing import Any

import pytest

from tests.clients.test_clients import Script, script
from tests.conftest import serve

TASKS = "query Tasks($limit: Int!) { tasks(limit: $limit) { __typename id title } }"
CREATE = """mutation Create($title: String!) {
  createTask(input: {title: $title}) { __typename task { __typename id } }
}"""


async def run(client: Script, query: str, **variables: Any) -> tuple[list[str], Any]:
    """Have a client run an operation; return what it sent, and the data that its user sees."""
    await client.tell("run", "run", query, **variables)
    requests = []
    while "sent" in (told := await client.heard()):
        parts = [part for part in ("text", "hash") if told[part]]
        requests.append(" ".join([told["sent"], *parts]))
    return requests, told["result"]["data"]


def created(number: int) -> Any:
    task = {"__typename": "Task", "id": str(number)}
    return {"createTask": {"__typename": "TaskPayload", "task": task}}


@pytest.mark.parametrize(
    ("name", "registering"), [("apollo", "POST text hash"), ("urql", "GET text hash")]
)
async def test_persisted_queries(name: str, registering: str, tmp_path: Path) -> None:
    """A client sends a hash, the text once when it is asked for, from then on the hash alone."""
    with serve("--database", str(tmp_path / "tasks.db")) as server:
        async with script(name, server.url, "persisted") as client:
            assert await run(client, TASKS, limit=1) == (["GET hash", registering], {"tasks": []})
            assert await run(client, TASKS, limit=2) == (["GET hash"], {"tasks": []})
            requests = ["POST hash", "POST text hash"]
            assert await run(client, CREATE, title="Tea") == (requests, created(1))
            assert await run(client, CREATE, title="Milk") == (["POST hash"], created(2))
        async with script(name, server.url, "persisted") as client:
            tasks = [{"__typename": "Task", "id": "1", "title": "Tea"}]
            assert await run(client, TASKS, limit=1) == (["GET hash"], {"tasks": tasks})
