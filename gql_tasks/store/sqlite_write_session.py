"""The session of a transaction that writes SQLite, and its units of work."""

from collections.abc import Awaitable, Callable, Sequence
from typing import Any

from sqlalchemy import Connection
from sqlalchemy.exc import DatabaseError

from gql_tasks.domain.errors import StoreUnavailable
from gql_tasks.store import mutations
from gql_tasks.store.database import Statements, T, WriteSession
from gql_tasks.store.sqlite_driver import sqlite3
from gql_tasks.store.sqlite_errors import translated
from gql_tasks.store.sqlite_files import driver
from gql_tasks.store.sqlite_search import SEARCH_INDEX, index_pending


class SqliteWriteSession(WriteSession):
    """A session whose own statements go to the driver: there is less around them than in them."""

    store = "sqlite"

    def __init__(self, connection: Connection, statements: Statements) -> None:
        # What SQLAlchemy does for a unit of work is in a savepoint too, within that unit's.
        super().__init__(
            connection, statements=statements, join_transaction_mode="create_savepoint"
        )
        self._driver = driver(connection)

    def rows(self, text: str, values: Sequence[Any] = ()) -> Sequence[Any]:
        """Run a statement and read its rows, all of them: one half read would keep its lock."""
        if SEARCH_INDEX in text:
            index_pending(self._driver)
        rows: list[Any] = self._driver.execute(text, values).fetchall()
        return rows

    @property
    def is_whole(self) -> bool:
        """Tell whether SQLite has not taken all of the transaction back."""
        return bool(self._driver.in_transaction)

    def do(self, work: Callable[[WriteSession], T], *, indexed: bool = True) -> T:
        """Do a unit of work, or, where it raises, none of it.

        With `indexed`, what it has written is in the search index then.
        """
        self.rows("SAVEPOINT unit")
        try:
            result = mutations.run(self, work)
            if self.in_transaction():
                self.commit()
            if indexed:
                index_pending(self._driver)
        except BaseException:
            self.rollback()
            if self.is_whole:
                self.rows("ROLLBACK TO unit")
                self.rows("RELEASE unit")
            raise
        self.rows("RELEASE unit")
        return result


class SqliteTransaction:
    """Units of work on one session of the writer's thread."""

    def __init__(
        self, session: SqliteWriteSession, in_thread: Callable[..., Awaitable[Any]]
    ) -> None:
        self._session = session
        self._in_thread = in_thread

    async def write(self, work: Callable[[WriteSession], T]) -> T:
        """Do a unit of work. Raises StoreUnavailable where those before it were taken back."""
        if not self._session.is_whole:
            raise StoreUnavailable("the database took the transaction back; nothing was written")
        try:
            result: T = await self._in_thread(self._session.do, work)
        except (DatabaseError, sqlite3.DatabaseError) as error:
            raise translated(error) from error
        return result
