"""The slow form: what a search over the whole table does to another client's small read."""

from pathlib import Path

from tests.benchmarks.compare import Settings
from tests.benchmarks.load import Load, Outcome, generate, generator_processes
from tests.benchmarks.report import table
from tests.benchmarks.servers import serve_filled
from tests.benchmarks.workloads import OURS, http_request, workloads

MAX_RISE_MS = 20

SEARCH = http_request(
    'query Search { tasks(search: "task", orderBy: [{ field: RELEVANCE }], limit: 20) { title } }',
    {},
)
"""Every title has the word, so that every row is found and ranked."""


def measure_slow(settings: Settings, directory: Path) -> str:
    """Measure `one` with the server idle otherwise, then beside the search; say what became of it.

    Each has a connection and a generating process of its own.
    """
    with (
        generator_processes(2) as generators,
        serve_filled(directory, settings.tasks) as server,
    ):
        requests = workloads(settings.tasks)["one"].requests(OURS)
        one = Load(server.port, requests, connections=1, seconds=settings.seconds)
        search = Load(server.port, [SEARCH], connections=1, seconds=settings.seconds)
        generators.submit(generate, one).result()
        idle = generators.submit(generate, one).result()
        searching = generators.submit(generate, search)
        beside = generators.submit(generate, one).result()
        searches = searching.result()
    for outcome in (idle, beside, searches):
        outcome.check()
    rise = (beside.p99 - idle.p99) * 1e3
    verdict = (
        f"p99 rises by {rise:.1f} ms; target: by {MAX_RISE_MS} ms at most, "
        f"{'met' if rise <= MAX_RISE_MS else 'missed'}."
    )
    rows = [
        ["one, idle otherwise", *_figures(idle)],
        ["one, beside the search", *_figures(beside)],
        ["the search", *_figures(searches)],
    ]
    return "\n".join(
        [
            f"{settings.tasks:,} tasks, a connection each, {settings.seconds:g} s",
            "",
            table(("", "answers", "p50 ms", "p99 ms", "slowest ms"), rows),
            "",
            verdict,
        ]
    )


def _figures(outcome: Outcome) -> list[str]:
    latencies = (outcome.p50, outcome.p99, outcome.slowest)
    return [f"{outcome.answers:,}", *(f"{latency * 1e3:.2f}" for latency in latencies)]
