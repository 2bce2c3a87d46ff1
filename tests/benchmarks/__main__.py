"""The command: `python -m tests.benchmarks`, and its other forms."""

import argparse
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

import orjson
from click import echo

from tests.benchmarks import (
    chart,
    compare,
    crowd,
    live,
    profiling,
    report,
    scale,
    slow,
    soak,
    workloads,
)
from tests.benchmarks.compare import Settings

MINIMUM_TASKS = 1_000  # list1000 reads so many
QUICK_SUBSCRIBERS = 20
QUICK = Settings(tasks=MINIMUM_TASKS, connections=4, seconds=0.3, runs=1)


def main() -> None:
    """Run the form that is asked for, in a directory that is gone afterwards."""
    options = _parser().parse_args()
    settings = _settings(options)
    with TemporaryDirectory(prefix="gql_tasks-benchmark-") as place:
        directory = Path(place)
        if options.profile:
            echo(profiling.profile(options.profile, settings.tasks, directory))
        elif options.scale:
            _scale(settings, directory, options.chart)
        elif options.slow:
            echo(slow.measure_slow(settings, directory))
        elif options.clients:
            echo(crowd.measure_crowd(replace(settings, connections=options.clients), directory))
        elif options.live:
            echo(
                live.measure_live(
                    settings, QUICK_SUBSCRIBERS if options.quick else 1_000, directory
                )
            )
        elif options.soak:
            for line in soak.soak(settings, options.soak, directory):
                echo(line)
        else:
            _compare(settings, directory, options.json, options.chart)


def _compare(settings: Settings, directory: Path, json: Path | None, svg: Path | None) -> None:
    comparison = compare.compare(settings, directory)
    echo(report.report(comparison))
    if json:
        json.write_bytes(orjson.dumps(report.as_json(comparison), option=orjson.OPT_INDENT_2))
    if svg:
        chart.write_bars(
            svg, "Requests per second, times the documented way", report.bars(comparison)
        )


def _scale(settings: Settings, directory: Path, svg: Path | None) -> None:
    costs = scale.measure_sizes(settings, directory)
    echo(scale.report(costs))
    if svg:
        chart.write_bars(svg, "Microseconds a request by tasks in the table", scale.bars(costs))


def _settings(options: argparse.Namespace) -> Settings:
    """Take what is given over what the form has."""
    settings = QUICK if options.quick else Settings()
    if options.slow and not options.quick:
        settings = replace(settings, tasks=1_000_000, seconds=10.0)
    names = ("tasks", "connections", "seconds", "runs")
    given = {name: getattr(options, name) for name in names}
    return replace(settings, **{name: value for name, value in given.items() if value is not None})


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks", description=__doc__)
    form = parser.add_mutually_exclusive_group()
    queries = [*workloads.workloads(MINIMUM_TASKS)]
    form.add_argument("--profile", choices=queries, help="say where the time for a query goes")
    form.add_argument("--scale", action="store_true", help="measure at 10^4, 10^5 and 10^6 tasks")
    form.add_argument("--slow", action="store_true", help="measure a read beside a long search")
    form.add_argument("--clients", type=int, metavar="N", help="serve so many clients at once")
    form.add_argument("--live", action="store_true", help="tell 1000 subscribers of each write")
    form.add_argument("--soak", type=float, metavar="SECONDS", help="watch memory for so long")
    parser.add_argument("--quick", action="store_true", help="tiny data, one short run")
    parser.add_argument("--tasks", type=_enough_tasks, help="tasks in the stores (100000)")
    parser.add_argument("--connections", type=int, help="connections that send at once (16)")
    parser.add_argument("--seconds", type=float, help="how long a run lasts (2)")
    parser.add_argument("--runs", type=int, help="runs of a workload; medians are shown (5)")
    parser.add_argument("--json", type=Path, metavar="FILE", help="record the comparison")
    parser.add_argument("--chart", type=Path, metavar="FILE", help="draw the comparison, or scale")
    return parser


def _enough_tasks(text: str) -> int:
    tasks = int(text)
    if tasks < MINIMUM_TASKS:
        raise argparse.ArgumentTypeError(f"{tasks} is less than {MINIMUM_TASKS}")
    return tasks


if __name__ == "__main__":
    main()
