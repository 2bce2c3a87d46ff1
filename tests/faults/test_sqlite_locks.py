"""Another program that keeps SQLite's write lock: reads go on, and no write waits for ever."""

import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from tests.faults.outside import assert_whole, titles, write_lock
from tests.faults.program import Answer, Program, serving

BUSY = "another program is writing to the database; try again"
PATIENCE_SECONDS = 5.0
WRITERS = 8


def test_a_lock_held_three_seconds(store_file: Path) -> None:
    """Writes wait and are done, each once; reads are answered meanwhile."""
    with serving(store_file) as program, ThreadPoolExecutor(WRITERS) as threads:
        with write_lock(store_file):
            start = time.monotonic()
            writing = [threads.submit(program.create, f"w{n}") for n in range(WRITERS)]
            while time.monotonic() - start < 3:
                assert_answering(program)
                time.sleep(0.1)
            assert not any(write.done() for write in writing)
        assert all(write.result().body["data"] for write in writing)
        assert program.logged() == []
    assert sorted(titles(store_file)) == [f"w{n}" for n in range(WRITERS)]
    assert_whole(store_file)


def test_a_lock_held_twenty_seconds(store_file: Path) -> None:
    """Writes are SERVICE_UNAVAILABLE after their patience, retryable and not done; later they are.

    How many wait makes no difference.
    """
    refused = 0
    with serving(store_file) as program, ThreadPoolExecutor(WRITERS) as threads:
        with write_lock(store_file):
            start = time.monotonic()
            while time.monotonic() - start < 20:
                writing = [threads.submit(program.create, f"r{n}") for n in range(WRITERS)]
                while not all(write.done() for write in writing):
                    assert_answering(program)
                    time.sleep(0.1)
                for write in writing:
                    assert_refused(write.result())
                    refused += 1
        assert program.create("after").body["data"]
        assert len(program.logged()) == refused
        assert all(BUSY in line for line in program.logged())
    assert titles(store_file) == ["after"]
    assert_whole(store_file)


def assert_refused(answer: Answer) -> None:
    assert answer.body["data"] is None
    assert answer.error["message"] == BUSY
    assert answer.error["extensions"] == {"code": "SERVICE_UNAVAILABLE", "retryable": True}
    assert answer.seconds < PATIENCE_SECONDS + 2


def assert_answering(program: Program) -> None:
    assert program.is_alive()
    tasks = program.graphql("{ tasks { id } }")
    assert (tasks.body, tasks.seconds < 1) == ({"data": {"tasks": []}}, True)
