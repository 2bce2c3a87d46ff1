"""What a comparison says: as a table, and as JSON that names no machine."""

import os
import platform
from collections.abc import Iterator
from dataclasses import asdict
from importlib.metadata import version
from typing import Any

from gql_tasks.store.sqlite_driver import sqlite3
from tests.benchmarks.chart import Bar
from tests.benchmarks.compare import Compared, Comparison, Settings

BUSY_GENERATOR_CORES = 0.85
"""From here on the load generator may be what limits a figure."""

MAX_P99_OVER_P50 = 5
MAX_RESIDENT_MB = 120

COLUMNS = (
    "query",
    "ratio",
    "target",
    "met",
    "req/s",
    "p50 ms",
    "p99 ms",
    "p99/p50",
    "CPU µs",
    "base req/s",
    "base p50 ms",
    "base p99 ms",
    "base CPU µs",
    "kept req/s",
)


def table(columns: tuple[str, ...], rows: list[list[str]]) -> str:
    """Write a table in Markdown, with its columns in line."""
    widths = [max(map(len, column)) for column in zip(columns, *rows, strict=True)]
    ruler = ["-" * widths[0], *("-" * (width - 1) + ":" for width in widths[1:])]
    lines = [[*columns], ruler, *rows]
    return "\n".join(
        "| "
        + " | ".join(
            cell.rjust(width) if place else cell.ljust(width)
            for place, (cell, width) in enumerate(zip(line, widths, strict=True))
        )
        + " |"
        for line in lines
    )


def report(comparison: Comparison) -> str:
    """Write the table of ratios, and what is to be known when reading it."""
    return "\n".join(
        [
            _heading(comparison.settings),
            "",
            table(COLUMNS, [_row(row) for row in comparison.compared]),
            "",
            *_remarks(comparison),
        ]
    )


def _heading(settings: Settings) -> str:
    return (
        f"{settings.tasks:,} tasks, {settings.connections} connections, medians of "
        f"{settings.runs} x {settings.seconds:g} s. Base: Strawberry, FastAPI and SQLAlchemy "
        "as documented, at synchronous=NORMAL where gql_tasks is at FULL."
    )


def _remarks(comparison: Comparison) -> Iterator[str]:
    ours, base = comparison.our_resident_bytes / 1e6, comparison.documented_resident_bytes / 1e6
    yield (
        f"Resident memory after the run: {ours:.0f} MB (target: under {MAX_RESIDENT_MB}), "
        f"base {base:.0f} MB."
    )
    unsteady = [row.workload.name for row in comparison.compared if not _is_steady(row)]
    yield (
        f"p99 is under {MAX_P99_OVER_P50} times p50 in every query."
        if not unsteady
        else f"p99 is {MAX_P99_OVER_P50} times p50 or more in {', '.join(unsteady)}."
    )
    busiest = max(comparison.compared, key=lambda row: row.ours.generator_cores)
    cores = busiest.ours.generator_cores
    limit = "; there it may be the limit, not the server" if cores > BUSY_GENERATOR_CORES else ""
    yield (
        f"The load generator took up to {cores:.0%} of a processor, "
        f"in {busiest.workload.name}{limit}."
    )
    others = max(m.other_cores for row in comparison.compared for m in (row.ours, row.documented))
    yield f"Other programs on this machine took up to {others:.0%} of a processor meanwhile."


def bars(comparison: Comparison) -> list[Bar]:
    """Draw the ratios, each with its target."""
    return [
        Bar(row.workload.name, row.ratio, f"{row.ratio:.1f}x", row.workload.target)
        for row in comparison.compared
    ]


def as_json(comparison: Comparison) -> dict[str, Any]:
    """Give every figure, and the versions that it was measured with."""
    packages = (
        "gql_tasks",
        "strawberry-graphql",
        "graphql-core",
        "fastapi",
        "sqlalchemy",
        "uvicorn",
    )
    return {
        "python": platform.python_version(),
        "sqlite": sqlite3.sqlite_version,
        "packages": {name: version(name) for name in packages},
        "processors": os.cpu_count(),
        **asdict(comparison.settings),
        "resident_bytes": {
            "gql_tasks": comparison.our_resident_bytes,
            "documented": comparison.documented_resident_bytes,
        },
        "workloads": {
            row.workload.name: {
                "ratio": row.ratio,
                "target": row.workload.target,
                "met": row.met,
                "gql_tasks": asdict(row.ours),
                "documented": asdict(row.documented),
                "kept": None if row.kept is None else asdict(row.kept),
            }
            for row in comparison.compared
        },
    }


def _row(row: Compared) -> list[str]:
    ours, base = row.ours, row.documented
    return [
        row.workload.name,
        f"{row.ratio:.1f}x",
        f"{row.workload.target:g}x",
        "yes" if row.met else "no",
        f"{ours.requests_per_second:,.0f}",
        f"{ours.p50_ms:.2f}",
        f"{ours.p99_ms:.2f}",
        f"{ours.p99_ms / ours.p50_ms:.1f}",
        f"{ours.cpu_us:,.0f}",
        f"{base.requests_per_second:,.0f}",
        f"{base.p50_ms:.2f}",
        f"{base.p99_ms:.2f}",
        f"{base.cpu_us:,.0f}",
        "" if row.kept is None else f"{row.kept.requests_per_second:,.0f}",
    ]


def _is_steady(row: Compared) -> bool:
    return row.ours.p99_ms < MAX_P99_OVER_P50 * row.ours.p50_ms
