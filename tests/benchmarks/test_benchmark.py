"""The benchmark works. How fast anything is, no test asks."""

import subprocess
import sys
from pathlib import Path

import orjson

QUERIES = ["one", "list100", "list1000", "nested", "filter", "create", "update"]


def test_the_quick_form_measures_every_workload(tmp_path: Path) -> None:
    """It checks answers and writes, prints its table, records its figures and draws them."""
    recorded, chart = tmp_path / "run.json", tmp_path / "run.svg"
    command = (sys.executable, "-m", "tests.benchmarks", "--quick")
    run = subprocess.run(
        [*command, "--json", str(recorded), "--chart", str(chart)],
        cwd=Path(__file__).parents[2],
        capture_output=True,
        text=True,
        check=False,
    )
    assert (run.returncode, run.stderr) == (0, "")
    rows = [line.split()[1] for line in run.stdout.splitlines() if line.startswith("|")]
    assert rows[2:] == QUERIES
    workloads = orjson.loads(recorded.read_bytes())["workloads"]
    assert [*workloads] == QUERIES
    for server in ("gql_tasks", "documented"):
        assert all(workload[server]["requests_per_second"] > 0 for workload in workloads.values())
    assert chart.read_text("utf-8").count("<rect") == len(QUERIES)


def test_the_live_form_tells_every_subscriber() -> None:
    """Each of its subscribers hears of each of its writes once, or it would not end well."""
    run = subprocess.run(
        (sys.executable, "-m", "tests.benchmarks", "--live", "--quick"),
        cwd=Path(__file__).parents[2],
        capture_output=True,
        text=True,
        check=False,
    )
    assert (run.returncode, run.stderr) == (0, "")
    assert run.stdout.startswith("20 subscribers, 2 writes: from acknowledged to delivered median ")
