"""Answers that cannot have changed: kept until the next commit, whoever makes it.

Before an answer is given again, the database is asked whether anything was committed since; SQLite
says so in two microseconds. So an answer is never older than a write that was acknowledged before
the request for it came. Where a database cannot say (PostgreSQL), nothing is kept.
"""

from collections.abc import Callable, Hashable
from typing import TypeAlias

Version: TypeAlias = int | None
"""What every commit changes; None where that cannot be told."""

Answer: TypeAlias = tuple[bytes, int]
"""A response body, and what it costs."""


class KeptAnswers:
    """The answers since the last commit, at most so many bytes of them."""

    def __init__(self, version: Callable[[], Version], max_bytes: int) -> None:
        self._version = version
        self._max_bytes = max_bytes
        self._kept: dict[Hashable, Answer] = {}
        self._bytes = 0
        self._at: Version = None
        self.hits = self.misses = 0

    def get(self, key: Hashable) -> tuple[Version, Answer | None]:
        """Tell the version now, and the answer to give, if it is kept."""
        version = self._version() if self._max_bytes else None
        if version is None:
            return None, None
        if version != self._at:
            self._kept.clear()
            self._at, self._bytes = version, 0
        found = self._kept.get(key)
        if found is None:
            self.misses += 1
        else:
            self.hits += 1
        return version, found

    def put(self, key: Hashable, version: Version, answer: Answer) -> None:
        """Keep an answer that was read after `get` told this version, where there is room."""
        size = len(answer[0])
        if version is not None and version == self._at and self._bytes + size <= self._max_bytes:
            self._kept[key] = answer
            self._bytes += size
