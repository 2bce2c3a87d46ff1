"""The change log's tables and triggers on PostgreSQL: a part of migration 0004."""

from gql_tasks.store.migrations.change_log import CONTENT, ENTITIES, PRIORITIES, STAMPS

PG_INSTANT = "TIMESTAMP(3) WITH TIME ZONE"
PG_NUMBER_LOCK = "1735487604, 4"  # "gqlt", as the locks of writers in store/rows.py


def pg_instant(name: str) -> str:
    """Write an instant as the API does."""
    return f"""to_char(timezone('UTC', {name}), 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')"""


def pg_state(table: str) -> str:
    """Write a row, `t`, as JSON."""
    priority = " ".join(f"WHEN {rank} THEN '{name}'" for rank, name in enumerate(PRIORITIES))
    members = {
        "tasks": {
            "id": "t.id::text",
            "title": "coalesce(t.title, '')",
            "description": "coalesce(t.description, '')",
            "completed": "coalesce(t.completed, false)",
            "completedAt": pg_instant("t.completed_at"),
            "priority": f"CASE t.priority {priority} END",
            "dueOn": "to_char(t.due_on, 'YYYY-MM-DD')",
            "dueAt": pg_instant("t.due_at"),
            "startOn": "to_char(t.start_on, 'YYYY-MM-DD')",
            "position": "t.position",
            "projectId": "t.project_id::text",
            "parentId": "t.parent_id::text",
            "labelIds": "coalesce((SELECT json_agg(label::text ORDER BY label)"
            " FROM unnest(labels) AS label), '[]')",
        },
        "projects": {
            "id": "t.id::text",
            "name": "t.name",
            "color": "t.color",
            "position": "t.position",
            "archivedAt": pg_instant("t.archived_at"),
        },
        "labels": {"id": "t.id::text", "name": "t.name", "color": "t.color"},
    }[table] | {
        "version": "t.version",
        "createdAt": pg_instant("t.created_at"),
        "updatedAt": pg_instant("t.updated_at"),
    }
    pairs = ", ".join(f"'{name}', {value}" for name, value in members.items())
    return f"json_build_object({pairs})"


PG_LABELS = "ARRAY(SELECT label_id FROM task_labels WHERE task_id = {}.id)"
PG_NULLS = """concat_ws(' ',
    CASE WHEN {0}.title IS NULL THEN 'title' END,
    CASE WHEN {0}.description IS NULL THEN 'description' END,
    CASE WHEN {0}.completed IS NULL THEN 'completed' END)"""


def pg_table(table: str) -> tuple[str, ...]:
    """Log the inserts, updates and deletes of a table, on PostgreSQL."""
    entity, of_task = ENTITIES[table], table == "tasks"

    def state(row: str) -> str:
        return f"{table}_state({row}{', ' + PG_LABELS.format(row) if of_task else ''})"

    def nulls(row: str) -> str:
        return PG_NULLS.format(row) if of_task else "''"

    def columns(row: str) -> str:
        kept = [*CONTENT[table], *STAMPS[table]]
        return ", ".join(f"{row}.{name}" for name in kept if name not in {"version", "updated_at"})

    # The stamp of a task whose labels changed comes with a change that is logged.
    stamped = f"""(
        pg_trigger_depth() > 1 AND n.version > o.version
        AND n.updated_at = now()::{PG_INSTANT}
        AND ({columns("o")}) IS NOT DISTINCT FROM ({columns("n")})
    )"""
    return (
        f"""
        CREATE FUNCTION {table}_state(t {table}{", labels bigint[]" if of_task else ""})
        RETURNS json LANGUAGE sql STABLE AS $$ SELECT {pg_state(table)} $$
        """,
        f"""
        CREATE FUNCTION {table}_log() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            IF TG_OP = 'INSERT' THEN
                INSERT INTO changes (entity, row_id, after)
                SELECT '{entity}', n.id, {state("n")} FROM added AS n ORDER BY n.id;
            ELSIF TG_OP = 'UPDATE' THEN
                INSERT INTO changes (entity, row_id, before, after, nulls)
                SELECT '{entity}', n.id, {state("o")}, {state("n")}, {nulls("o")}
                FROM gone AS o JOIN added AS n ON n.id = o.id
                WHERE o IS DISTINCT FROM n AND NOT {stamped} ORDER BY n.id;
                -- A row that was given another id is gone, and a new one is there.
                INSERT INTO changes (entity, row_id, before, nulls)
                SELECT '{entity}', o.id, {state("o")}, {nulls("o")} FROM gone AS o
                WHERE o.id NOT IN (SELECT id FROM added) ORDER BY o.id;
                INSERT INTO changes (entity, row_id, after)
                SELECT '{entity}', n.id, {state("n")} FROM added AS n
                WHERE n.id NOT IN (SELECT id FROM gone) ORDER BY n.id;
            ELSE
                INSERT INTO changes (entity, row_id, before, nulls)
                VALUES ('{entity}', OLD.id, {state("OLD")}, {nulls("OLD")});
                RETURN OLD;
            END IF;
            RETURN NULL;
        END
        $$
        """,
        f"""
        CREATE TRIGGER {table}_log_insert AFTER INSERT ON {table}
        REFERENCING NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION {table}_log()
        """,
        f"""
        CREATE TRIGGER {table}_log_update AFTER UPDATE ON {table}
        REFERENCING OLD TABLE AS gone NEW TABLE AS added
        FOR EACH STATEMENT EXECUTE FUNCTION {table}_log()
        """,
        # Before, and for each row, because with it go its labels.
        f"""
        CREATE TRIGGER {table}_log_delete BEFORE DELETE ON {table}
        FOR EACH ROW EXECUTE FUNCTION {table}_log()
        """,
        f"""
        CREATE TRIGGER {table}_log_truncate AFTER TRUNCATE ON {table}
        FOR EACH STATEMENT EXECUTE FUNCTION changes_begin_anew()
        """,
    )


def pg_pairs(operation: str) -> tuple[str, ...]:
    """Log and stamp that tasks' labels changed, on PostgreSQL."""
    none = "(SELECT 0::bigint AS task_id, 0::bigint AS label_id WHERE false)"
    added = none if operation == "delete" else "added"
    gone = none if operation == "insert" else "gone"
    tables = {
        "insert": "NEW TABLE AS added",
        "delete": "OLD TABLE AS gone",
        "update": "OLD TABLE AS gone NEW TABLE AS added",
    }[operation]
    new = f"SELECT task_id, label_id FROM {added} AS a"
    old = f"SELECT task_id, label_id FROM {gone} AS g"
    touched = f"""(
        SELECT task_id, greatest(
                count(*) FILTER (WHERE is_new), count(*) FILTER (WHERE NOT is_new)
            )::integer AS steps,
            coalesce(array_agg(label_id) FILTER (WHERE is_new), '{{}}') AS came,
            coalesce(array_agg(label_id) FILTER (WHERE NOT is_new), '{{}}') AS went
        FROM (
            SELECT *, true AS is_new FROM ({new} EXCEPT {old}) AS came
            UNION ALL SELECT *, false FROM ({old} EXCEPT {new}) AS went
        ) AS changed
        GROUP BY task_id
    )"""
    labels_before = """ARRAY(
        SELECT label_id FROM task_labels WHERE task_id = t.id AND label_id <> ALL (touched.came)
        UNION ALL SELECT unnest(touched.went)
    )"""
    stamped = """jsonb_populate_record(
        t, jsonb_build_object('version', t.version + touched.steps, 'updated_at', now())
    )"""
    return (
        f"""
        CREATE FUNCTION task_labels_log_{operation}() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            PERFORM FROM tasks WHERE id IN (SELECT task_id FROM {touched} AS touched)
            ORDER BY id FOR NO KEY UPDATE;
            INSERT INTO changes (entity, row_id, before, after, nulls)
            SELECT 'TASK', t.id, tasks_state(t, {labels_before}),
                tasks_state({stamped}, {PG_LABELS.format("t")}), {PG_NULLS.format("t")}
            FROM tasks AS t JOIN {touched} AS touched ON touched.task_id = t.id ORDER BY t.id;
            UPDATE tasks SET version = version + touched.steps, updated_at = now()
            FROM {touched} AS touched WHERE id = touched.task_id;
            RETURN NULL;
        END
        $$
        """,
        f"""
        CREATE TRIGGER task_labels_log_{operation} AFTER {operation.upper()} ON task_labels
        REFERENCING {tables}
        FOR EACH STATEMENT EXECUTE FUNCTION task_labels_log_{operation}()
        """,
    )


POSTGRESQL = (
    "CREATE SEQUENCE changes_written",
    "CREATE SEQUENCE changes_numbered",
    "CREATE SEQUENCE mutations_number",
    # An entry has a negative number until its transaction is about to commit.
    f"""
    CREATE TABLE changes (
        id BIGINT DEFAULT -nextval('changes_written') NOT NULL PRIMARY KEY,
        at {PG_INSTANT} DEFAULT now() NOT NULL,
        entity VARCHAR NOT NULL,
        row_id BIGINT NOT NULL,
        before JSON,
        after JSON,
        nulls VARCHAR DEFAULT '' NOT NULL,
        mutation_id BIGINT
            DEFAULT CAST(nullif(current_setting('gql_tasks.mutation', true), '') AS BIGINT)
    )
    """,
    "CREATE INDEX ix_changes_row_id ON changes (row_id, entity, id)",
    f"""
    CREATE TABLE mutations (
        id BIGINT PRIMARY KEY NOT NULL,
        at {PG_INSTANT} DEFAULT now() NOT NULL,
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
        pruned_through BIGINT DEFAULT 0 NOT NULL,
        mutation BIGINT,
        last_mutation BIGINT DEFAULT 0 NOT NULL
    )
    """,
    "ALTER SEQUENCE changes_written OWNED BY changes.id",
    "ALTER SEQUENCE changes_numbered OWNED BY changes.id",
    "ALTER SEQUENCE mutations_number OWNED BY mutations.id",
    "INSERT INTO change_log (id, epoch) VALUES (1, left(md5(gen_random_uuid()::text), 6))",
    f"""
    CREATE FUNCTION changes_number() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        -- It is called for every entry. The first call numbers all; unnumbered ones of others
        -- are never seen, since they are not committed.
        IF EXISTS (SELECT FROM changes WHERE id = NEW.id) THEN
            PERFORM pg_advisory_xact_lock({PG_NUMBER_LOCK});
            UPDATE changes SET id = numbered.id
            FROM (
                SELECT written.id AS was, nextval('changes_numbered') AS id
                FROM (SELECT id FROM changes WHERE id < 0 ORDER BY id DESC) AS written
            ) AS numbered
            WHERE changes.id = numbered.was;
            PERFORM pg_notify('gql_tasks', '');
        END IF;
        RETURN NULL;
    END
    $$
    """,
    """
    CREATE CONSTRAINT TRIGGER changes_number AFTER INSERT ON changes
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION changes_number()
    """,
    """
    CREATE FUNCTION changes_begin_anew() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        -- Nobody can say which rows a TRUNCATE took: every token asks to read again.
        UPDATE change_log SET epoch = left(md5(gen_random_uuid()::text), 6);
        PERFORM pg_notify('gql_tasks', '');
        RETURN NULL;
    END
    $$
    """,
    *(statement for table in ENTITIES for statement in pg_table(table)),
    "DROP TRIGGER task_labels_stamp ON task_labels",
    "DROP FUNCTION task_labels_stamp()",
    *(
        statement
        for operation in ("insert", "delete", "update")
        for statement in pg_pairs(operation)
    ),
    """
    CREATE TRIGGER task_labels_log_truncate AFTER TRUNCATE ON task_labels
    FOR EACH STATEMENT EXECUTE FUNCTION changes_begin_anew()
    """,
)
