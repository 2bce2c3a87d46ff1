"""What /metrics says is what was done: exactly, by every way in, and from all workers."""

import json
import math
import os
import re
import signal
import time
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import httpx2
import pytest
from prometheus_client.parser import text_string_to_metric_families
from websockets.sync.client import connect

from gql_tasks import __version__
from gql_tasks.graphql.socket_messages import SUBPROTOCOL
from gql_tasks.web import metrics
from tests.conftest import Client, Server, running_app, serve
from tests.sql import Address

README = (Path(__file__).parents[2] / "README.md").read_text()

CREATE = 'mutation Add { createTask(input: {title: "Tea"}) { task { id } } }'
WATCH = "subscription Watch { taskEvents { kind } }"

Samples = dict[tuple[str, ...], float]


def parsed(text: str) -> Samples:
    """Read Prometheus' text: values by name and labels, without the buckets."""
    return {
        (sample.name.removeprefix("gql_tasks_"), *(v for _, v in sorted(sample.labels.items()))): (
            sample.value
        )
        for family in text_string_to_metric_families(text)
        for sample in family.samples
        if not sample.name.endswith(("_bucket", "_created"))
    }


async def scrape(client: Client) -> Samples:
    response = await client.http.get("/metrics")
    assert response.status_code == 200, response.text
    assert response.headers["content-type"].startswith("text/plain; version=")
    return parsed(response.text)


def counted(samples: Samples, name: str) -> dict[tuple[str, ...], float]:
    return {
        key: value
        for (first, *key_), value in samples.items()
        if first == name
        for key in [tuple(key_)]
    }


async def test_operations_are_counted(client: Client) -> None:
    """Each operation counts once, under its name, its outcome and its type."""
    for _ in range(3):
        await client.data("query List { tasks { id } }")
    await client.data("{ __typename }")
    for _ in range(2):
        await client.data(CREATE)
    await client.graphql("query List { nope }")
    await client.graphql("query Twice { a: task(id: 1) { id } b: tasks(limit: -1) { id } }")
    await client.graphql("query List($a: Int!) { tasks(limit: $a) { id } }", {"a": "x"})
    await client.http.get("/graphql", params={"query": "query List { tasks { id } }"})
    await client.http.get("/graphql", params={"query": CREATE})
    await client.http.post("/graphql", content="[]", headers={"content-type": "application/json"})
    samples = await scrape(client)
    assert counted(samples, "operation_seconds_count") == {
        ("List", "ok", "query"): 4,
        ("(unnamed)", "ok", "query"): 1,
        ("Add", "ok", "mutation"): 2,
        ("Twice", "failed", "query"): 1,
        ("List", "refused", "query"): 1,
        ("(unknown)", "refused", "(unknown)"): 3,
    }
    assert counted(samples, "errors_total") == {
        ("GRAPHQL_VALIDATION_FAILED",): 1,
        ("BAD_USER_INPUT",): 2,
        ("METHOD_NOT_ALLOWED",): 1,
        ("BAD_REQUEST",): 1,
    }
    assert counted(samples, "info") == {(__version__,): 1}


async def test_costs_are_those_that_clients_are_told(client: Client) -> None:
    """The costs of operations add up to what `?cost` shows, on the short way and the long one."""
    query = "query Some($n: Int) { tasks(limit: $n) { id title } }"
    told = 0
    for limit in (5, 7, 5, 5):
        body = {"query": query, "variables": {"n": limit}}
        await client.http.post("/graphql", json=body)
        shown = await client.http.post("/graphql?cost", json=body)
        told += 2 * shown.json()["extensions"]["cost"]["cost"]
    samples = await scrape(client)
    assert samples["operation_cost_count", "Some", "query"] == 8
    assert samples["operation_cost_sum", "Some", "query"] == told


async def test_caches(client: Client) -> None:
    """A document is a miss once, a plan once for each variables."""
    query = "query One($id: ID!) { task(id: $id) { id } }"
    for task_id in ("1", "2", "3", "4"):
        await client.data(query, {"id": task_id})
    for limit in (1, 2, 2, 2):
        await client.data("query Some($n: Int) { tasks(limit: $n) { id } }", {"n": limit})
    samples = await scrape(client)
    assert counted(samples, "cache_total") == {
        ("documents", "hit"): 6,
        ("documents", "miss"): 2,
        ("plans", "hit"): 4,
        ("plans", "miss"): 2,
    }


async def test_store_and_log(client: Client, address: Address) -> None:
    """Writes are counted as transactions, and the log's length is what the table holds."""
    for _ in range(3):
        await client.data(CREATE)
    await client.data("{ tasks { id } }")
    before = await scrape(client)
    assert before["store_seconds_count", "write"] == 3
    assert before["writes_waiting",] == 0
    reads = before["store_seconds_count", "read"]
    await client.data("{ tasks { id } }")
    after = await scrape(client)
    assert after["store_seconds_count", "read"] == reads + 2  # the scrape reads the log itself
    ((changes,),) = address.fetch("SELECT count(*) FROM changes")
    assert after["log_changes",] == changes == 3
    assert after["log_lag_changes",] == 0


async def test_rest_and_pages(client: Client) -> None:
    """Requests to all but GraphQL count by route; what is not found is one route."""
    await client.http.post("/tasks/", json={"title": "Tea"})
    for path in ("/tasks/", "/tasks/1", "/tasks/2", "/tasks/t", "/livez", "/a", "/b", "/static/x"):
        await client.http.get(path)
    await client.http.request("BREW", "/c")
    samples = await scrape(client)
    assert counted(samples, "http_seconds_count") == {
        ("POST", "/tasks/", "200"): 1,
        ("GET", "/tasks/", "200"): 1,
        ("GET", "/tasks/{task_id}", "200"): 1,
        ("GET", "/tasks/{task_id}", "404"): 1,
        ("GET", "/tasks/{task_id}", "422"): 1,
        ("GET", "/livez", "200"): 1,
        ("GET", "(none)", "404"): 2,
        ("GET", "/static/{name}", "404"): 1,
        ("(other)", "(none)", "404"): 1,
    }


async def test_names_are_bounded(tmp_path: Path) -> None:
    """Past a number of names, operations are counted together."""
    async with running_app(str(tmp_path / "tasks.db")) as client:
        for number in range(metrics.MAX_OPERATIONS + 50):
            await client.data(f"query Q{number} {{ __typename }}")
            await client.graphql(f"query R{number} {{ invalid }}")
        found = counted(await scrape(client), "operation_seconds_count")
    assert len(found) == metrics.MAX_OPERATIONS + 1
    assert found["(unknown)", "refused", "(unknown)"] == metrics.MAX_OPERATIONS + 50
    assert found["(other)", "ok", "query"] == 51
    assert sum(found.values()) == 2 * (metrics.MAX_OPERATIONS + 50)


async def test_switched_off(tmp_path: Path) -> None:
    """Without the setting nothing is shown."""
    async with running_app(str(tmp_path / "tasks.db"), metrics=False) as client:
        assert (await client.http.get("/metrics")).status_code == 404


async def test_a_store_that_is_away(tmp_path: Path) -> None:
    """What cannot be read is not a number, and all else is told."""
    path = tmp_path / "tasks.db"
    async with running_app(str(path)) as client:
        Address(path).execute("DROP TABLE change_log")
        samples = await scrape(client)
    assert math.isnan(samples["log_changes",])
    assert math.isnan(samples["log_lag_changes",])
    assert samples["sockets",] == 0


async def test_open_metrics(client: Client) -> None:
    """A scraper that asks for OpenMetrics gets it."""
    accept = {"accept": "application/openmetrics-text; version=1.0.0"}
    response = await client.http.get("/metrics", headers=accept)
    assert response.headers["content-type"].startswith("application/openmetrics-text")
    assert response.text.endswith("# EOF\n")


def scraped(server: Server) -> Samples:
    return parsed(httpx2.get(f"{server.url}/metrics").text)


def until(server: Server, holds: Callable[[Samples], bool]) -> Samples:
    """Scrape until a condition holds: what has happened is told a moment later."""
    deadline = time.monotonic() + 20
    while not holds(samples := scraped(server)):
        assert time.monotonic() < deadline, samples
        time.sleep(0.05)
    return samples


def test_subscriptions(served: Server) -> None:
    """Sockets, subscribers and events are counted, over WebSocket and over an event stream."""
    url = f"{served.url.replace('http', 'ws')}/graphql"
    events = {"accept": "text/event-stream"}
    with (
        connect(url, subprotocols=[SUBPROTOCOL], proxy=None) as socket,
        httpx2.stream(
            "POST", f"{served.url}/graphql", json={"query": WATCH}, headers=events
        ) as sse,
    ):
        lines = sse.iter_lines()
        for message in (
            {"type": "connection_init"},
            {"id": "1", "type": "subscribe", "payload": {"query": WATCH}},
            {"id": "2", "type": "subscribe", "payload": {"query": "{ __typename }"}},
            {"id": "3", "type": "subscribe", "payload": {"query": "subscription { nope }"}},
        ):
            socket.send(json.dumps(message))
        until(served, lambda samples: samples["subscribers",] == 2 and samples["sockets",] == 1)
        httpx2.post(f"{served.url}/tasks/", json={"title": "Tea"}).raise_for_status()
        samples = until(served, lambda samples: samples["events_total",] == 2)
        assert samples["log_lag_changes",] == 0
        assert samples["operation_seconds_count", "(unnamed)", "ok", "query"] >= 1
        assert samples["errors_total", "GRAPHQL_VALIDATION_FAILED"] == 1
        assert any("CREATED" in line for line in lines if line.startswith("data:"))
    ended = ("operation_seconds_count", "Watch", "ok", "subscription")
    samples = until(served, lambda samples: samples.get(ended) == 2)
    assert (samples["subscribers",], samples["sockets",]) == (0, 0)


def test_workers_are_counted_together(tmp_path: Path) -> None:
    """Any worker tells of all; one that died has done what it did, and is no process any more."""
    before = {path.name for path in Path(os.environ.get("TMPDIR", "/tmp")).glob("gql_tasks-*")}
    with serve("--database", str(tmp_path / "tasks.db"), "--workers", "2") as server:
        first = scraped(server).get(("operation_seconds_count", "(unnamed)", "ok", "query"), 0)

        def ask(count: int) -> None:
            for _ in range(count):  # each on a connection of its own: any worker takes it
                body = {"query": "query Many { __typename }"}
                httpx2.post(f"{server.url}/graphql", json=body).raise_for_status()

        def many(samples: Samples) -> float:
            return samples.get(("operation_seconds_count", "Many", "ok", "query"), 0)

        def workers(samples: Samples) -> set[str]:
            return {key[1] for key in samples if key[0] == "process_resident_memory_bytes"}

        assert first >= 0
        ask(40)
        samples = until(server, lambda samples: many(samples) == 40 and len(workers(samples)) == 2)
        killed = min(workers(samples))
        os.kill(int(killed), signal.SIGKILL)
        samples = until(
            server, lambda samples: len(workers(samples)) == 2 and killed not in workers(samples)
        )
        assert many(samples) == 40
        ask(5)
        until(server, lambda samples: many(samples) == 45)
    after = {path.name for path in Path(os.environ.get("TMPDIR", "/tmp")).glob("gql_tasks-*")}
    assert after <= before


@pytest.fixture
async def busy(tmp_path: Path) -> AsyncIterator[Client]:
    async with running_app(str(tmp_path / "tasks.db")) as client:
        await client.data("{ tasks { id } }")
        await client.graphql("{ nope }")
        await client.http.get("/livez")
        yield client


async def test_readme_lists_every_metric(busy: Client) -> None:
    """The table of metrics has each metric and its labels, and no other."""
    text = (await busy.http.get("/metrics")).text
    shown: dict[str, Any] = {}
    for family in text_string_to_metric_families(text):
        name = f"{family.name}_total" if family.type == "counter" else family.name
        labels = {label for sample in family.samples for label in sample.labels} - {"le"}
        if family.name.startswith("gql_tasks_"):
            shown[name] = sorted(labels)
    rows = re.findall(r"^\| `(gql_tasks_\w+)`(?: by ((?:`\w+`(?:, )?)+))? \|", README, re.MULTILINE)
    assert {name: sorted(re.findall(r"\w+", labels)) for name, labels in rows} == shown
