"""The clients form: many clients at once, and whether each of them is served."""

from pathlib import Path

from tests.benchmarks.compare import Settings
from tests.benchmarks.load import generator_processes
from tests.benchmarks.measure import Subject
from tests.benchmarks.servers import serve_filled
from tests.benchmarks.workloads import OURS, workloads


def measure_crowd(settings: Settings, directory: Path) -> str:
    """Send `one` from every client for a while. Raises where one is refused or fails."""
    with (
        generator_processes(1) as generators,
        serve_filled(directory, settings.tasks) as server,
    ):
        subject = Subject(server, OURS, generators, settings.connections)
        workload = workloads(settings.tasks)["one"]
        subject.warm_up(workload, settings.seconds / 4)
        outcome = subject.run(workload, settings.seconds)
    even = outcome.answers / settings.connections
    return (
        f"{settings.connections} clients, none refused: "
        f"{outcome.answers / outcome.seconds:,.0f} requests/s, p50 {outcome.p50 * 1e3:.1f} ms, "
        f"p99 {outcome.p99 * 1e3:.1f} ms, slowest {outcome.slowest * 1e3:.1f} ms; "
        f"the client that got fewest got {outcome.fewest} answers, an even share is {even:.0f}."
    )
