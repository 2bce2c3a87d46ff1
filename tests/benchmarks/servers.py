"""The servers as processes: start, stop, and what the kernel has counted of them. Linux only."""

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.benchmarks.data import fill_documented, fill_gql_tasks

START_SECONDS = 60.0
STOP_SECONDS = 15.0
TICKS_PER_SECOND = os.sysconf("SC_CLK_TCK")
PAGE_BYTES = os.sysconf("SC_PAGE_SIZE")
PROC = Path("/proc")


@dataclass(frozen=True)
class ServerProcess:
    """A server that answers at a port, with whatever processes it has started."""

    pid: int
    port: int

    def cpu_seconds(self) -> float:
        """Sum the time that the server's processes have had, in user and kernel mode."""
        return sum(_cpu_seconds(pid) for pid in self._processes())

    def resident_bytes(self) -> int:
        """Sum the resident memory of the server's processes."""
        return sum(
            int((PROC / str(pid) / "statm").read_text().split()[1]) * PAGE_BYTES
            for pid in self._processes()
        )

    def _processes(self) -> list[int]:
        found = [self.pid]
        for pid in found:  # grows while it is read: children, then theirs
            for task in (PROC / str(pid) / "task").iterdir():
                found += map(int, (task / "children").read_text().split())
        return found


def machine_busy_seconds() -> float:
    """Sum the time that all processors have been at work, for whomever."""
    user, nice, system, _idle, _waiting, *others = map(
        int, (PROC / "stat").read_text().partition("\n")[0].split()[1:9]
    )
    return (user + nice + system + sum(others)) / TICKS_PER_SECOND


@contextmanager
def serve_gql_tasks(database: Path, *, answer_bytes: int = 0) -> Iterator[ServerProcess]:
    """Run our server over a file until the block ends; it keeps no answers unless it is to."""
    port = _free_port()
    command = ("gql_tasks", "serve", "--port", str(port), "--database", str(database))
    command += ("--answer-bytes", str(answer_bytes))
    command += ("--max-sockets-per-client", "10000")  # all of the load comes from one address
    with _running(command, {}, port) as server:
        yield server


@contextmanager
def serve_filled(directory: Path, tasks: int) -> Iterator[ServerProcess]:
    """Run our server over a new store of so many tasks until the block ends."""
    documented, ours = directory / "documented.db", directory / "gql_tasks.db"
    fill_documented(documented, tasks)
    fill_gql_tasks(ours, documented)
    with serve_gql_tasks(ours) as server:
        yield server


@contextmanager
def serve_documented(database: Path) -> Iterator[ServerProcess]:
    """Run the baseline over its file until the block ends."""
    port = _free_port()
    application = f"{__package__}.documented:app"
    command = (
        "uvicorn",
        application,
        "--port",
        str(port),
        "--no-access-log",
        "--log-level",
        "warning",
    )
    with _running(command, {"BENCHMARK_DATABASE": str(database)}, port) as server:
        yield server


@contextmanager
def _running(
    command: Sequence[str], environment: Mapping[str, str], port: int
) -> Iterator[ServerProcess]:
    process = subprocess.Popen(
        [sys.executable, "-m", *command],
        env=os.environ | environment,
        stdout=subprocess.DEVNULL,  # what goes wrong is said on the other stream, and shown
    )
    try:
        _await_port(process, port)
        yield ServerProcess(process.pid, port)
    finally:
        process.terminate()
        try:
            process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _await_port(process: subprocess.Popen[bytes], port: int) -> None:
    deadline = time.monotonic() + START_SECONDS
    while process.poll() is None and time.monotonic() < deadline:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            time.sleep(0.02)
        else:
            return
    raise RuntimeError(f"{process.args!r} does not listen")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _cpu_seconds(pid: int) -> float:
    fields = (PROC / str(pid) / "stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICKS_PER_SECOND
