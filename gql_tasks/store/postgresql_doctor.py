"""Whether a PostgreSQL store can be served: the server, its rights, and what it holds.

What should be there is not written down twice: the migrations make it in a schema of its own, in a
transaction that is rolled back, and the server itself describes both.
"""

import re
from collections.abc import AsyncIterator, Callable, Iterator

from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError

from gql_tasks.domain.errors import StoreUnusable, TasksError
from gql_tasks.domain.finding import Finding, State, some
from gql_tasks.store import migrate
from gql_tasks.store.database import Database, ReadSession, WriteSession
from gql_tasks.store.log_check import check_log, check_rows, repair_log
from gql_tasks.store.postgresql_errors import reason

MINIMUM_VERSION = 14

TABLES = ("tasks", "projects", "labels", "task_labels", "changes", "mutations", "change_log")

_LISTED = ", ".join(f"'{table}'" for table in TABLES)

_OBJECTS = f"""
    WITH ours AS (
        SELECT oid, relname FROM pg_class WHERE relkind = 'r' AND relname IN ({_LISTED})
            AND pg_table_is_visible(oid)
    )
    SELECT 'trigger ' || tgname, pg_get_triggerdef(t.oid, true)
        || CASE WHEN tgenabled IN ('O', 'A') THEN '' ELSE ' (switched off)' END
    FROM pg_trigger AS t JOIN ours ON ours.oid = tgrelid WHERE NOT tgisinternal
    UNION ALL
    SELECT 'index ' || i.relname, pg_get_indexdef(indexrelid, 0, true)
        || CASE WHEN indisvalid THEN '' ELSE ' (not valid)' END
    FROM pg_index JOIN ours ON ours.oid = indrelid JOIN pg_class AS i ON i.oid = indexrelid
    UNION ALL
    SELECT 'function ' || proname, prosrc FROM pg_proc
    WHERE pg_function_is_visible(oid)
        AND pronamespace = (SELECT relnamespace FROM pg_class JOIN ours USING (oid) LIMIT 1)
    UNION ALL
    SELECT 'column ' || relname || '.' || attname, format_type(atttypid, atttypmod)
    FROM pg_attribute JOIN ours ON ours.oid = attrelid WHERE attnum > 0 AND NOT attisdropped
"""  # noqa: S608  # constants

_SEARCH = """
    SELECT pg_get_expr(adbin, adrelid) FROM pg_attrdef
    JOIN pg_attribute ON attrelid = adrelid AND attnum = adnum
    WHERE adrelid = 'tasks'::regclass AND attname = 'search'
"""

RESTORE = "restore a backup"


async def examine(database: Database) -> AsyncIterator[Finding]:
    """Look at everything; nothing that is done for that is committed."""
    try:
        pending = await database.pending_migrations()
    except StoreUnusable as error:
        remedy = "see that the server runs, and what the URL says"
        yield Finding("connection", State.WRONG, str(error), remedy)
        return
    yield Finding("connection", State.OK, database.name)
    yield await database.read(_version)
    if pending:
        waiting = [migration.partition(":")[0] for migration in pending]
        yield Finding(
            "migrations", State.WRONG, f"pending: {some(waiting)}", "`gql-tasks migrate` runs them"
        )
        for check in ("permissions", "schema", "search", "log", "changes"):
            yield Finding(check, State.UNCHECKED, "looked at once the store is migrated")
        return
    yield Finding("migrations", State.OK, "all have run")
    permissions = await _tried(database, "permissions", _permissions)
    yield permissions
    yield await _schema(database)
    for check, look in (("search", _search), ("log", check_log), ("changes", check_rows)):
        yield await _tried(database, check, look)


async def _tried(database: Database, check: str, look: Callable[[ReadSession], Finding]) -> Finding:
    try:
        return await database.read(look)
    except (TasksError, DBAPIError) as error:
        return Finding(check, State.WRONG, f"cannot be read: {reason(error)}", RESTORE)


def _version(session: ReadSession) -> Finding:
    connection = session.connection()
    number = int(connection.exec_driver_sql("SHOW server_version_num").scalar_one())
    name = f"PostgreSQL {connection.exec_driver_sql('SHOW server_version').scalar_one()}"
    if number // 10_000 < MINIMUM_VERSION:
        return Finding("server", State.WRONG, name, f"{MINIMUM_VERSION} or later is needed")
    return Finding("server", State.OK, name)


def _permissions(session: ReadSession) -> Finding:
    lacking = session.connection().exec_driver_sql(
        f"""
        SELECT privilege || ' on ' || relname
        FROM pg_class, unnest(ARRAY['SELECT', 'INSERT', 'UPDATE', 'DELETE']) AS privilege
        WHERE relkind = 'r' AND relname IN ({_LISTED}) AND pg_table_is_visible(oid)
            AND NOT has_table_privilege(oid, privilege)
        ORDER BY relname, privilege
        """  # noqa: S608  # constants
    )
    names = [*lacking.scalars()]
    if names:
        remedy = "GRANT it to the user of the URL"
        return Finding("permissions", State.WRONG, f"not granted: {some(names)}", remedy)
    return Finding("permissions", State.OK, "every table may be read and written")


async def fix(database: Database) -> list[str]:
    """Make triggers and indexes anew, and log what is missing, all or nothing.

    Tells what was done. Raises StoreUnusable.
    """
    if await database.pending_migrations():
        raise StoreUnusable(f"{database.name} is not migrated; `gql-tasks migrate` does that")
    try:
        expected = await _expected(database)
        return await database.write(lambda session: [*_repair(session, expected)])
    except (TasksError, DBAPIError) as error:
        raise StoreUnusable(f"{database.name} was not fixed: {reason(error)}") from error


def _repair(session: WriteSession, expected: dict[str, str]) -> Iterator[str]:
    yield from _make_anew(session.connection(), expected)
    if logged := repair_log(session):
        yield f"what is logged of {some(logged)}"


def _make_anew(connection: Connection, expected: dict[str, str]) -> Iterator[str]:
    found = _objects(connection)
    for name, definition in expected.items():
        kind, _, bare = name.partition(" ")
        if found.get(name) == definition or kind not in {"trigger", "index"}:
            continue
        where = re.search(r" ON (\w+)", definition) if kind == "trigger" else None
        table = where.group() if where else ""
        connection.exec_driver_sql(f"DROP {kind} IF EXISTS {bare}{table}")
        connection.exec_driver_sql(definition)
        yield name


async def _expected(database: Database) -> dict[str, str]:
    """Describe what the migrations make."""

    def describe(session: ReadSession) -> dict[str, str]:
        connection = session.connection()
        # What a reader does is rolled back, whatever it is.
        connection.exec_driver_sql("SET TRANSACTION READ WRITE")
        connection.exec_driver_sql("CREATE SCHEMA gql_tasks_expected")
        connection.exec_driver_sql("SET LOCAL search_path = gql_tasks_expected")
        migrate.upgrade(connection, database.name)
        return _objects(connection)

    return await database.read(describe)


async def _schema(database: Database) -> Finding:
    try:
        expected = await _expected(database)
    except (TasksError, DBAPIError) as error:
        why = f"there is nothing to compare with: {reason(error)}"
        return Finding("schema", State.UNCHECKED, why)
    found = await database.read(lambda session: _objects(session.connection()))
    wrong = sorted(name for name, definition in expected.items() if found.get(name) != definition)
    if not wrong:
        return Finding("schema", State.OK, "tables, indexes, triggers and functions are as made")
    makeable = all(name.startswith(("trigger ", "index ")) for name in wrong)
    return Finding(
        "schema",
        State.WRONG,
        f"missing or changed: {some([f'{name}{_note(found.get(name))}' for name in wrong])}",
        "`gql-tasks doctor --fix` makes them anew" if makeable else RESTORE,
    )


def _note(found: str | None) -> str:
    ending = re.search(r" \((switched off|not valid)\)$", found or "")
    return ending.group() if ending else ""


def _objects(connection: Connection) -> dict[str, str]:
    # Which collation folds capitals depends on the server's version when the store was migrated.
    rows = connection.exec_driver_sql(_OBJECTS)
    return {name: re.sub(r" COLLATE pg_catalog\.[\w\".-]+", "", text) for name, text in rows}


def _search(session: ReadSession) -> Finding:
    connection = session.connection()
    words = connection.exec_driver_sql(_SEARCH).scalar_one()
    found = connection.exec_driver_sql(
        f"SELECT 'task ' || id FROM tasks WHERE search IS DISTINCT FROM ({words}) ORDER BY id"  # noqa: S608  # the server's own
    )
    tasks = [*found.scalars()]
    if tasks:
        remedy = "write their titles again"
        return Finding("search", State.WRONG, f"other words are indexed: {some(tasks)}", remedy)
    return Finding("search", State.OK, "every task is found by its words")
