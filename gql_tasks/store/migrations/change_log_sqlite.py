"""The change log's tables and triggers on SQLite: a part of migrations 0004 and 0007."""

from gql_tasks.store.migrations.change_log import CONTENT, ENTITIES, PRIORITIES, STAMPS

UNSTAMPED = "1970-01-01T00:00:00.000Z"
NOW = "strftime('%Y-%m-%dT%H:%M:%fZ', 'now')"


def labels_of(task_id: str, without: str = "", also: str = "") -> str:
    """Write the ids of a task's labels, on SQLite, as `ids`."""
    left_out = f" AND label_id <> {without}" if without else ""
    added = f" UNION SELECT {also}" if also else ""
    return f"""(
            SELECT json_group_array(cast(label_id AS TEXT)) AS ids FROM (
                SELECT label_id FROM task_labels WHERE task_id = {task_id}{left_out}{added}
                ORDER BY label_id
            )
        )"""


def sqlite_state(table: str, row: str, **instead: str) -> str:
    """Write a row as JSON, some members with other values than it has.

    Casts, because a column of SQLite may hold a BLOB, which JSON cannot.
    """

    def text(name: str) -> str:
        return f"cast({row}.{name} AS TEXT)"

    priority = " ".join(f"WHEN {rank} THEN '{name}'" for rank, name in enumerate(PRIORITIES))
    stamps = {
        "version": f"cast({row}.version AS INTEGER)",
        "createdAt": text("created_at"),
        "updatedAt": text("updated_at"),
    }
    members = {
        "tasks": {
            "id": text("id"),
            "title": f"cast(coalesce({row}.title, '') AS TEXT)",
            "description": f"cast(coalesce({row}.description, '') AS TEXT)",
            "completed": f"json(iif({row}.completed, 'true', 'false'))",
            "completedAt": text("completed_at"),
            "priority": f"CASE {row}.priority {priority} END",
            "dueOn": text("due_on"),
            "dueAt": text("due_at"),
            "startOn": text("start_on"),
            "position": text("position"),
            "projectId": text("project_id"),
            "parentId": text("parent_id"),
            "labelIds": labels_of(f"{row}.id"),
        },
        "projects": {
            "id": text("id"),
            "name": text("name"),
            "color": text("color"),
            "position": text("position"),
            "archivedAt": text("archived_at"),
        },
        "labels": {"id": text("id"), "name": text("name"), "color": text("color")},
    }[table] | stamps
    members |= instead
    pairs = ", ".join(f"'{name}', {value}" for name, value in members.items())
    return f"json_object({pairs})"


def sqlite_nulls(table: str, row: str) -> str:
    """Name the columns whose NULL the API does not show, on SQLite."""
    if table != "tasks":
        return "''"
    return "trim({})".format(
        " || ".join(
            f"iif({row}.{name} IS NULL, '{name} ', '')"
            for name in ("title", "description", "completed")
        )
    )


def sqlite_entry(table: str, *, row_id: str, before: str, after: str, nulls: str, rows: str) -> str:
    """Write an entry of the log, or none where `rows` are none."""
    return f"""
        INSERT INTO changes (entity, row_id, before, after, nulls, mutation_id)
        SELECT '{ENTITIES[table]}', {row_id}, {before}, {after}, {nulls},
            (SELECT mutation FROM change_log)
        {rows};
    """


def sqlite_known(table: str, row_id: str, member: str = "after") -> str:
    """Look up what the log says a row was last; NULL where it says nothing."""
    return f"""(
            SELECT {member} FROM changes WHERE entity = '{ENTITIES[table]}' AND row_id = {row_id}
            ORDER BY id DESC LIMIT 1
        )"""


def differ(names: tuple[str, ...]) -> str:
    """Say that a column has another value."""
    return "(" + " OR ".join(f"OLD.{name} IS NOT NEW.{name}" for name in names) + ")"


def sqlite_position(row: str) -> str:
    """Write the position of a row that was given none."""
    return f"CASE WHEN {row}.id < 0 THEN 'a0' ELSE char(96 + length({row}.id)) || {row}.id END"


def sqlite_triggers(table: str) -> tuple[str, ...]:
    """Stamp and log the inserts, updates and deletes of a table, on SQLite."""
    content, positioned = CONTENT[table], "position" in CONTENT[table]
    # That a row gets its first position is no change; it gets it while it is inserted.
    inserted = "OLD.position <> ''" if positioned else "true"
    stamped = f"{inserted} AND OLD.created_at <> '{UNSTAMPED}'" if table == "tasks" else inserted
    changed = differ(tuple(name for name in content if name != "position"))
    if positioned:
        changed = f"({changed} OR (OLD.position IS NOT NEW.position AND {inserted}))"
    state = sqlite_state(table, table)
    now_row = f"FROM {table} WHERE id = NEW.id"
    stamp_insert = {
        "tasks": f"""
            UPDATE tasks
            SET created_at = iif(NEW.created_at = '{UNSTAMPED}', {NOW}, NEW.created_at),
                updated_at = iif(NEW.updated_at = '{UNSTAMPED}', {NOW}, NEW.updated_at),
                completed_at = CASE WHEN NEW.completed THEN coalesce(NEW.completed_at, {NOW}) END,
                position = iif(NEW.position = '', {sqlite_position("NEW")}, NEW.position)
            WHERE id = NEW.id AND (NEW.created_at = '{UNSTAMPED}' OR NEW.position = '');
        """,
        "projects": f"""
            UPDATE projects SET position = {sqlite_position("NEW")}
            WHERE id = NEW.id AND position = '';
        """,
        "labels": "",
    }[table]
    stamps = {"version": "cast(OLD.version AS INTEGER) + 1", "updatedAt": NOW}
    if table == "tasks":
        stamps["completedAt"] = f"""cast(CASE
                WHEN NOT coalesce(NEW.completed, 0) THEN NULL
                WHEN coalesce(OLD.completed, 0) THEN OLD.completed_at
                ELSE {NOW}
            END AS TEXT)"""
    columns = {"updatedAt": "updated_at", "completedAt": "completed_at"}
    stamp_columns = ", ".join(
        f"{columns.get(name, name)} = {value}" for name, value in stamps.items()
    )
    stamp_update = f"UPDATE {table} SET {stamp_columns} WHERE id = NEW.id"
    if positioned:
        # Of a row that has one it is not set: SQLite writes the entries of every index that has a
        # column of SET again, whether its value is another or not.
        position = sqlite_position("NEW")
        stamp_update = f"""{stamp_update} AND NEW.position <> '';
            UPDATE {table} SET {stamp_columns}, position = {position}
            WHERE id = NEW.id AND NEW.position = ''"""
        stamps["position"] = f"cast(iif(NEW.position = '', {position}, NEW.position) AS TEXT)"
    # An INSERT OR REPLACE deletes without setting off a trigger: the log knows what was there.
    known = sqlite_known(table, "NEW.id")
    gone = sqlite_entry(
        table,
        row_id="OLD.id",
        before=sqlite_state(table, "OLD"),
        after="NULL",
        nulls=sqlite_nulls(table, "OLD"),
        rows="",
    )
    new = sqlite_entry(table, row_id="id", before=known, after=state, nulls="''", rows=now_row)
    held, updated_row = {}, now_row
    if table == "tasks":  # the labels are the same before and after, and read once
        held = {"labelIds": "json(held.ids)"}
        updated_row = f"FROM {labels_of('NEW.id')} AS held CROSS JOIN tasks WHERE id = NEW.id"

    def entry(after: str, rows: str, **instead: str) -> str:
        before, nulls = sqlite_state(table, "OLD", **instead), sqlite_nulls(table, "OLD")
        return sqlite_entry(table, row_id="id", before=before, after=after, nulls=nulls, rows=rows)

    updated = entry(sqlite_state(table, table, **stamps, **held), updated_row, **held)
    restamped = entry(state, f"{now_row} AND {known} IS NOT {state}")
    return (
        f"""
        CREATE TRIGGER {table}_stamp_insert AFTER INSERT ON {table}
        BEGIN
            {stamp_insert}
            {new}
        END
        """,
        f"""
        CREATE TRIGGER {table}_stamp_update AFTER UPDATE ON {table}
        WHEN OLD.id = NEW.id AND {changed}
        BEGIN
            {updated}
            {stamp_update};
        END
        """,
        # What triggers stamp is in the log already, and mostly seen without looking there.
        f"""
        CREATE TRIGGER {table}_restamp AFTER UPDATE OF {", ".join(STAMPS[table])} ON {table}
        WHEN OLD.id = NEW.id AND NOT {differ(content)} AND {differ(STAMPS[table])} AND {stamped}
            AND NOT (NEW.version IS OLD.version + 1 AND NEW.updated_at IS {NOW})
        BEGIN
            {restamped}
        END
        """,
        f"""
        CREATE TRIGGER {table}_renumber AFTER UPDATE OF id ON {table} WHEN OLD.id <> NEW.id
        BEGIN
            {gone}
            {new}
        END
        """,
        # Before, because with it go its labels.
        f"CREATE TRIGGER {table}_log_delete BEFORE DELETE ON {table} BEGIN {gone} END",
    )


def sqlite_pair_entry(task_id: str, before: str) -> str:
    """Log and stamp that a task's labels changed.

    What REPLACE deletes sets off no trigger here either; `before` is what they were if the log does
    not know.
    """
    after = labels_of(task_id)
    labels = sqlite_known("tasks", task_id, "after -> '$.labelIds'")
    known = f"coalesce({labels}, {before})"
    entry = sqlite_entry(
        "tasks",
        row_id="tasks.id",
        before=sqlite_state("tasks", "tasks", labelIds=f"json({known})"),
        after=sqlite_state(
            "tasks",
            "tasks",
            labelIds=after,
            version="cast(tasks.version AS INTEGER) + 1",
            updatedAt=NOW,
        ),
        nulls=sqlite_nulls("tasks", "tasks"),
        rows=f"FROM tasks WHERE id = {task_id} AND {known} <> {after}",
    )
    logged = sqlite_known("tasks", task_id, "after ->> '$.version'")
    stamp = f"""
        UPDATE tasks SET version = version + 1, updated_at = {NOW}
        WHERE id = {task_id} AND version < {logged};
    """
    return entry + stamp


SQLITE_ADDED = sqlite_pair_entry("NEW.task_id", labels_of("NEW.task_id", without="NEW.label_id"))
SQLITE_REMOVED = sqlite_pair_entry("OLD.task_id", labels_of("OLD.task_id", also="OLD.label_id"))
SQLITE_EXCHANGED = sqlite_pair_entry(
    "NEW.task_id", labels_of("NEW.task_id", without="NEW.label_id", also="OLD.label_id")
)

SQLITE_TRIGGERS = (
    *(statement for table in ENTITIES for statement in sqlite_triggers(table)),
    f"""
    CREATE TRIGGER task_labels_stamp_insert AFTER INSERT ON task_labels
    BEGIN {SQLITE_ADDED} END
    """,
    f"""
    CREATE TRIGGER task_labels_stamp_delete AFTER DELETE ON task_labels
    BEGIN {SQLITE_REMOVED} END
    """,
    f"""
    CREATE TRIGGER task_labels_exchange AFTER UPDATE ON task_labels
    WHEN OLD.task_id = NEW.task_id AND OLD.label_id <> NEW.label_id
    BEGIN {SQLITE_EXCHANGED} END
    """,
    f"""
    CREATE TRIGGER task_labels_move AFTER UPDATE ON task_labels WHEN OLD.task_id <> NEW.task_id
    BEGIN {SQLITE_REMOVED} {SQLITE_ADDED} END
    """,
)

SQLITE = (
    f"""
    CREATE TABLE changes (
        id INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL,
        at VARCHAR DEFAULT ({NOW}) NOT NULL,
        entity VARCHAR NOT NULL,
        row_id INTEGER NOT NULL,
        before VARCHAR,
        after VARCHAR,
        nulls VARCHAR DEFAULT '' NOT NULL,
        mutation_id INTEGER
    )
    """,
    "CREATE INDEX ix_changes_row_id ON changes (row_id, entity, id)",
    f"""
    CREATE TABLE mutations (
        id INTEGER PRIMARY KEY NOT NULL,
        at VARCHAR DEFAULT ({NOW}) NOT NULL,
        client_mutation_id VARCHAR NOT NULL,
        request VARCHAR NOT NULL,
        answer VARCHAR
    )
    """,
    "CREATE UNIQUE INDEX ix_mutations_client_mutation_id ON mutations (client_mutation_id)",
    """
    CREATE TABLE change_log (
        id INTEGER PRIMARY KEY NOT NULL CHECK (id = 1),
        epoch VARCHAR NOT NULL,
        pruned_through INTEGER DEFAULT 0 NOT NULL,
        mutation INTEGER,
        last_mutation INTEGER DEFAULT 0 NOT NULL
    )
    """,
    "INSERT INTO change_log (id, epoch) VALUES (1, lower(hex(randomblob(3))))",
    "DROP TRIGGER tasks_stamp_insert",
    "DROP TRIGGER tasks_stamp_update",
    "DROP TRIGGER projects_stamp_insert",
    "DROP TRIGGER projects_stamp_update",
    "DROP TRIGGER labels_stamp_update",
    "DROP TRIGGER task_labels_stamp_insert",
    "DROP TRIGGER task_labels_stamp_delete",
    *SQLITE_TRIGGERS,
)
