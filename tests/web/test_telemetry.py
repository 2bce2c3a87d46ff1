"""Traces go where OTEL_* variables say: what an operation is, and nothing of what it was given."""

import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from queue import Queue
from typing import Any

import httpx2
import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from tests.conftest import Server, serve

MARKER = "Zanzibar"
TRACE = "0af7651916cd43dd8448eb211c80319c"
ADD = "mutation Add($title: String!) { createTask(input: {title: $title}) { task { id } } }"

GET = "query Get($id: ID!) { task(id: $id) { id } }"


class Collector:
    """A server that takes what exporters send."""

    def __init__(self) -> None:
        self.received: Queue[bytes] = Queue()
        collector = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                assert self.path == "/v1/traces"
                collector.received.put(self.rfile.read(int(self.headers["content-length"])))
                self.send_response(200)
                self.send_header("content-length", "0")
                self.end_headers()

            def log_message(self, *_: Any) -> None:
                """Say nothing."""

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server.server_address[1]}"

    def spans(self, count: int) -> list[Any]:
        """Wait for so many spans of what this test asked for."""
        found: list[Any] = []
        while len(found) < count:
            body = self.received.get(timeout=20)
            assert MARKER.encode() not in body
            for resource in ExportTraceServiceRequest.FromString(body).resource_spans:
                for scope in resource.scope_spans:
                    found += [span for span in scope.spans if span.trace_id.hex() == TRACE]
        return found


@pytest.fixture
def collector() -> Iterator[Collector]:
    collector = Collector()
    yield collector
    collector.server.shutdown()
    collector.server.server_close()


def post(server: Server, query: str, **variables: Any) -> None:
    headers = {"traceparent": f"00-{TRACE}-b7ad6b7169203331-01"}
    body = {"query": query, "variables": variables}
    httpx2.post(f"{server.url}/graphql", json=body, headers=headers).raise_for_status()


def attributes(span: Any) -> dict[str, str]:
    return {item.key: item.value.string_value for item in span.attributes}


def test_operations_are_traced(
    tmp_path: Path, collector: Collector, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each operation is a span in that of its request, the ones that are known included."""
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", collector.url)
    monkeypatch.setenv("OTEL_BSP_SCHEDULE_DELAY", "100")
    with serve("--database", str(tmp_path / "tasks.db")) as server:
        for _ in range(3):  # the first is new, the others are known
            post(server, ADD, title=MARKER)
            post(server, GET, id="1", ignored=MARKER)
        post(server, f"{{ {MARKER} }}")
        url = f"{server.url}/graphql?query={{ __typename }}&variables={{}}&extra={MARKER}"
        httpx2.get(url, headers={"traceparent": f"00-{TRACE}-b7ad6b7169203331-01"})
        spans = collector.spans(16)
        metrics = httpx2.get(f"{server.url}/metrics").text
    requests = {span.span_id: span for span in spans if span.name.endswith(" /graphql")}
    operations = [span for span in spans if span.span_id not in requests]
    assert len(requests) == len(operations) == 8
    assert {span.parent_span_id for span in operations} == set(requests)
    told = sorted(span.name for span in operations)
    assert told == ["GraphQL Operation", *3 * ["mutation Add"], "query", *3 * ["query Get"]]
    for span in operations:
        if span.name == "mutation Add":
            assert attributes(span) == {
                "graphql.operation.name": "Add",
                "graphql.operation.type": "mutation",
                "gql_tasks.outcome": "ok",
            }
    (asked,) = [span for span in requests.values() if "url.query" in attributes(span)]
    assert attributes(asked)["url.query"] == "REDACTED"
    assert 'gql_tasks_operation_seconds_count{operation="Add",outcome="ok",type="mutation"} 3' in (
        metrics
    )


def test_off_by_default(tmp_path: Path) -> None:
    """Without the variables nothing is traced, and the SDK is not even imported."""
    program = (
        "import asyncio, sys\n"
        "from gql_tasks.app import create_app\n"
        "from gql_tasks.config import Settings\n"
        "app = create_app(Settings(database=sys.argv[1]))\n"
        "async def main():\n"
        "    async with app.router.lifespan_context(app):\n"
        "        assert not app.direct.observer.traced\n"
        "asyncio.run(main())\n"
        "print([name for name in sys.modules if name.startswith('opentelemetry.sdk')])\n"
    )
    result = subprocess.run(
        [sys.executable, "-c", program, str(tmp_path / "tasks.db")],
        capture_output=True,
        text=True,
        check=True,
        env={name: value for name, value in os.environ.items() if not name.startswith("OTEL_")},
    )
    assert result.stdout == "[]\n"
