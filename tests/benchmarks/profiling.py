"""The profile form: where the server's time for one query goes, by package and by function.

The application is called in process, one request after the other: no socket, no HTTP parser, no
second client. cProfile makes calls of Python functions dearer than they are, so its times are
scaled to what the requests take without it; its shares still lean to code of many small calls.
"""

import asyncio
import sysconfig
import threading
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from cProfile import Profile
from dataclasses import dataclass
from pathlib import Path
from pstats import Stats
from time import perf_counter, process_time
from typing import Any

import gql_tasks
from tests.benchmarks.asgi import post, running_application
from tests.benchmarks.data import fill_documented, fill_gql_tasks
from tests.benchmarks.report import table
from tests.benchmarks.workloads import OURS, Workload, workloads

WARM_UP_REQUESTS = 200
SECONDS = 3.0
TOP = 25

WAITING = {
    "<method 'get' of '_queue.SimpleQueue' objects>",
    "<method 'acquire' of '_thread.lock' objects>",
    "<method 'poll' of 'select.epoll' objects>",
}
"""Functions whose own time is somebody else's work, or none."""

# Longest first: site-packages stands under the standard library.
ROOTS = sorted(
    {
        str(Path(gql_tasks.__file__).parents[1]),
        sysconfig.get_path("purelib"),
        sysconfig.get_path("stdlib"),
    },
    key=len,
    reverse=True,
)

Function = tuple[str, int, str]
"""File, line and name, as pstats has them; the file of what is written in C is "~"."""


def profile(query: str, tasks: int, directory: Path) -> str:
    """Fill a store, run the query on it with and without the profiler, and write both up."""
    workload = workloads(tasks)[query]
    documented, ours = directory / "documented.db", directory / "gql_tasks.db"
    fill_documented(documented, tasks)
    fill_gql_tasks(ours, documented)
    plain = asyncio.run(_run(workload, ours, 0, lambda: None))
    with _every_thread() as (start, profiles):
        asyncio.run(_run(workload, ours, plain.requests, start))
    stats = Stats(*profiles).stats  # type: ignore[attr-defined]
    for function in [*stats]:
        if function[2] in WAITING:
            del stats[function]
    return _write_up(query, plain, stats)


@dataclass(frozen=True)
class _Run:
    """Microseconds a request, on the clock and of the processor, and how far the rotation is."""

    microseconds: float
    cpu_microseconds: float
    requests: int


async def _run(workload: Workload, database: Path, first: int, start: Callable[[], None]) -> _Run:
    requests = workload.requests(OURS)
    number = first
    async with running_application(database) as app:
        for number in range(first, first + WARM_UP_REQUESTS):
            workload.check(OURS, number, await post(app, requests[number % len(requests)]))
        start()
        done, began, cpu_began = 0, perf_counter(), process_time()
        while (seconds := perf_counter() - began) < SECONDS:
            number += 1
            done += 1
            await post(app, requests[number % len(requests)])
        cpu_seconds = process_time() - cpu_began
    return _Run(seconds / done * 1e6, cpu_seconds / done * 1e6, number + 1)


@contextmanager
def _every_thread() -> Iterator[tuple[Callable[[], None], list[Profile]]]:
    """Profile this thread and those that start meanwhile, from the call of `start` on."""
    profiles: list[Profile] = []
    begun = threading.Event()

    def begin(*_event: Any) -> None:
        if begun.is_set():  # from here on this thread has a profiler of its own in my place
            profiles.append(Profile())
            profiles[-1].enable()

    def start() -> None:
        begun.set()
        begin()

    threading.setprofile(begin)
    try:
        yield start, profiles
    finally:
        threading.setprofile(None)
        profiles[0].disable()


def _write_up(query: str, plain: _Run, stats: dict[Function, Any]) -> str:
    total = sum(own for _, _, own, _, _ in stats.values())
    scale = plain.microseconds / total
    own = {function: figures[2] * scale for function, figures in stats.items()}
    cumulative = {function: figures[3] * scale for function, figures in stats.items()}
    packages: dict[str, float] = defaultdict(float)
    for function, figures in stats.items():
        for caller, share in _shares(function, figures[2], figures[4]):
            packages[_package(caller)] += share * scale
    heading = (
        f"{query}: {plain.microseconds:.0f} µs a request in process, one after the other; "
        f"{plain.cpu_microseconds:.0f} µs of the processor"
    )
    return "\n\n".join(
        [
            heading,
            _ranking("own time by package", packages),
            _ranking("own time by function", {_name(key): own[key] for key in own}),
            _ranking("with what it calls", {_name(key): cumulative[key] for key in cumulative}),
        ]
    )


def _shares(
    function: Function, own: float, callers: dict[Function, Any]
) -> Iterator[tuple[Function, float]]:
    """Put the time of what is written in C, other than SQLite, on the account of its callers."""
    if function[0] != "~" or "sqlite3" in function[2] or not callers:
        yield function, own
    else:
        for caller, (_, _, share, _) in callers.items():
            yield caller, share


def _ranking(title: str, times: dict[str, float]) -> str:
    ranked = sorted(times.items(), key=lambda item: item[1], reverse=True)[:TOP]
    return table((title, "µs"), [[name, f"{time:.1f}"] for name, time in ranked])


def _package(function: Function) -> str:
    if function[0] == "~":
        return "sqlite3" if "sqlite3" in function[2] else "C"
    if function[0].startswith("<sqlalchemy "):  # wrappers that it writes itself
        return "sqlalchemy"
    parts = Path(_short(function[0])).with_suffix("").parts
    return "/".join(parts[:2] if parts[0] == "gql_tasks" else parts[:1])


def _name(function: Function) -> str:
    file, line, name = function
    return name if file == "~" else f"{_short(file)}:{line} {name}"


def _short(file: str) -> str:
    for root in ROOTS:
        if file.startswith(f"{root}/"):
            return file[len(root) + 1 :]
    return file
