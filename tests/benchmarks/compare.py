"""The main form: every workload on our server and on the baseline, turn by turn."""

from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from tests.benchmarks.data import fill_documented, fill_gql_tasks
from tests.benchmarks.load import generator_processes
from tests.benchmarks.measure import Measure, Subject, median_of
from tests.benchmarks.servers import serve_documented, serve_gql_tasks
from tests.benchmarks.workloads import DOCUMENTED, OURS, Workload, workloads
from tests.benchmarks.written import check_written

KEPT_BYTES = 8_388_608
"""Of answers, where they are kept: what `gql-tasks serve` does by itself."""


@dataclass(frozen=True)
class Settings:
    """How much is measured, and with how many clients."""

    tasks: int = 100_000
    connections: int = 16
    seconds: float = 2.0
    runs: int = 5


@dataclass(frozen=True)
class Compared:
    """One workload's medians on both servers, and, of a query, on ours where it keeps answers."""

    workload: Workload
    ours: Measure
    documented: Measure
    kept: Measure | None

    @property
    def ratio(self) -> float:
        return self.ours.requests_per_second / self.documented.requests_per_second

    @property
    def met(self) -> bool:
        return self.ratio >= self.workload.target


@dataclass(frozen=True)
class Comparison:
    """The whole run. Memory is what each server holds after it, in bytes."""

    settings: Settings
    compared: list[Compared]
    our_resident_bytes: int
    documented_resident_bytes: int


def compare(settings: Settings, directory: Path) -> Comparison:
    """Fill both stores in `directory` and measure. Raises WrongAnswer."""
    with ExitStack() as stack:
        generators = stack.enter_context(generator_processes(1))
        documented_file, our_file = directory / "documented.db", directory / "gql_tasks.db"
        fill_documented(documented_file, settings.tasks)
        fill_gql_tasks(our_file, documented_file)
        ours = stack.enter_context(serve_gql_tasks(our_file))
        documented = stack.enter_context(serve_documented(documented_file))
        keeping = stack.enter_context(serve_gql_tasks(our_file, answer_bytes=KEPT_BYTES))
        subjects = (
            Subject(ours, OURS, generators, settings.connections),
            Subject(documented, DOCUMENTED, generators, settings.connections),
            Subject(keeping, OURS, generators, settings.connections),
        )
        compared = [
            _turn_by_turn(workload, subjects, settings)
            for workload in workloads(settings.tasks).values()
        ]
        for file, subject in zip((our_file, documented_file), subjects, strict=False):
            created, updated = subject.sent["create"], subject.sent["update"]
            check_written(file, settings.tasks, created=created, updated=updated)
        return Comparison(settings, compared, ours.resident_bytes(), documented.resident_bytes())


def _turn_by_turn(
    workload: Workload, subjects: tuple[Subject, ...], settings: Settings
) -> Compared:
    """Measure the servers by turns, so that what else the machine does falls on all."""
    if workload.writes:
        subjects = subjects[:2]
    for subject in subjects:
        subject.warm_up(workload, settings.seconds / 4)
    turns = [
        [subject.measure(workload, settings.seconds) for subject in subjects]
        for _ in range(settings.runs)
    ]
    ours, documented, *kept = map(median_of, zip(*turns, strict=True))
    return Compared(workload, ours, documented, kept[0] if kept else None)
