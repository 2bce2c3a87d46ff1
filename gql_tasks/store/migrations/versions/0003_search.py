"""full-text search over titles and descriptions.

Each store keeps its own index, so that rows are found whoever wrote them. Both make the same words
of a text: runs of the letters, marks and digits that `domain/letters.py` lists, capitals folded
(Unicode's simple folding, and the dotted capital I of Turkish to i). What comes after the first
100,000 characters of a text is not indexed.
"""

from alembic import op
from sqlalchemy import Connection

from gql_tasks.domain.letters import LETTERS
from gql_tasks.store.migrations.search_sqlite import (
    INDEX_NEW,
    INDEXED_CHARACTERS,
    sqlite_texts,
)

revision = "0003"
down_revision = "0002"

# Signs that SQLite's own tables, which are those of Unicode 6.1, do not know and take for letters:
# currencies, marks that choose how a sign is drawn, and most emoji of later years.
SIGNS = (
    (0x20BA, 0x20C0),
    (0x20D0, 0x20F0),
    (0xFE00, 0xFE0F),
    (0x1F321, 0x1F32F),
    (0x1F37D, 0x1F37F),
    (0x1F394, 0x1F39F),
    (0x1F3CB, 0x1F3DF),
    (0x1F3F1, 0x1F3FF),
    (0x1F568, 0x1F5FA),
    (0x1F641, 0x1F644),
    (0x1F6C6, 0x1F6FF),
    (0x1F7E0, 0x1F7FF),
    (0x1F900, 0x1FAFF),
)
SEPARATORS = "".join(chr(code) for first, last in SIGNS for code in range(first, last + 1))


SQLITE = (
    # A full-text table that keeps its own texts: one that shares those of tasks would go wrong at
    # another program's INSERT OR REPLACE, which deletes without setting off a trigger. For the same
    # reason a row that is there already is deleted before each insert.
    f"""
    CREATE VIRTUAL TABLE tasks_search USING fts5 (
        title, description, prefix = '2 3',
        tokenize = "unicode61 remove_diacritics 0 categories 'L* M* N*' separators '{SEPARATORS}'"
    )
    """,
    f"""
    INSERT INTO tasks_search (rowid, title, description)
    SELECT id, {sqlite_texts("")} FROM tasks
    """,
    f"""
    CREATE TRIGGER tasks_search_insert AFTER INSERT ON tasks
    BEGIN
        DELETE FROM tasks_search WHERE rowid = NEW.id;
        {INDEX_NEW}
    END
    """,
    f"""
    CREATE TRIGGER tasks_search_update AFTER UPDATE OF id, title, description ON tasks
    WHEN OLD.id <> NEW.id OR OLD.title IS NOT NEW.title
        OR OLD.description IS NOT NEW.description
    BEGIN
        DELETE FROM tasks_search WHERE rowid IN (OLD.id, NEW.id);
        {INDEX_NEW}
    END
    """,
    """
    CREATE TRIGGER tasks_search_delete AFTER DELETE ON tasks
    BEGIN
        DELETE FROM tasks_search WHERE rowid = OLD.id;
    END
    """,
)

# PostgreSQL's own parser is not asked: it keeps e-mail addresses, URLs and compounds as one word,
# splits 3e5abc in two, and what is a letter to it depends on the database's locale. Nor is its
# lower() enough: SQLite folds these as well. A word of more than 2,046 bytes is an error to it.
FOLDED = "µſςϐϑϕϖϰϱϵẛι"
FOLDED_TO = "μsσβθφπκρεṡι"  # noqa: RUF001  # Greek on purpose

LETTER_CLASS = "".join(rf"\U{first:08x}-\U{last:08x}" for first, last in LETTERS)


def postgresql_statements(collation: str) -> tuple[str, ...]:
    """Write the statements, with the collation whose lower() knows every script's capitals."""
    # Folding is written out in both functions: one that calls another by name finds it only on the
    # right search path, which pg_dump's restore does not have.
    folded = "translate(lower(replace({}, 'İ', 'i'){}), '{}', '{}')"
    return (
        f"""
        CREATE FUNCTION tasks_search_query(queries text[], which integer) RETURNS tsquery
        LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
            SELECT {folded.format("queries[which]", collation, FOLDED, FOLDED_TO)}::tsquery
        $$
        """,
        f"""
        CREATE FUNCTION tasks_search_words(indexed text) RETURNS tsvector
        LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE AS $$
        DECLARE
            cut text := left(indexed, {INDEXED_CHARACTERS});
        BEGIN
            RETURN (
                SELECT coalesce(
                    string_agg(left(word, 500) || ':' || least(place, 16383), ' '), ''
                )::tsvector
                FROM regexp_split_to_table(
                    {folded.format("cut", collation, FOLDED, FOLDED_TO)} COLLATE "C",
                    '[^{LETTER_CLASS}]+'
                ) WITH ORDINALITY AS words (word, place)
                WHERE word <> ''
            );
        END
        $$
        """,
        """
        ALTER TABLE tasks ADD COLUMN search TSVECTOR GENERATED ALWAYS AS (
            setweight(tasks_search_words(title), 'A')
            || setweight(tasks_search_words(description), 'B')
        ) STORED
        """,
        "CREATE INDEX ix_tasks_search ON tasks USING gin (search)",
    )


def postgresql_collation(connection: Connection) -> str:
    """Find a collation whose lower() knows capitals beyond A to Z, and does not know Turkish only.

    The database's own is good but for C and Turkish ones. Where there is none, only A to Z fold.
    """
    named = connection.exec_driver_sql(
        "SELECT quote_ident(collname) FROM pg_collation"
        " WHERE collname IN ('pg_c_utf8', 'und-x-icu', 'C.utf8', 'C.UTF-8', 'en_US.utf8')"
        " AND collnamespace = 'pg_catalog'::regnamespace"
        " AND collencoding IN (-1, pg_char_to_encoding(getdatabaseencoding()))"
    ).scalars()
    for collation in ("", *(f" COLLATE pg_catalog.{name}" for name in sorted(named))):
        folded = connection.exec_driver_sql(f"SELECT lower('IÄЖΩ'{collation}) = 'iäжω'")
        if folded.scalar_one():
            return collation
    return ""


def upgrade() -> None:
    """Make the index, and fill it."""
    connection = op.get_bind()
    if connection.dialect.name == "sqlite":
        statements: tuple[str, ...] = SQLITE
    else:
        statements = postgresql_statements(postgresql_collation(connection))
    for statement in statements:
        connection.exec_driver_sql(statement)
