"""A file that is read line by line, from its start as often as need be."""

from codecs import BOM_UTF8
from collections.abc import Iterator
from os import SEEK_END
from typing import BinaryIO

from gql_tasks.services.formats.files import Progress

MAX_BYTES = 134_217_728
"""The longest line of a file, and the longest file in one piece, that is read into memory."""

STEP_BYTES = 65_536
"""Bytes after which progress is told."""


class Unreadable(Exception):
    """A file that cannot be read on from a line."""

    def __init__(self, line: int, message: str) -> None:
        self.line, self.message = line, message
        super().__init__(message)


class Source:
    """A file in UTF-8, with a byte order mark or without one. `name` is what people call it.

    Progress is told in bytes; `passes` is how often the file will be read.
    """

    def __init__(self, file: BinaryIO, name: str, progress: Progress, *, passes: int) -> None:
        self._file, self.name, self._progress = file, name, progress
        self._total = passes * file.seek(0, SEEK_END)
        self._done = 0

    def lines(self) -> Iterator[tuple[int, str]]:
        """Read the lines with their numbers. Raises Unreadable."""
        self._file.seek(0)
        number = told = read = 0
        while line := self._file.readline(MAX_BYTES + 1):
            number += 1
            read += len(line)
            if len(line) > MAX_BYTES:
                raise Unreadable(number, f"is longer than {MAX_BYTES} bytes")
            yield number, _decoded(line if number > 1 else line.removeprefix(BOM_UTF8), number)
            if read - told >= STEP_BYTES:
                self._tell(read - told)
                told = read
        self._tell(read - told)

    def text(self) -> str:
        """Read all of it. Raises Unreadable."""
        self._file.seek(0)
        content = self._file.read(MAX_BYTES + 1)
        if len(content) > MAX_BYTES:
            raise Unreadable(1, f"the file is longer than {MAX_BYTES} bytes; part it")
        self._tell(len(content))
        return _decoded(content.removeprefix(BOM_UTF8), 1)

    def _tell(self, more: int) -> None:
        self._done += more
        self._progress(self._done, self._total)


def _decoded(content: bytes, line: int) -> str:
    try:
        return content.decode()
    except UnicodeDecodeError as error:
        line += content.count(b"\n", 0, error.start)
        raise Unreadable(line, "is not UTF-8") from error
