"""The scale form: what an answer costs as the table grows."""

from pathlib import Path
from tempfile import TemporaryDirectory

from tests.benchmarks.chart import Bar
from tests.benchmarks.compare import Settings
from tests.benchmarks.load import generator_processes
from tests.benchmarks.measure import Subject, median_of
from tests.benchmarks.report import table
from tests.benchmarks.servers import serve_filled
from tests.benchmarks.workloads import OURS, workloads

SIZES = (10_000, 100_000, 1_000_000)
QUERIES = ("one", "list100", "filter")
MAX_GROWTH = 1.5

Costs = dict[str, dict[int, float]]
"""Microseconds a request by query and size."""


def measure_sizes(settings: Settings, directory: Path) -> Costs:
    """Fill a store of each size, one at a time, and measure the queries on it."""
    costs: Costs = {query: {} for query in QUERIES}
    for tasks in SIZES:
        with (
            TemporaryDirectory(dir=directory) as place,
            generator_processes(1) as generators,
            serve_filled(Path(place), tasks) as server,
        ):
            subject = Subject(server, OURS, generators, settings.connections)
            for query in QUERIES:
                workload = workloads(tasks)[query]
                subject.warm_up(workload, settings.seconds / 4)
                runs = [subject.measure(workload, settings.seconds) for _ in range(settings.runs)]
                costs[query][tasks] = 1e6 / median_of(runs).requests_per_second
    return costs


def growth(costs: Costs, query: str) -> float:
    """Say how many times the cost at the smallest size the cost at the largest is."""
    return costs[query][SIZES[-1]] / costs[query][SIZES[0]]


def report(costs: Costs) -> str:
    """Write the table."""
    columns = ("µs a request", *(f"{size:,} tasks" for size in SIZES), "growth", "target", "met")
    rows = [
        [
            query,
            *(f"{costs[query][size]:,.0f}" for size in SIZES),
            f"{growth(costs, query):.2f}x",
            f"{MAX_GROWTH}x",
            "yes" if growth(costs, query) <= MAX_GROWTH else "no",
        ]
        for query in QUERIES
    ]
    return table(columns, rows)


def bars(costs: Costs) -> list[Bar]:
    """Draw cost against size, query by query."""
    return [
        Bar(f"{query}, {size:,}", cost, f"{cost:,.0f} µs")
        for query, sizes in costs.items()
        for size, cost in sizes.items()
    ]
