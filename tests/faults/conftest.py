"""Fixtures of the faults."""

from pathlib import Path

import pytest

from tests.faults.program import Faults


@pytest.fixture
def store_file(tmp_path: Path) -> Path:
    """Where a store is to be, in a directory of its own."""
    directory = tmp_path / "store"
    directory.mkdir()
    return directory / "tasks.db"


@pytest.fixture
def faults(tmp_path: Path, store_file: Path) -> Faults:
    """The faults that can be injected into a program that serves `store_file`."""
    return Faults(tmp_path, store_file)
