"""What goes to the stores' drivers, seen by SQLAlchemy's own events, and what goes past them."""

import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, NamedTuple
from unittest.mock import patch

from sqlalchemy import Engine, event

from gql_tasks.store.sqlite_write_session import SqliteWriteSession


class Statement(NamedTuple):
    """A statement as the driver got it."""

    text: str
    values: tuple[Any, ...]


@contextmanager
def statements_run() -> Iterator[list[Statement]]:
    """Collect the statements that run while the block does."""
    statements: list[Statement] = []
    with on_statement("before_cursor_execute", statements.append):
        yield statements


@contextmanager
def on_statement(moment: str, act: Callable[[Statement], None]) -> Iterator[None]:
    """Act at each `before_cursor_execute` or `after_cursor_execute`, in the thread it runs on."""

    def listener(_connection: Any, _cursor: Any, text: str, values: Any, *_rest: Any) -> None:
        act(Statement(text, tuple(values)))

    past_sqlalchemy = SqliteWriteSession.rows

    def rows(self: SqliteWriteSession, text: str, values: Sequence[Any] = ()) -> Sequence[Any]:
        statement = Statement(text, tuple(values))
        if moment == "before_cursor_execute":
            act(statement)
        found = past_sqlalchemy(self, text, values)
        if moment == "after_cursor_execute":
            act(statement)
        return found

    event.listen(Engine, moment, listener)
    try:
        with patch.object(SqliteWriteSession, "rows", rows):
            yield
    finally:
        event.remove(Engine, moment, listener)


TOKEN = re.compile(r"'(?:''|[^'])*'|json(?:_build)?_object\((?!\))|json_insert\(|, |.", re.DOTALL)


def readable(statement: str) -> str:
    """Give each clause a line, and each key of a JSON object."""
    text = ""
    open_calls: list[int | None] = []  # the commas met in a JSON object; None: another call
    for token in TOKEN.findall(re.sub(r" *\n *| (?=ORDER BY)", "\n", statement)):
        starts_pair = token.endswith("object(")
        if token.endswith("("):
            # json_insert takes an object before its pairs.
            open_calls.append({"(": None, "json_insert(": 1}.get(token, 0))
        elif token == ")":
            open_calls.pop()
        elif token == ", " and open_calls and open_calls[-1] is not None:
            open_calls[-1] += 1
            starts_pair = open_calls[-1] % 2 == 0
        text += token.rstrip(" ") + "\n  " if starts_pair else token
    return text
