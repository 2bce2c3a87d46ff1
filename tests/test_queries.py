"""Every `queries/*.graphql` with its answer and the SQL that ran, reviewed like code.

    x.graphql             the document, and a comment that says what to look at
    x.variables.json      its variables, where it has some
    x.headers.json        headers of its request, where it has some
    x.json                the answer, the same from both stores
    x.sqlite.sql          what was run, with the values that were bound
    x.postgresql.sql

`pytest tests/test_queries.py --update-snapshots` writes the answers and the SQL anew.
"""

import json
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import running_app
from tests.sql import Address
from tests.statements import Statement, readable, statements_run

QUERIES = Path(__file__).parent / "queries"
DOCUMENTS = sorted(QUERIES.glob("*.graphql"))
SUFFIXES = (
    ".graphql",
    ".variables.json",
    ".headers.json",
    ".json",
    ".sqlite.sql",
    ".postgresql.sql",
)

NOON = datetime(2026, 1, 31, 12, 0, tzinfo=UTC)
"""When the queries are run. In Auckland it is one o'clock in the morning of February 1st."""

Compare = Callable[[Path, str], None]


@pytest.fixture
def compare(request: pytest.FixtureRequest) -> Compare:
    """Compare a text with its snapshot; with --update-snapshots, make it the snapshot."""

    def compare(snapshot: Path, text: str) -> None:
        if request.config.getoption("--update-snapshots"):
            snapshot.write_text(text, "utf-8")
        assert snapshot.exists(), f"run pytest --update-snapshots to write {snapshot.name}"
        assert snapshot.read_text("utf-8") == text

    return compare


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.stem)
async def test_query(document: Path, address: Address, compare: Compare, store: str) -> None:
    """The document has the answer and runs the statements that stand beside it."""
    for rows in ("data.sql", "screens.sql") if is_screen(document) else ("data.sql",):
        address.execute(*(QUERIES / rows).read_text("utf-8").split(";\n\n"))
    request = {
        "query": document.read_text("utf-8"),  # noqa: ASYNC240  # nobody waits
        "variables": beside(document, ".variables.json"),
    }
    headers = beside(document, ".headers.json")
    async with running_app(str(address), clock=lambda: NOON) as client:
        with statements_run() as statements:
            response = await client.http.post("/graphql", json=request, headers=headers)
    answer = json.dumps(response.json(), indent=2, ensure_ascii=False)
    compare(document.with_suffix(".json"), answer + "\n")
    compare(document.with_suffix(f".{store}.sql"), "\n".join(map(written, statements)))


def is_screen(document: Path) -> bool:
    """Tell the cookbook's screens, which have projects, labels and dates to show."""
    return document.stem.startswith("screen_")


def beside(document: Path, suffix: str) -> dict[str, Any] | None:
    """Read what goes with a document, where there is any."""
    path = document.with_suffix(suffix)
    return json.loads(path.read_text("utf-8")) if path.exists() else None


def test_no_orphans() -> None:
    """Every snapshot belongs to a document."""
    stems = {path.stem for path in DOCUMENTS}
    expected = {f"{stem}{suffix}" for stem in stems for suffix in SUFFIXES}
    expected |= {"data.sql", "screens.sql"}
    assert {path.name for path in QUERIES.iterdir()} - expected == set()


def written(statement: Statement) -> str:
    """Write a statement readably, and the values that were bound to it."""
    values = f"-- with {list(statement.values)!r}\n" if statement.values else ""
    return f"{readable(statement.text)};\n{values}"
