"""Log lines are for programs and for people, tell one thing each, and repeat nobody's values."""

import json
import logging
import os
import pty
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path
from typing import Any

import httpx2
import pytest
from websockets.sync.client import connect

from gql_tasks.app import create_app
from gql_tasks.config import Settings
from gql_tasks.graphql.socket_messages import SUBPROTOCOL
from gql_tasks.web.logs import JsonLines
from tests.conftest import Server, _await_answer, free_port
from tests.sql import Address

MARKER = "Zanzibar"
ADD = "mutation Add($title: String!) { createTask(input: {title: $title}) { task { id } } }"


class Logged(Server):
    """A server whose standard error is kept apart."""

    log: Path

    def lines(self) -> list[Any]:
        return [json.loads(line) for line in self.log.read_text().splitlines()]


@contextmanager
def logged(tmp_path: Path, *arguments: str, database: str | None = None) -> Iterator[Logged]:
    port, log = free_port(), tmp_path / "log"
    database = database or str(tmp_path / "tasks.db")
    command = [sys.executable, "-m", "gql_tasks", "serve", "--port", str(port)]
    with log.open("w") as stderr:
        process = subprocess.Popen(
            [*command, "--database", database, *arguments],
            stdout=subprocess.PIPE,
            stderr=stderr,
            text=True,
        )
    server = Logged(process, f"http://127.0.0.1:{port}")
    server.log = log
    try:
        _await_answer(server, 30)
        yield server
    finally:
        process.terminate()
        process.communicate(timeout=30)


def post(server: Server, query: str, request_id: str, **variables: Any) -> Any:
    body = {"query": query, "variables": variables}
    headers = {"x-request-id": request_id, "x-secret": MARKER}
    return httpx2.post(f"{server.url}/graphql", json=body, headers=headers).json()


@pytest.mark.parametrize("workers", ["1", "2"])
def test_every_request(tmp_path: Path, workers: str) -> None:
    """With --log-requests each request is one JSON object, and none holds what it was given."""
    literal = f'query Find {{ tasks(filter: {{title: {{eq: "{MARKER}"}}}}) {{ id }} }}'
    with logged(tmp_path, "--log-requests", "--workers", workers) as server:
        # Whichever worker answers: the document is new, is known, is answered without the router.
        for _ in range(5):
            post(server, ADD, "adds", title=MARKER)
            post(server, literal, "finds")
        post(server, f"{{ {MARKER} }}", "invalid")
        httpx2.get(f"{server.url}/graphql?query={{__typename}}&variables={{}}&x={MARKER}")
        httpx2.get(f"{server.url}/tasks/{MARKER}", headers={"x-request-id": "rest"})
        httpx2.get(f"{server.url}/livez")
        httpx2.get(f"{server.url}/metrics")
    for given in (MARKER, ADD, literal):
        assert given not in server.log.read_text()
    lines = server.lines()
    assert {(line["level"], line["logger"]) for line in lines} == {("INFO", "gql_tasks.requests")}
    for name, expected in {
        "adds": ("Add", "mutation", "ok", 13, sha256(ADD.encode()).hexdigest()),
        "finds": ("Find", "query", "ok", 10_001, sha256(literal.encode()).hexdigest()),
        "invalid": ("(unknown)", "(unknown)", "refused", None, None),
        "rest": ("GET /tasks/{task_id}", "http", "422", None, None),
    }.items():
        found = [line for line in lines if line["request"] == name]
        assert len(found) == (5 if name in {"adds", "finds"} else 1)
        for line in found:
            fields = ("operation", "type", "outcome", "cost", "document")
            assert tuple(line.get(field) for field in fields) == expected
            assert 0 < line["duration_ms"] < 20_000
            assert line["message"] == f"request {name}"
    assert not [line for line in lines if "livez" in line["operation"]]


def test_silence(tmp_path: Path) -> None:
    """By default requests that are served in time have no line."""
    with logged(tmp_path) as server:
        post(server, ADD, "adds", title=MARKER)
        post(server, "{ nope }", "invalid")
        httpx2.get(f"{server.url}/tasks/")
    assert server.log.read_text() == ""


def test_slow_requests(tmp_path: Path) -> None:
    """A request that takes longer than it should is a warning, whichever way it came."""
    with logged(tmp_path, "--slow-seconds", "0.000001", "--log-level", "warning") as server:
        query = "query Slow { tasks { id } }"
        for name in ("new", "known", "direct"):
            post(server, query, name)
        url = f"{server.url.replace('http', 'ws')}/graphql"
        headers = {"x-request-id": "socket"}
        with connect(
            url, subprotocols=[SUBPROTOCOL], proxy=None, additional_headers=headers
        ) as socket:
            socket.send(json.dumps({"type": "connection_init"}))
            message = {"id": "1", "type": "subscribe", "payload": {"query": query}}
            socket.send(json.dumps(message))
            while json.loads(socket.recv())["type"] != "complete":
                pass
        events = {"accept": "text/event-stream", "x-request-id": "stream"}
        httpx2.post(f"{server.url}/graphql", json={"query": query}, headers=events)
    lines = [line for line in server.lines() if line["operation"] == "Slow"]
    names = ["new", "known", "direct", "socket", "stream"]
    assert [line["request"] for line in lines] == names
    for line in lines:
        assert line["message"] == f"request {line['request']} was slow"
        assert (line["level"], line["type"], line["outcome"]) == ("WARNING", "query", "ok")


def test_a_bug_is_one_line(tmp_path: Path, address: Address) -> None:
    """A bug has one line with its cause and the request's id, and nothing that was sent."""
    with logged(tmp_path, database=str(address)) as server:
        post(server, ADD, "before", title="Tea")  # the document is known
        address.execute("ALTER TABLE changes RENAME TO changes_elsewhere")
        try:
            answer = post(server, ADD, "failed", title=MARKER)
        finally:
            address.execute("ALTER TABLE changes_elsewhere RENAME TO changes")
        (error,) = answer["errors"]
        assert error["extensions"]["code"] == "INTERNAL_SERVER_ERROR"
        assert post(server, ADD, "after", title="Tea")["data"]
    (line,) = server.lines()
    assert (line["level"], line["request"]) == ("ERROR", "failed")
    assert "changes" in line["error"]
    assert line["traceback"].startswith("Traceback (most recent call last):\n")
    for given in (MARKER, ADD):
        assert given not in server.log.read_text()


def test_rows_that_postgresql_repeats() -> None:
    """What PostgreSQL quotes of a row that it refuses is left out of its error."""
    error = RuntimeError(f"duplicate key\nDETAIL:  Key (title)=({MARKER}) already exists.")
    cause = (type(error), error, None)
    record = logging.LogRecord("gql_tasks", 40, "", 0, "request %s failed", ("mine",), cause)
    line = json.loads(JsonLines().format(record))
    assert (line["request"], line["error"]) == ("mine", "RuntimeError: duplicate key")
    assert MARKER not in line["traceback"]


def test_what_the_server_says(tmp_path: Path) -> None:
    """What uvicorn warns of is a JSON object too, and does not repeat what a client sent."""
    with logged(tmp_path, "--log-level", "debug") as server:
        port = int(server.url.rpartition(":")[2])
        with socket.create_connection(("127.0.0.1", port)) as client:
            client.sendall(f"{MARKER}\r\n\r\n".encode())
            while client.recv(1000):
                pass
    (line,) = [line for line in server.lines() if line["logger"].startswith("uvicorn")]
    assert (line["level"], line["message"]) == ("WARNING", "Invalid HTTP request received.")
    assert MARKER not in server.log.read_text()


def test_text(tmp_path: Path) -> None:
    """As text a line begins with its time, and ends with what is known of the request."""
    with logged(tmp_path, "--log-requests", "--log-format", "text") as server:
        post(server, "query Tea { __typename }", "mine")
    (line,) = [line for line in server.log.read_text().splitlines() if "mine" in line]
    _, _, rest = line.partition(" ")
    assert rest.startswith("INFO    request mine operation=Tea type=query outcome=ok cost=1 ")


def test_a_terminal_gets_text(tmp_path: Path) -> None:
    """Where standard error is a terminal, lines are text."""
    ours, theirs = pty.openpty()
    port = free_port()
    command = [sys.executable, "-m", "gql_tasks", "serve", "--port", str(port), "--log-requests"]
    process = subprocess.Popen(
        [*command, "--database", str(tmp_path / "tasks.db")],
        stdout=subprocess.PIPE,
        stderr=theirs,
        text=True,
    )
    os.close(theirs)
    try:
        server = Server(process, f"http://127.0.0.1:{port}")
        _await_answer(server, 30)
        assert b"INFO    request " in os.read(ours, 10_000)
    finally:
        process.terminate()
        process.communicate(timeout=30)
        os.close(ours)


def test_levels(tmp_path: Path) -> None:
    """Below the level nothing is written, asked for or not."""
    with logged(tmp_path, "--log-requests", "--log-level", "error") as server:
        post(server, "{ __typename }", "mine")
    assert server.log.read_text() == ""


def test_an_embedder_keeps_its_logging(tmp_path: Path) -> None:
    """The application by itself configures nothing: that is for whoever runs it."""
    before = (*logging.root.handlers,), logging.root.level
    create_app(Settings(database=str(tmp_path / "tasks.db")))
    assert ((*logging.root.handlers,), logging.root.level) == before
    assert logging.getLogger("gql_tasks").handlers == []
    assert logging.getLogger("gql_tasks").level == logging.NOTSET
