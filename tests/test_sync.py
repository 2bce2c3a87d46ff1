"""Delta sync: an offline client that applies the change log has exactly the server's rows."""

import asyncio
from datetime import timedelta
from random import Random
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gql_tasks.app import utc_now
from gql_tasks.services.pruning import prune
from gql_tasks.store.address import open_database
from tests.conftest import Client, running_app
from tests.sql import Address
from tests.writers import EMPTY, SETUP, Writers

PAGE = """query ($after: String) {
  tasksConnection(first: 3, after: $after) {
    nodes {
      id title description completed completedAt priority dueOn dueAt startOn position
      version createdAt updatedAt project { id } parent { id } labels { id }
    }
    pageInfo { hasNextPage endCursor } syncToken
  }
}"""
REST = """{
  projects(includeArchived: true) { id name color position archivedAt version createdAt updatedAt }
  labels { id name color version }
}"""
CHANGES = """query ($since: SyncToken!, $limit: Int!) {
  changes(since: $since, limit: $limit) {
    changes { entity id operation after } nextToken hasMore resyncRequired
  }
}"""

Rows = dict[tuple[str, str], dict[str, Any]]


async def everything(client: Client, between: Any = None) -> tuple[Rows, str]:
    """Read all rows, page by page, and the token of the first page."""
    rows: Rows = {}
    token, after = "", None
    while True:
        page = (await client.data(PAGE, {"after": after}))["tasksConnection"]
        token = token or page["syncToken"]
        for node in page["nodes"]:
            row = {name: value for name, value in node.items() if name not in REFERENCES}
            row["projectId"] = (node["project"] or {}).get("id")
            row["parentId"] = (node["parent"] or {}).get("id")
            row["labelIds"] = sorted((label["id"] for label in node["labels"]), key=int)
            rows["TASK", row["id"]] = row
        if between:
            await between()
        if not page["pageInfo"]["hasNextPage"]:
            break
        after = page["pageInfo"]["endCursor"]
    rest = await client.data(REST)
    rows |= {("PROJECT", row["id"]): row for row in rest["projects"]}
    rows |= {("LABEL", row["id"]): row for row in rest["labels"]}
    return rows, token


REFERENCES = {"project", "parent", "labels"}


async def _play(address: Address, random: Random) -> None:
    address.execute(*EMPTY)
    address.execute(*SETUP)
    database = open_database(str(address))
    async with running_app(str(address)) as client:
        writers = Writers(random, client, address)
        for _ in range(8):
            await writers.write()
        # Others write while the client reads its pages.
        rows, token = await everything(client, writers.write)
        for _ in range(4):
            for _ in range(random.randint(0, 6)):
                await writers.write()
            if random.random() < 0.2:
                await prune(database, days=1, rows=random.randint(0, 5), now=utc_now())
            if random.random() < 0.1:
                await prune(database, days=1, rows=9, now=utc_now() + timedelta(days=2))
            while True:
                limit = random.choice((1, 2, 5, 500))
                page = (await client.data(CHANGES, {"since": token, "limit": limit}))["changes"]
                if page["resyncRequired"]:
                    assert page["changes"] == []
                    rows, token = await everything(client, writers.write)
                    continue
                assert len(page["changes"]) <= limit
                for change in page["changes"]:
                    key = (change["entity"], change["id"])
                    if change["operation"] == "DELETE":
                        rows.pop(key, None)
                    else:
                        rows[key] = change["after"]
                assert page["nextToken"] >= token
                token = page["nextToken"]
                if not page["hasMore"]:
                    break
                if random.random() < 0.2:  # something is written between two pages
                    await writers.write()
        fresh, _ = await everything(client)
        for key, row in rows.items():
            if key[0] == "LABEL":
                rows[key] = {name: row[name] for name in ("id", "name", "color", "version")}
        assert rows == fresh, writers.written
    await database.close()


@settings(max_examples=12, deadline=None, database=None, suppress_health_check=list(HealthCheck))
@given(seed=st.integers(0, 2**32))
def test_offline_client(address: Address, seed: int) -> None:
    """Whatever is written and pruned meanwhile, applying `changes` gives the server's rows."""
    asyncio.run(_play(address, Random(seed)))
