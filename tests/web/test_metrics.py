"""What /metrics says is what was done: exactly, by every way in, and from all workers."""

import json
import math
import os
import re
import signal
import socket
import time
from collections.abc import AsyncIterator, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from typing import Any

import httpx2
import pytest
from prometheus_client.parser import text_string_to_metric_families
from websockets.exceptions import InvalidStatus
from websockets.sync.client import connect
from websockets.typing import Origin

from gql_tasks import __version__
from gql_tasks.graphql.socket_messages import SUBPROTOCOL
from gql_tasks.store.sqlite_driver import sqlite3
from gql_tasks.web import metrics
from gql_tasks.web.wall import MAX_HEADERS
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


async def test_caches(client: Client, store: str) -> None:
    """A document is a miss once, a plan once for each variables; SQLite's answers are kept."""
    query = "query One($id: ID!) { task(id: $id) { id } }"
    for task_id in ("1", "2", "3", "4"):
        await client.data(query, {"id": task_id})
    for limit in (1, 2, 2, 2):
        await client.data("query Some($n: Int) { tasks(limit: $n) { id } }", {"n": limit})
    samples = await scrape(client)
    kept = 2 if store == "sqlite" else 0
    assert counted(samples, "cache_total") == {
        ("documents", "hit"): 6,
        ("documents", "miss"): 2,
        ("plans", "hit"): 4 - kept,
        ("plans", "miss"): 2,
        ("answers", "hit"): kept,
        ("answers", "miss"): kept,
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
        connect(url, subprotocols=[SUBPROTOCOL], proxy=None) as ws,
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
            ws.send(json.dumps(message))
        until(served, lambda samples: samples["subscribers",] == 2 and samples["sockets",] == 2)
        httpx2.post(f"{served.url}/tasks/", json={"title": "Tea"}).raise_for_status()
        samples = until(served, lambda samples: samples["events_total",] == 2)
        assert samples["log_lag_changes",] == 0
        assert samples["operation_seconds_count", "(unnamed)", "ok", "query"] >= 1
        assert samples["errors_total", "GRAPHQL_VALIDATION_FAILED"] == 1
        assert any("CREATED" in line for line in lines if line.startswith("data:"))
    ended = ("operation_seconds_count", "Watch", "ok", "subscription")
    samples = until(served, lambda samples: samples.get(ended) == 2)
    assert (samples["subscribers",], samples["sockets",]) == (0, 0)


async def test_what_is_refused_before_the_doors(tmp_path: Path) -> None:
    """The wall's refusals count: at /graphql as operations, elsewhere as requests."""
    other, many = {"host": "evil.example"}, {f"x-{number}": "" for number in range(MAX_HEADERS)}
    async with running_app(str(tmp_path / "tasks.db")) as client:
        for path in ("/graphql", "/tasks/", "/tasks/1", "/livez"):
            for headers in (other, many):
                await client.http.get(path, headers=headers)
        await client.http.post("/graphql", json={"query": "{ __typename }"}, headers=other)
        samples = await scrape(client)
    assert counted(samples, "http_seconds_count") == {
        ("GET", "(refused)", "421"): 3,
        ("GET", "(refused)", "431"): 3,
    }
    assert counted(samples, "errors_total") == {("HOST_NOT_ALLOWED",): 2, ("BAD_REQUEST",): 1}
    assert counted(samples, "operation_seconds_count") == {("(unknown)", "refused", "(unknown)"): 3}
    assert samples["requests",] == 0  # probes take no place


def test_handshakes_that_are_refused(served: Server) -> None:
    """A WebSocket of another page counts by its code at /graphql, by its status elsewhere."""
    url = served.url.replace("http", "ws")
    for path in ("/graphql", "/graphql", "/nowhere"):
        with pytest.raises(InvalidStatus):
            connect(f"{url}{path}", origin=Origin("https://evil.example"), proxy=None)
    samples = scraped(served)
    assert counted(samples, "errors_total") == {("ORIGIN_NOT_ALLOWED",): 2}
    assert counted(samples, "http_seconds_count") == {("GET", "(refused)", "403"): 1}


def test_too_much_at_once(tmp_path: Path) -> None:
    """Requests that there is no room for, and those whose body does not come, are counted."""
    few = ("--max-requests", "1", "--receive-seconds", "0.5")
    with serve("--database", str(tmp_path / "tasks.db"), *few) as server:
        port = int(server.url.rpartition(":")[2])
        for path in ("/graphql", "/tasks/"):
            with socket.create_connection(("127.0.0.1", port)) as half:
                head = f"POST {path} HTTP/1.1\r\nHost: localhost\r\nContent-Length: 9\r\n"
                half.sendall(f"{head}Content-Type: application/json\r\n\r\n{{".encode())
                assert b" 408 " in half.recv(1000)
        samples = scraped(server)
        with closing(sqlite3.connect(tmp_path / "tasks.db", isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")
            with ThreadPoolExecutor() as threads:
                body = {"title": "Tea"}
                writing = threads.submit(httpx2.post, f"{server.url}/tasks/", json=body)
                until(server, lambda samples: samples["requests",] == 1)
                query = {"query": "{ __typename }"}
                assert httpx2.post(f"{server.url}/graphql", json=query).status_code == 503
                assert httpx2.get(f"{server.url}/tasks/").status_code == 503
                other.execute("ROLLBACK")
                assert writing.result().status_code == 200
        after = scraped(server)
    assert counted(samples, "errors_total") == {("REQUEST_TIMEOUT",): 1}
    assert samples["http_seconds_count", "POST", "/tasks/", "408"] == 1
    assert after["errors_total", "SERVICE_UNAVAILABLE"] == 1
    assert after["http_seconds_count", "GET", "(refused)", "503"] == 1


def test_operations_that_are_not_run(tmp_path: Path) -> None:
    """What a socket or a stream refuses to run counts as it does in an ordinary answer."""
    unknown = {"extensions": {"persistedQuery": {"version": 1, "sha256Hash": "0" * 64}}}
    few = ("--max-operations", "1")
    with serve("--database", str(tmp_path / "tasks.db"), *few) as server:
        url = f"{server.url.replace('http', 'ws')}/graphql"
        with connect(url, subprotocols=[SUBPROTOCOL], proxy=None) as ws:
            ws.send(json.dumps({"type": "connection_init"}))
            assert json.loads(ws.recv()) == {"type": "connection_ack"}
            ws.send(json.dumps({"type": "subscribe", "id": "1", "payload": unknown}))
            assert json.loads(ws.recv())["type"] == "error"
            for name in ("2", "3"):
                ws.send(json.dumps({"type": "subscribe", "id": name, "payload": {"query": WATCH}}))
            refused = json.loads(ws.recv())
        events = {"accept": "text/event-stream"}
        streamed = httpx2.post(f"{server.url}/graphql", json=unknown, headers=events)
        httpx2.post(f"{server.url}/graphql", json=unknown)
        ended = ("operation_seconds_count", "Watch", "ok", "subscription")
        samples = until(server, lambda samples: samples.get(ended) == 1)
    assert (refused["id"], refused["type"]) == ("3", "error")
    assert "PERSISTED_QUERY_NOT_FOUND" in streamed.text
    assert counted(samples, "errors_total") == {
        ("PERSISTED_QUERY_NOT_FOUND",): 3,
        ("TOO_MANY_OPERATIONS",): 1,
    }
    assert samples["operation_seconds_count", "(unknown)", "refused", "(unknown)"] == 4


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
