"""The processes that serve together, as the system sees them."""

import os
from collections.abc import Iterator
from functools import partial
from pathlib import Path

from prometheus_client import ProcessCollector
from prometheus_client.metrics_core import Metric
from prometheus_client.multiprocess import mark_process_dead
from prometheus_client.registry import Collector


class Workers(Collector):
    """Those that count in a directory of files with names such as `counter_<pid>.db`."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory

    def collect(self) -> Iterator[Metric]:
        """Tell the memory and time of each that runs; of one that has ended, forget what it is.

        What it has done stays counted.
        """
        found: dict[str, Metric] = {}
        for pid in sorted({int(file.stem.rpartition("_")[2]) for file in self._files()}):
            if not _runs(pid):
                mark_process_dead(pid, str(self._directory))  # type: ignore[no-untyped-call]
                continue
            process = ProcessCollector(pid=partial(str, pid), registry=None)
            for metric in process.collect():
                shown = found.setdefault(
                    metric.name, Metric(metric.name, metric.documentation, metric.type)
                )
                for sample in metric.samples:
                    shown.add_sample(sample.name, {"pid": str(pid)}, sample.value)
        yield from found.values()

    def _files(self) -> Iterator[Path]:
        return self._directory.glob("*_*.db")


def _runs(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True
