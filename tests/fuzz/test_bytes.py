"""Bytes that nobody would send, to the program itself: answered in words, cut off, and forgotten.

What is sent comes of a seed, which a failing test shows: FUZZ_SEED repeats it.
"""

import asyncio
import json
import os
import re
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from random import Random
from urllib.parse import urlsplit

import pytest

from tests.benchmarks.servers import ServerProcess
from tests.change_log import log_of, replayed, world_of
from tests.faults.program import Program, serving, until
from tests.fuzz.cases import CASES, SEED, told
from tests.fuzz.wire import CLOSE, cut, frames_of, http, websocket
from tests.sql import Address

CONVERSATIONS = 10 * CASES
AT_ONCE = 50
LISTENED_SECONDS = 0.8
"""How long a conversation goes on that may go on for ever: a socket's, or a stream's."""

ENDED_SECONDS = 15.0
"""How long the server may take to end any other."""

GROWN_BYTES = 20e6
"""The second half may take so much more than the first has left."""

HTTP_STATUS = re.compile(rb"HTTP/1\.[01] (\d{3}) ")
BUGS = {1011, 4500}


@pytest.fixture
def program(tmp_path: Path) -> Iterator[Program]:
    options = ("--receive-seconds", "0.3", "--log-format", "json", "--log-requests")
    with serving(tmp_path / "tasks.db", *options) as program:
        yield program


@pytest.mark.parametrize("kind", [http, websocket])
async def test_bytes(program: Program, kind: Callable[[Random], bytes]) -> None:
    """HTTP and WebSocket gone wrong leave the server as it was, its store whole, its log calm."""
    print(f"FUZZ_SEED={SEED}")  # noqa: T201  # shown where it fails
    draw = Random(f"{SEED} {kind.__name__}")
    process = ServerProcess(program.process.pid, 0)
    assert program.is_alive()
    held = _held(program)
    sizes = []
    for _ in range(2):
        for _ in range(CONVERSATIONS // AT_ONCE // 2 or 1):
            conversations = [cut(draw, kind(draw)) for _ in range(AT_ONCE)]
            await asyncio.gather(*(_converse(program.url, parts) for parts in conversations))
            assert program.is_alive()
        until(lambda: _held(program) == held)
        sizes.append(process.resident_bytes())
    assert sizes[1] < sizes[0] + GROWN_BYTES
    lines = [
        json.loads(line) for line in program.log.read_text().splitlines()[_greeting(program) :]
    ]
    assert [line for line in lines if line["level"] in ("ERROR", "CRITICAL")] == []
    store = Address(str(program.path))
    assert replayed(log_of(store)) == world_of(store)


def _held(program: Program) -> list[str]:
    """List the kinds of its open files, but for the store's: it opens readers as it needs them."""
    files = Path(f"/proc/{program.process.pid}/fd")
    targets = []
    for file in files.iterdir():
        with suppress(FileNotFoundError):
            targets.append(str(file.readlink()))
    return sorted(name.partition("[")[0] for name in targets if str(program.path) not in name)


def _greeting(program: Program) -> int:
    return len(program.started.splitlines())


async def _converse(url: str, parts: list[bytes]) -> None:
    """Say something in parts, listen for as long as it is worth it, and hang up."""
    at = urlsplit(url)
    reader, writer = await asyncio.open_connection(at.hostname, at.port)
    said, heard = b"".join(parts), bytearray()
    endless = any(word in said for word in (b"event-stream", b"Sec-WebSocket"))
    with suppress(ConnectionError, *([TimeoutError] if endless else [])):
        async with asyncio.timeout(LISTENED_SECONDS if endless else ENDED_SECONDS):
            for part in parts:
                writer.write(part)
                await writer.drain()
                await asyncio.sleep(0)
            while piece := await reader.read(65_536):
                heard += piece
    writer.transport.abort()
    _check(said, bytes(heard))


def _check(said: bytes, heard: bytes) -> None:
    """Hold what was heard to what every answer is."""
    shown = (os.linesep, said[:3000], heard[:3000])
    assert told(heard.decode("latin-1"), said.decode("latin-1")) == [], shown
    head, _, rest = heard.partition(b"\r\n\r\n")
    if head.startswith(b"HTTP/1.1 101"):
        codes = [int.from_bytes(data[:2]) for kind, data in frames_of(rest) if kind == CLOSE]
        assert BUGS.isdisjoint(codes), shown
        assert b"INTERNAL_SERVER_ERROR" not in rest, shown
    else:
        assert [status for status in HTTP_STATUS.findall(heard) if status >= b"500"] == [], shown
