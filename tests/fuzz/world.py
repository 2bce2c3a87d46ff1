"""The rows that every example begins with, and what the log says of what was done to them."""

from tests.change_log import World, numbered_log_of, replayed, world_of
from tests.sql import Address

FIRST_FREE = 100
"""Ids from here on are new rows'."""

ROWS = (
    "DELETE FROM tasks",
    "DELETE FROM projects",
    "DELETE FROM labels",
    "INSERT INTO projects (id, name, position) VALUES (1, 'Home', 'a0'), (2, 'Work', 'a1')",
    "INSERT INTO labels (id, name) VALUES (1, 'calm'), (2, 'loud')",
    """INSERT INTO tasks (id, title, priority, due_on, project_id, parent_id, position) VALUES
        (1, 'top', 1, '2026-01-31', 1, NULL, 'a0'), (2, 'middle', 0, NULL, NULL, 1, 'a1'),
        (3, 'low', 4, NULL, 2, 2, 'a2'), (4, 'other', 0, '2026-02-01', 2, NULL, 'a3'),
        (5, '', 2, NULL, NULL, NULL, 'a4')""",
    "INSERT INTO task_labels (task_id, label_id) VALUES (1, 1), (1, 2), (3, 1)",
)
SEQUENCES = tuple(
    f"SELECT setval(pg_get_serial_sequence('{table}', 'id'), {FIRST_FREE})"
    for table in ("tasks", "projects", "labels")
)


class Rows:
    """The rows of a store, which only its log may have changed."""

    def __init__(self, address: Address) -> None:
        self._address = address
        address.execute(*ROWS, *(() if address.is_sqlite else SEQUENCES))
        self._read()

    def _read(self) -> None:
        self._world: World = world_of(self._address)
        [(self._end,)] = self._address.fetch("SELECT coalesce(max(id), 0) FROM changes")

    def check(self, *, refused: bool) -> None:
        """Replay what the log has since the last time; it has nothing where all was refused."""
        entries = numbered_log_of(self._address, self._end)
        assert not (refused and entries), entries
        assert replayed([entry for _, entry in entries], self._world) == world_of(self._address)
        self._read()
