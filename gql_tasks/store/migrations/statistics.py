"""What SQLite's planner takes every store for, a part of migration 0007: a large one of many open
tasks.

Without statistics the planner guesses, and reads open tasks by position from the index of their
days and sorts them. With those that ANALYZE makes of a store it decides by what was in it then. So
the numbers are written, as https://sqlite.org/lang_analyze.html suggests for applications that are
shipped, and every store is read in one way: the empty one, too, that will be large.

Each text is an index's: its rows, and how many of them have the same first column, the same first
two, and so on: 100,000 tasks, 1,000 to a project, a tenth of them subtasks. Two are chosen for what
follows from them. With half of the tasks open, the newest open ones are looked for among the newest
and not sorted. With entries of 100 bytes, `sz`, the index by project is not gone through for every
completed task: the rows would be read in the order of projects, and in their own it is twice as
fast.

Whoever runs ANALYZE or PRAGMA optimize gets the numbers of the own store in their place.
"""

from sqlalchemy import Connection

STATISTICS = (
    ("tasks", "ix_tasks_id", "100000 1"),
    ("tasks", "ix_tasks_title", "100000 2"),
    ("tasks", "ix_tasks_position", "100000 1 1"),
    ("tasks", "ix_tasks_project_id", "100000 1000 1 1 1 sz=100"),
    ("tasks", "ix_tasks_parent_id", "10000 4 1 1"),
    ("tasks", "ix_tasks_due", "100000 100 1"),
    ("tasks", "ix_tasks_created_at", "100000 1 1"),
    ("tasks", "ix_tasks_open_id", "50000 1"),
    ("tasks", "ix_tasks_open_position", "50000 1 1"),
    ("tasks", "ix_tasks_open_due", "50000 50 1"),
    ("tasks", "ix_tasks_open_project_id", "50000 500 5 1"),
    ("projects", None, "100"),
    ("labels", None, "50"),
    ("task_labels", "task_labels", "150000 2 1"),
    ("task_labels", "ix_task_labels_label_id", "150000 3000 1"),
    ("changes", "ix_changes_row_id", "300000 3 3 1"),
    ("mutations", "ix_mutations_client_mutation_id", "100000 1"),
)


def write_statistics(connection: Connection) -> None:
    """Write them in place of what is known of these indexes, and of nobody else's.

    Connections that have the file open see them with the next change of the schema; this one does
    at once.
    """
    connection.exec_driver_sql("ANALYZE sqlite_schema")  # makes the table, and counts nothing
    for table, index, text in STATISTICS:
        connection.exec_driver_sql(
            "DELETE FROM sqlite_stat1 WHERE tbl = ? AND idx IS ?", (table, index)
        )
        connection.exec_driver_sql(
            "INSERT INTO sqlite_stat1 VALUES (?, ?, ?)", (table, index, text)
        )
    connection.exec_driver_sql("ANALYZE sqlite_schema")  # reads it
