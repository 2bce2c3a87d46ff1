"""Files on disk, stdin and stdout: read as often as need be, written whole or not at all."""

import os
import shutil
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryFile
from typing import BinaryIO, Final, TypeAlias

from gql_tasks.domain.errors import TasksError

STANDARD: Final = "-"
"""What names stdin or stdout."""

Progress: TypeAlias = Callable[[int, int], None]
"""Called with how much is done, and of how much."""


class FileRefused(TasksError):
    """A file that cannot be read, written or taken over: each reason in a line of its own."""

    def __init__(self, *reasons: str) -> None:
        super().__init__("\n".join(reasons))


@contextmanager
def opened(name: str) -> Iterator[BinaryIO]:
    """Open a file to read, stdin by way of a copy that can be read again. Raises FileRefused."""
    try:
        if name == STANDARD:
            with TemporaryFile() as copy:
                shutil.copyfileobj(sys.stdin.buffer, copy)
                yield copy
        else:
            with Path(name).open("rb") as file:
                yield file
    except OSError as error:
        raise FileRefused(f"{name}: {error.strerror}") from error


@contextmanager
def written(name: str) -> Iterator[Callable[[bytes], object]]:
    """Write a file, or stdout as it comes.

    A file is written beside its place, as FILE.part, and put there at the end of the block: what is
    raised in it leaves the file as it was. Raises FileRefused, and BrokenPipeError of stdout.
    """
    if name == STANDARD:
        yield sys.stdout.buffer.write
        sys.stdout.buffer.flush()
        return
    path = Path(name)
    part = path.with_name(f"{path.name}.part")
    try:
        with part.open("wb") as file:
            yield file.write
            file.flush()
            os.fsync(file.fileno())
        part.replace(path)
    except OSError as error:
        raise FileRefused(f"{name}: {error.strerror}") from error
    finally:
        part.unlink(missing_ok=True)
