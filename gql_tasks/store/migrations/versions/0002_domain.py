"""projects, labels, subtasks, priority, dates and manual order.

The same promises as 0001: columns are added in place, each with a value of its own, and triggers
keep what other programs' writes would leave undone. They cannot be expected to switch SQLite's
foreign keys on, so what a delete takes with it is a trigger's work as well as a foreign key's.

A position is a fractional index (https://www.npmjs.com/package/fractional-indexing): text compared
byte by byte. A row written without one sorts by its id: a letter for the number of digits, then the
digits, which is such an index too.
"""

from alembic import op

from gql_tasks.store.migrations.triggers import users_triggers_aside

revision = "0002"
down_revision = "0001"

UNSTAMPED = "1970-01-01T00:00:00.000Z"
NOW = "strftime('%Y-%m-%dT%H:%M:%fZ', 'now')"
STAMPS = f"""
        version INTEGER DEFAULT 1 NOT NULL,
        created_at VARCHAR DEFAULT ({NOW}) NOT NULL,
        updated_at VARCHAR DEFAULT ({NOW}) NOT NULL
"""


def sqlite_position(row: str) -> str:
    """Write the position of a row that was given none."""
    return f"CASE WHEN {row}id < 0 THEN 'a0' ELSE char(96 + length({row}id)) || {row}id END"


# What a person or a program writes; a change of any of them is a change of the task.
TASK_COLUMNS = (
    "title",
    "description",
    "completed",
    "priority",
    "due_on",
    "due_at",
    "start_on",
    "project_id",
    "parent_id",
    "position",  # the last: that a row gets its first is no change
)

SQLITE = (
    f"""
    CREATE TABLE projects (
        id INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL,
        name VARCHAR NOT NULL,
        color VARCHAR,
        position VARCHAR DEFAULT '' NOT NULL,
        archived_at VARCHAR,
        {STAMPS}
    )
    """,
    f"""
    CREATE TABLE labels (
        id INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL,
        name VARCHAR NOT NULL,
        color VARCHAR,
        {STAMPS}
    )
    """,
    (
        "ALTER TABLE tasks ADD COLUMN priority INTEGER DEFAULT 0 NOT NULL"
        " CHECK (priority BETWEEN 0 AND 4)"
    ),
    "ALTER TABLE tasks ADD COLUMN due_on VARCHAR",
    "ALTER TABLE tasks ADD COLUMN due_at VARCHAR CHECK (due_on IS NULL OR due_at IS NULL)",
    "ALTER TABLE tasks ADD COLUMN start_on VARCHAR",
    "ALTER TABLE tasks ADD COLUMN position VARCHAR DEFAULT '' NOT NULL",
    "ALTER TABLE tasks ADD COLUMN project_id INTEGER REFERENCES projects (id) ON DELETE SET NULL",
    "ALTER TABLE tasks ADD COLUMN parent_id INTEGER REFERENCES tasks (id)",
    # What the API shows and sorts by, where that is not what a column holds.
    (
        "ALTER TABLE tasks ADD COLUMN is_completed BOOLEAN"
        " GENERATED ALWAYS AS (iif(completed, 1, 0)) VIRTUAL"
    ),
    (
        "ALTER TABLE tasks ADD COLUMN due VARCHAR"
        " GENERATED ALWAYS AS (coalesce(due_at, due_on || 'T00:00:00.000Z')) VIRTUAL"
    ),
    """
    CREATE TABLE task_labels (
        task_id INTEGER NOT NULL REFERENCES tasks (id) ON DELETE CASCADE,
        label_id INTEGER NOT NULL REFERENCES labels (id) ON DELETE CASCADE,
        PRIMARY KEY (task_id, label_id)
    ) WITHOUT ROWID
    """,
    "DROP TRIGGER tasks_stamp_insert",
    "DROP TRIGGER tasks_stamp_update",
    f"UPDATE tasks SET position = {sqlite_position('')}",
    # With is_completed at the end, lists and counts of open tasks pass by the others in the index.
    "CREATE INDEX ix_tasks_position ON tasks (position, id, is_completed)",
    "CREATE INDEX ix_tasks_project_id ON tasks (project_id, position, id, is_completed)",
    "CREATE INDEX ix_tasks_parent_id ON tasks (parent_id, position, id)",
    "CREATE INDEX ix_tasks_is_completed ON tasks (is_completed, due, id)",
    "CREATE INDEX ix_tasks_due ON tasks (due, id, is_completed)",
    "CREATE INDEX ix_tasks_created_at ON tasks (created_at, id)",
    "CREATE INDEX ix_task_labels_label_id ON task_labels (label_id, task_id)",
    f"""
    CREATE TRIGGER tasks_stamp_insert AFTER INSERT ON tasks
    WHEN NEW.created_at = '{UNSTAMPED}' OR NEW.position = ''
    BEGIN
        UPDATE tasks
        SET created_at = CASE NEW.created_at WHEN '{UNSTAMPED}' THEN {NOW} ELSE NEW.created_at END,
            updated_at = CASE NEW.updated_at WHEN '{UNSTAMPED}' THEN {NOW} ELSE NEW.updated_at END,
            completed_at = CASE WHEN NEW.completed THEN coalesce(NEW.completed_at, {NOW}) END
        WHERE id = NEW.id;
        UPDATE tasks SET position = {sqlite_position("NEW.")} WHERE id = NEW.id AND position = '';
    END
    """,
    f"""
    CREATE TRIGGER tasks_stamp_update AFTER UPDATE OF {", ".join(TASK_COLUMNS)} ON tasks
    WHEN {" OR ".join(f"OLD.{name} IS NOT NEW.{name}" for name in TASK_COLUMNS[:-1])}
        OR (OLD.position IS NOT NEW.position AND OLD.position <> '')
    BEGIN
        UPDATE tasks
        SET version = OLD.version + 1, updated_at = {NOW},
            completed_at = CASE
                WHEN NOT coalesce(NEW.completed, 0) THEN NULL
                WHEN coalesce(OLD.completed, 0) THEN OLD.completed_at
                ELSE {NOW}
            END
        WHERE id = NEW.id;
    END
    """,
    """
    CREATE TRIGGER tasks_leave AFTER DELETE ON tasks
    BEGIN
        UPDATE tasks SET parent_id = nullif(OLD.parent_id, OLD.id) WHERE parent_id = OLD.id;
        DELETE FROM task_labels WHERE task_id = OLD.id;
    END
    """,
    """
    CREATE TRIGGER projects_leave AFTER DELETE ON projects
    BEGIN
        UPDATE tasks SET project_id = NULL WHERE project_id = OLD.id;
    END
    """,
    """
    CREATE TRIGGER labels_leave AFTER DELETE ON labels
    BEGIN
        DELETE FROM task_labels WHERE label_id = OLD.id;
    END
    """,
    f"""
    CREATE TRIGGER task_labels_stamp_insert AFTER INSERT ON task_labels
    BEGIN
        UPDATE tasks SET version = version + 1, updated_at = {NOW} WHERE id = NEW.task_id;
    END
    """,
    f"""
    CREATE TRIGGER task_labels_stamp_delete AFTER DELETE ON task_labels
    BEGIN
        UPDATE tasks SET version = version + 1, updated_at = {NOW} WHERE id = OLD.task_id;
    END
    """,
    f"""
    CREATE TRIGGER projects_stamp_insert AFTER INSERT ON projects WHEN NEW.position = ''
    BEGIN
        UPDATE projects SET position = {sqlite_position("NEW.")} WHERE id = NEW.id;
    END
    """,
    f"""
    CREATE TRIGGER projects_stamp_update
    AFTER UPDATE OF name, color, position, archived_at ON projects
    WHEN OLD.name IS NOT NEW.name OR OLD.color IS NOT NEW.color
        OR OLD.archived_at IS NOT NEW.archived_at
        OR (OLD.position IS NOT NEW.position AND OLD.position <> '')
    BEGIN
        UPDATE projects SET version = OLD.version + 1, updated_at = {NOW} WHERE id = NEW.id;
    END
    """,
    f"""
    CREATE TRIGGER labels_stamp_update AFTER UPDATE OF name, color ON labels
    WHEN OLD.name IS NOT NEW.name OR OLD.color IS NOT NEW.color
    BEGIN
        UPDATE labels SET version = OLD.version + 1, updated_at = {NOW} WHERE id = NEW.id;
    END
    """,
)

PG_INSTANT = "TIMESTAMP(3) WITH TIME ZONE"
PG_STAMPS = f"""
        version INTEGER DEFAULT 1 NOT NULL,
        created_at {PG_INSTANT} DEFAULT now() NOT NULL,
        updated_at {PG_INSTANT} DEFAULT now() NOT NULL
"""
PG_POSITION = "CASE WHEN NEW.id < 0 THEN 'a0' ELSE chr(96 + length(NEW.id::text)) || NEW.id END"

POSTGRESQL = (
    f"""
    CREATE TABLE projects (
        id BIGINT GENERATED BY DEFAULT AS IDENTITY PRIMARY KEY,
        name VARCHAR NOT NULL,
        color VARCHAR,
        position VARCHAR COLLATE "C" DEFAULT '' NOT NULL,
        archived_at {PG_INSTANT},
        {PG_STAMPS}
    )
    """,
    f"""
    CREATE TABLE labels (
        id BIGINT GENERATED BY DEFAULT AS IDENTITY PRIMARY KEY,
        name VARCHAR NOT NULL,
        color VARCHAR,
        {PG_STAMPS}
    )
    """,
    f"""
    ALTER TABLE tasks
        ADD COLUMN priority INTEGER DEFAULT 0 NOT NULL CHECK (priority BETWEEN 0 AND 4),
        ADD COLUMN due_on DATE,
        ADD COLUMN due_at {PG_INSTANT},
        ADD COLUMN start_on DATE,
        ADD COLUMN position VARCHAR COLLATE "C" DEFAULT '' NOT NULL,
        ADD COLUMN project_id BIGINT REFERENCES projects (id) ON DELETE SET NULL,
        ADD COLUMN parent_id BIGINT REFERENCES tasks (id) DEFERRABLE INITIALLY DEFERRED,
        ADD CHECK (due_on IS NULL OR due_at IS NULL)
    """,
    f"""
    ALTER TABLE tasks
        ADD COLUMN is_completed BOOLEAN
            GENERATED ALWAYS AS (coalesce(completed, false)) STORED,
        ADD COLUMN due {PG_INSTANT}
            GENERATED ALWAYS AS (coalesce(due_at, due_on::timestamp AT TIME ZONE 'UTC')) STORED
    """,
    """
    CREATE TABLE task_labels (
        task_id BIGINT NOT NULL REFERENCES tasks (id) ON DELETE CASCADE,
        label_id BIGINT NOT NULL REFERENCES labels (id) ON DELETE CASCADE,
        PRIMARY KEY (task_id, label_id)
    )
    """,
    "ALTER TABLE tasks DISABLE TRIGGER USER",
    (
        "UPDATE tasks SET position = "
        "CASE WHEN id < 0 THEN 'a0' ELSE chr(96 + length(id::text)) || id END"
    ),
    "ALTER TABLE tasks ENABLE TRIGGER USER",
    "CREATE INDEX ix_tasks_position ON tasks (position, id, is_completed)",
    "CREATE INDEX ix_tasks_project_id ON tasks (project_id, position, id, is_completed)",
    "CREATE INDEX ix_tasks_parent_id ON tasks (parent_id, position, id)",
    "CREATE INDEX ix_tasks_is_completed ON tasks (is_completed, due, id)",
    "CREATE INDEX ix_tasks_due ON tasks (due, id, is_completed)",
    "CREATE INDEX ix_tasks_created_at ON tasks (created_at, id)",
    "CREATE INDEX ix_task_labels_label_id ON task_labels (label_id, task_id)",
    f"""
    CREATE OR REPLACE FUNCTION tasks_stamp() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        IF TG_OP = 'INSERT' THEN
            IF NEW.completed AND NEW.completed_at IS NULL THEN
                NEW.completed_at := now();
            END IF;
            IF NEW.position = '' THEN
                NEW.position := {PG_POSITION};
            END IF;
        ELSIF ({", ".join(f"OLD.{name}" for name in TASK_COLUMNS)})
                IS DISTINCT FROM ({", ".join(f"NEW.{name}" for name in TASK_COLUMNS)}) THEN
            NEW.version := OLD.version + 1;
            NEW.updated_at := now();
            NEW.completed_at := CASE
                WHEN NOT coalesce(NEW.completed, false) THEN NULL
                WHEN coalesce(OLD.completed, false) THEN OLD.completed_at
                ELSE now()
            END;
        END IF;
        RETURN NEW;
    END
    $$
    """,
    """
    CREATE FUNCTION tasks_leave() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        WITH RECURSIVE orphans (id, parent_id) AS (
            SELECT tasks.id, gone.parent_id FROM tasks JOIN gone ON tasks.parent_id = gone.id
            UNION
            SELECT orphans.id, gone.parent_id FROM orphans JOIN gone ON orphans.parent_id = gone.id
        )
        UPDATE tasks SET parent_id = orphans.parent_id
        FROM orphans
        WHERE tasks.id = orphans.id
            AND NOT EXISTS (SELECT FROM gone WHERE gone.id = orphans.parent_id);
        -- What hung on a cycle that another program had tied has nowhere to move up to.
        UPDATE tasks SET parent_id = NULL WHERE parent_id IN (SELECT id FROM gone);
        RETURN NULL;
    END
    $$
    """,
    # Once a statement: of rows that go together, the parent of one may be another of them.
    """
    CREATE TRIGGER tasks_leave AFTER DELETE ON tasks REFERENCING OLD TABLE AS gone
    FOR EACH STATEMENT EXECUTE FUNCTION tasks_leave()
    """,
    """
    CREATE FUNCTION task_labels_stamp() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        UPDATE tasks SET version = version + 1, updated_at = now()
        WHERE id = CASE TG_OP WHEN 'DELETE' THEN OLD.task_id ELSE NEW.task_id END;
        RETURN NULL;
    END
    $$
    """,
    """
    CREATE TRIGGER task_labels_stamp AFTER INSERT OR DELETE ON task_labels
    FOR EACH ROW EXECUTE FUNCTION task_labels_stamp()
    """,
    f"""
    CREATE FUNCTION projects_stamp() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        IF TG_OP = 'INSERT' THEN
            IF NEW.position = '' THEN
                NEW.position := {PG_POSITION};
            END IF;
        ELSIF (OLD.name, OLD.color, OLD.position, OLD.archived_at)
                IS DISTINCT FROM (NEW.name, NEW.color, NEW.position, NEW.archived_at) THEN
            NEW.version := OLD.version + 1;
            NEW.updated_at := now();
        END IF;
        RETURN NEW;
    END
    $$
    """,
    """
    CREATE TRIGGER projects_stamp BEFORE INSERT OR UPDATE ON projects
    FOR EACH ROW EXECUTE FUNCTION projects_stamp()
    """,
    """
    CREATE FUNCTION labels_stamp() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        IF (OLD.name, OLD.color) IS DISTINCT FROM (NEW.name, NEW.color) THEN
            NEW.version := OLD.version + 1;
            NEW.updated_at := now();
        END IF;
        RETURN NEW;
    END
    $$
    """,
    """
    CREATE TRIGGER labels_stamp BEFORE UPDATE ON labels
    FOR EACH ROW EXECUTE FUNCTION labels_stamp()
    """,
)


def upgrade() -> None:
    """Add it all."""
    connection = op.get_bind()
    with users_triggers_aside(connection):
        for statement in {"sqlite": SQLITE, "postgresql": POSTGRESQL}[connection.dialect.name]:
            connection.exec_driver_sql(statement)
