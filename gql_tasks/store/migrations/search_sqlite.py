"""The search index's triggers on SQLite, a part of migration 0007, and the texts that it indexes.

FTS5 writes a segment of its index at the end of every statement that sets off a trigger, which is
most of what a new task costs. So what this program writes, whose transactions name a mutation, only
notes its rows, and is indexed in one statement before the commit (`store/sqlite_search.py`). What
any other program writes is indexed at once.

A row that is noted twice is `ON CONFLICT DO NOTHING`, and not `OR IGNORE`, for which SQLite would
take what the statement says that set the trigger off: an `UPDATE OR FAIL` of the file's owner would
fail.
"""

INDEXED_CHARACTERS = 100_000

OURS = "(SELECT mutation FROM change_log) IS NOT NULL"
"""Whether it is this program that writes."""

NEW_TEXTS = (
    "OLD.id <> NEW.id OR OLD.title IS NOT NEW.title OR OLD.description IS NOT NEW.description"
)


def sqlite_texts(row: str) -> str:
    """Write the texts of a row as they are indexed."""
    return ", ".join(
        f"substr(replace({row}{name}, 'İ', 'i'), 1, {INDEXED_CHARACTERS})"
        for name in ("title", "description")
    )


INDEX_NEW = f"""INSERT INTO tasks_search (rowid, title, description)
        VALUES (NEW.id, {sqlite_texts("NEW.")});"""
"""What a trigger does for a row that is in no index yet, or no longer."""

PENDING = "CREATE TABLE IF NOT EXISTS tasks_search_pending (id INTEGER PRIMARY KEY NOT NULL)"
"""The rows to be indexed before the commit. In a committed store there are none."""

SEARCH_TRIGGERS = (
    f"""
    CREATE TRIGGER tasks_search_insert AFTER INSERT ON tasks WHEN NOT {OURS}
    BEGIN
        DELETE FROM tasks_search WHERE rowid = NEW.id;
        {INDEX_NEW}
    END
    """,
    f"""
    CREATE TRIGGER tasks_search_update AFTER UPDATE OF id, title, description ON tasks
    WHEN NOT {OURS} AND ({NEW_TEXTS})
    BEGIN
        DELETE FROM tasks_search WHERE rowid IN (OLD.id, NEW.id);
        {INDEX_NEW}
    END
    """,
    f"""
    CREATE TRIGGER tasks_search_delete AFTER DELETE ON tasks WHEN NOT {OURS}
    BEGIN
        DELETE FROM tasks_search WHERE rowid = OLD.id;
    END
    """,
    f"""
    CREATE TRIGGER tasks_search_note_insert AFTER INSERT ON tasks WHEN {OURS}
    BEGIN
        INSERT INTO tasks_search_pending VALUES (NEW.id) ON CONFLICT DO NOTHING;
    END
    """,
    f"""
    CREATE TRIGGER tasks_search_note_update AFTER UPDATE OF id, title, description ON tasks
    WHEN {OURS} AND ({NEW_TEXTS})
    BEGIN
        INSERT INTO tasks_search_pending VALUES (OLD.id), (NEW.id) ON CONFLICT DO NOTHING;
    END
    """,
    f"""
    CREATE TRIGGER tasks_search_note_delete AFTER DELETE ON tasks WHEN {OURS}
    BEGIN
        INSERT INTO tasks_search_pending VALUES (OLD.id) ON CONFLICT DO NOTHING;
    END
    """,
)
