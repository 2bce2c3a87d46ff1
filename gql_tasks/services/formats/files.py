"""Files to read as often as need be, and to write whole or not at all; stdin, stdout, pipes."""

import os
import shutil
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from tempfile import TemporaryFile
from typing import BinaryIO, Final, TextIO, TypeAlias

from gql_tasks.domain.errors import TasksError

STANDARD: Final = "-"
"""What names stdin or stdout."""

Progress: TypeAlias = Callable[[int, int], None]
"""Called with how much is done, and of how much."""

Write: TypeAlias = Callable[[bytes], object]


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
                shutil.copyfileobj(_bytes_of(sys.stdin, "stdin"), copy)
                yield copy
        else:
            with Path(name).open("rb") as file:
                yield file
    except OSError as error:
        raise FileRefused(f"{name}: {error.strerror}") from error


@contextmanager
def written(name: str) -> Iterator[Write]:
    """Write a file; stdout, a pipe or a device as it comes.

    A file is written beside its place, as FILE.part, and put there at the end of the block: what is
    raised in it leaves the file as it was. Raises FileRefused, at once where a write fails.
    """
    path = Path(name)
    with _refusing(name):
        if name == STANDARD:
            yield from _to_stdout()
        elif path.exists() and not path.is_file():
            with path.open("wb") as stream:
                yield partial(_write, name, stream)
        else:
            yield from _whole(path.resolve(), name)  # a link stays, and leads to what is written


def _whole(path: Path, name: str) -> Iterator[Write]:
    part = path.with_name(f"{path.name}.part")
    try:
        with part.open("wb") as file:
            yield partial(_write, name, file)
            file.flush()
            os.fsync(file.fileno())
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)


def _to_stdout() -> Iterator[Write]:
    stdout = _bytes_of(sys.stdout, "stdout")
    try:
        yield partial(_write, "stdout", stdout)
        with _refusing("stdout"):
            stdout.flush()
    except FileRefused as error:
        if isinstance(error.__cause__, OSError):
            # What is still in the buffer would fail again when Python ends.
            nowhere = os.open(os.devnull, os.O_WRONLY)
            os.dup2(nowhere, stdout.fileno())
            os.close(nowhere)
        raise


def _bytes_of(stream: TextIO | None, name: str) -> BinaryIO:
    if stream is None:
        raise FileRefused(f"{name} is closed")
    return stream.buffer


def _write(name: str, stream: BinaryIO, content: bytes) -> None:
    with _refusing(name):
        stream.write(content)


@contextmanager
def _refusing(name: str) -> Iterator[None]:
    """Say which file it was. A reader who has read enough is told nothing."""
    try:
        yield
    except BrokenPipeError as error:
        raise FileRefused from error
    except OSError as error:
        raise FileRefused(f"{name}: {error.strerror}") from error
