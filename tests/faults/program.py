"""The program as a process that faults are injected into.

They come from a library that it loads, which makes its system calls fail (`shim.c`), and from the
kernel's own limits and signals.
"""

import json
import os
import resource
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from errno import EACCES, EIO, ENOSPC, EROFS
from pathlib import Path
from typing import Any

import httpx2

from tests.conftest import free_port

WAIT_SECONDS = 30.0
SHIM = Path(__file__).with_name("shim.c")

DISK_FULL = {"write": ENOSPC}
SYNC_FAILS = {"sync": EIO}
SYNC_TAKES = {"delay": 700}
READ_ONLY = {"readonly": EROFS}
FORBIDDEN = {"open": EACCES}


class Faults:
    """The library, and the file that tells it what is to fail just now."""

    def __init__(self, directory: Path, database: Path) -> None:
        self.library = directory / "shim.so"
        self.control = directory / "faults"
        self.database = database
        command = ["cc", "-shared", "-fPIC", "-O1", "-o", self.library, SHIM, "-ldl"]
        subprocess.run(command, check=True)

    @property
    def environment(self) -> dict[str, str]:
        return {
            "LD_PRELOAD": str(self.library),
            "FAULTS_CONTROL": str(self.control),
            "FAULTS_PATH": str(self.database),
        }

    @contextmanager
    def injected(self, **faults: int) -> Iterator[None]:
        """Let system calls fail until the block ends."""
        text = " ".join(f"{name}={number}" for name, number in faults.items())
        self.control.with_suffix(".new").write_text(text)
        self.control.with_suffix(".new").rename(self.control)  # none is read half-written
        try:
            yield
        finally:
            self.control.unlink()


@dataclass
class Answer:
    """A response: its status, its headers, its JSON. `seconds` is how long it took."""

    status: int
    headers: httpx2.Headers
    body: Any
    seconds: float

    @property
    def error(self) -> dict[str, Any]:
        """The one error of a GraphQL answer."""
        (error,) = self.body["errors"]
        return dict(error)


class Program:
    """`gql-tasks serve` over a file; its log can be read while it runs."""

    def __init__(self, path: Path, faults: Faults | None, arguments: tuple[str, ...]) -> None:
        port = free_port()
        self.path = path
        self.url = f"http://127.0.0.1:{port}"
        self.log = path.with_name(f"log-{port}")
        with self.log.open("w") as log:
            self.process = subprocess.Popen(
                [
                    *(sys.executable, "-m", "gql_tasks", "serve", "--port", str(port)),
                    *("--database", str(path), *arguments),
                ],
                env=os.environ | (faults.environment if faults else {}),
                stdout=log,
                stderr=subprocess.STDOUT,
            )
        until(self._answers)
        self.started = self.log.read_text()
        self.http = httpx2.Client(base_url=self.url, timeout=WAIT_SECONDS)

    def _answers(self) -> bool:
        assert self.process.poll() is None, self.log.read_text()
        try:
            httpx2.get(f"{self.url}/graphql?query={{__typename}}")
        except httpx2.TransportError:
            return False
        return True

    def request(self, method: str, path: str, **options: Any) -> Answer:
        start = time.monotonic()
        response = self.http.request(method, path, **options)
        took = time.monotonic() - start
        body = response.json() if response.content else None
        return Answer(response.status_code, response.headers, body, took)

    def graphql(self, query: str, variables: dict[str, Any] | None = None) -> Answer:
        """Post an operation."""
        return self.request("POST", "/graphql", json={"query": query, "variables": variables})

    def create(self, title: str) -> Answer:
        """Write a task."""
        return self.graphql(CREATE, {"title": title})

    def logged(self) -> list[str]:
        """Read the messages that it has logged since it began to serve; waiting is no failure."""
        lines = self.log.read_text().removeprefix(self.started).splitlines()
        messages = [str(json.loads(line)["message"]) for line in lines]
        return [message for message in messages if not message.endswith("was slow")]

    def descriptors(self) -> int:
        """Count its open files."""
        return len(os.listdir(f"/proc/{self.process.pid}/fd"))  # noqa: PTH208  # of numbers

    def limit_descriptors(self, count: int) -> None:
        """Let it open no more than so many files."""
        _, hard = resource.prlimit(self.process.pid, resource.RLIMIT_NOFILE)
        resource.prlimit(self.process.pid, resource.RLIMIT_NOFILE, (count, hard))

    def is_alive(self) -> bool:
        """Ask what needs no database."""
        answer = self.graphql("{ __typename }")
        return answer.body == {"data": {"__typename": "Query"}} and answer.seconds < 1

    def kill(self) -> None:
        """End it as a power cut does."""
        self.process.kill()
        self.process.wait()

    def end(self) -> None:
        self.http.close()
        self.process.terminate()
        self.process.wait(WAIT_SECONDS)


CREATE = "mutation($title: String!) { createTask(input: {title: $title}) { task { id title } } }"


@contextmanager
def serving(path: Path, *arguments: str, faults: Faults | None = None) -> Iterator[Program]:
    """Serve a file until the block ends."""
    program = Program(path, faults, arguments)
    try:
        yield program
    finally:
        program.end()


def until(holds: Callable[[], bool], seconds: float = WAIT_SECONDS) -> None:
    """Wait until something holds; it has to within so many seconds."""
    deadline = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < deadline, "it did not come about"
        time.sleep(0.02)
