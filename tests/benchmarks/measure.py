"""One workload on one server: checked, run, and what it took."""

from collections import Counter
from collections.abc import Iterable
from concurrent.futures import Executor
from dataclasses import dataclass, fields
from statistics import median

from tests.benchmarks.load import Load, Outcome, generate
from tests.benchmarks.servers import ServerProcess, machine_busy_seconds
from tests.benchmarks.workloads import Spelling, Workload

CHECKED_ANSWERS = 100
"""How many answers are checked in full before a workload is timed."""


@dataclass(frozen=True)
class Measure:
    """What one run of a workload took.

    Latencies are in milliseconds, `cpu_us` is the server's processor time per request in
    microseconds. `generator_cores` and `other_cores` are how much of a processor the load generator
    and everybody else on the machine took meanwhile.
    """

    requests_per_second: float
    p50_ms: float
    p99_ms: float
    cpu_us: float
    generator_cores: float
    other_cores: float


def median_of(measures: Iterable[Measure]) -> Measure:
    """Take the median of each figure by itself."""
    runs = [*measures]
    return Measure(
        **{f.name: median(getattr(run, f.name) for run in runs) for f in fields(Measure)}
    )


class Subject:
    """A server under measurement. It counts what was sent, so that writes can be accounted for."""

    def __init__(
        self, process: ServerProcess, spelling: Spelling, generators: Executor, connections: int
    ) -> None:
        self.process = process
        self.spelling = spelling
        self.sent: Counter[str] = Counter()
        self._generators = generators
        self._connections = connections

    def warm_up(self, workload: Workload, seconds: float) -> None:
        """Check answers in full, then run the workload without timing it."""
        wanted = min(CHECKED_ANSWERS, len(workload.variables))
        for _ in range(-(-wanted // self._connections)):
            self.run(workload, 0)  # one request a connection, and each is a sample
        self.run(workload, seconds)

    def measure(self, workload: Workload, seconds: float) -> Measure:
        """Run the workload, and check the last answer of each connection."""
        cpu_before, busy_before = self.process.cpu_seconds(), machine_busy_seconds()
        outcome = self.run(workload, seconds)
        cpu = self.process.cpu_seconds() - cpu_before
        busy = machine_busy_seconds() - busy_before
        return Measure(
            requests_per_second=outcome.answers / outcome.seconds,
            p50_ms=outcome.p50 * 1e3,
            p99_ms=outcome.p99 * 1e3,
            cpu_us=cpu / outcome.answers * 1e6,
            generator_cores=outcome.cpu_seconds / outcome.seconds,
            other_cores=max(0.0, busy - cpu - outcome.cpu_seconds) / outcome.seconds,
        )

    def run(self, workload: Workload, seconds: float) -> Outcome:
        """Go on with the workload where it was left. Raises WrongAnswer."""
        load = Load(
            self.process.port,
            workload.requests(self.spelling),
            self._connections,
            seconds,
            first=self.sent[workload.name],
        )
        outcome = self._generators.submit(generate, load).result()
        self.sent[workload.name] += outcome.answers
        outcome.check()
        for number, body in outcome.samples:
            workload.check(self.spelling, number, body)
        return outcome
