"""Reading and writing a store from outside, as the tutorial's program, sqlite3 or psql would."""

import asyncio
from collections.abc import Callable, Coroutine
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from typing import Any, TypeVar

from gql_tasks.store.sqlite_driver import sqlite3
from tests import postgresql

T = TypeVar("T")


class Address(str):
    """Where a store is: a file's path or a URL."""

    __slots__ = ()

    @property
    def is_sqlite(self) -> bool:
        return "://" not in self

    def execute(self, *statements: str) -> None:
        """Run statements and commit."""
        if not self.is_sqlite:
            run(postgresql.execute, str(self), *statements)
            return
        with closing(sqlite3.connect(self)) as connection:
            for statement in statements:
                connection.execute(statement)
            connection.commit()

    def fetch(self, query: str) -> list[tuple[Any, ...]]:
        """Read rows."""
        if not self.is_sqlite:
            return run(postgresql.fetch, str(self), query)
        with closing(sqlite3.connect(self)) as connection:
            return connection.execute(query).fetchall()


def run(function: Callable[..., Coroutine[Any, Any, T]], *arguments: Any) -> T:
    """Run a coroutine in an event loop of its own, also from a test that has one running."""
    with ThreadPoolExecutor(1) as thread:
        return thread.submit(lambda: asyncio.run(function(*arguments))).result()
