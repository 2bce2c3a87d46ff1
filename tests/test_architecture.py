"""The house rules that a program can check."""

import re
import subprocess
import sys
import tomllib
from importlib.util import find_spec
from pathlib import Path

import pytest

from gql_tasks.store.tables import Base

ROOT = Path(__file__).parents[1]
MODULES = sorted(path.relative_to(ROOT) for path in (ROOT / "gql_tasks").rglob("*.py"))
MAX_LINES = 400

TOP_LEVEL = {"LICENSE", "README.md", "gql_tasks", "pyproject.toml", "schema.graphql", "tests"}


@pytest.mark.skipif(find_spec("importlinter") is None, reason="import-linter is not installed")
def test_imports_go_one_way() -> None:
    """The contracts in pyproject.toml hold."""
    lint = (
        "from importlinter.cli import lint_imports; raise SystemExit(lint_imports(no_cache=True))"
    )
    result = subprocess.run(
        [sys.executable, "-c", lint], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert result.returncode == 0, result.stdout + result.stderr


@pytest.mark.parametrize("module", MODULES, ids=str)
def test_modules_are_short(module: Path) -> None:
    """A module past 400 lines has a second noun in it."""
    assert len((ROOT / module).read_text("utf-8").splitlines()) <= MAX_LINES


def test_top_level() -> None:
    """The top level holds what is agreed and dot files."""
    assert {name for name in top_level() if not name.startswith(".")} == TOP_LEVEL


def top_level() -> set[str]:
    """List the names at the top: git's where this is a repository, else the directory's."""
    if (ROOT / ".git").exists():
        listed = subprocess.run(
            ["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True
        )
        return {line.partition("/")[0] for line in listed.stdout.splitlines()}
    built = {"build", "dist", "node_modules", "PKG-INFO"}
    return {path.name for path in ROOT.iterdir() if path.suffix != ".egg-info"} - built


def test_dependencies_have_reasons() -> None:
    """What the program needs to run, and to be tested, says on its line what it is for."""
    text = (ROOT / "pyproject.toml").read_text("utf-8")
    project = tomllib.loads(text)["project"]
    extras = project["optional-dependencies"].values()
    required = [*project["dependencies"], *(name for extra in extras for name in extra)]
    reasons = dict(re.findall(r'^  "([^"]+)",? +# (.+)$', text, re.MULTILINE))
    assert [name for name in required if name not in reasons] == []


def test_relationships_are_never_loaded_by_accident() -> None:
    """Every relationship is lazy="raise": a read is a plan, not an attribute."""
    lazy = [
        f"{mapper.class_.__name__}.{relationship.key}"
        for mapper in Base.registry.mappers
        for relationship in mapper.relationships
        if relationship.lazy not in {"raise", "raise_on_sql"}
    ]
    assert lazy == []
