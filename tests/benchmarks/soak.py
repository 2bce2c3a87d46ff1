"""The soak form: whether memory stays flat under load that never repeats itself."""

from collections.abc import Iterator
from itertools import count, cycle
from pathlib import Path
from time import monotonic

from tests.benchmarks.compare import Settings
from tests.benchmarks.load import Load, generate, generator_processes
from tests.benchmarks.servers import serve_filled
from tests.benchmarks.workloads import OURS, http_request, workloads

SLICES = 20
"""How many times memory is looked at."""

DOCUMENTS = 2_000
"""Invented documents in a slice: more than any cache keeps."""


def soak(settings: Settings, total_seconds: float, directory: Path) -> Iterator[str]:
    """Load the server for so long, and yield a line about it after each slice of the time."""
    with (
        generator_processes(1) as generators,
        serve_filled(directory, settings.tasks) as server,
    ):
        usual = [
            request
            for workload in workloads(settings.tasks).values()
            for request in workload.requests(OURS)[:200]
        ]
        began = monotonic()
        serial = count()
        yield f"   0 s  {server.resident_bytes() / 1e6:6.1f} MB"
        for _ in range(SLICES):
            invented = [_invented_request(next(serial)) for _ in range(DOCUMENTS)]
            load = Load(
                server.port,
                [request for pair in zip(invented, cycle(usual), strict=False) for request in pair],
                settings.connections,
                total_seconds / SLICES,
            )
            outcome = generators.submit(generate, load).result()
            outcome.check()
            yield (
                f"{monotonic() - began:4.0f} s  {server.resident_bytes() / 1e6:6.1f} MB"
                f"  {outcome.answers:,} answers"
            )


def _invented_request(serial: int) -> bytes:
    """Write a document that nobody has sent before: its aliases, its shape and its length."""
    fields = [
        f"f{serial}_{place}: {('title', 'completed', 'id')[place % 3]}"
        for place in range(1 + serial % 40)
    ]
    nested = f"labels {{ n{serial}: name }}" if serial % 2 else f"project {{ n{serial}: name }}"
    document = f"{{ t{serial}: tasks(limit: {1 + serial % 20}) {{ {' '.join(fields)} {nested} }} }}"
    return http_request(document, {})
