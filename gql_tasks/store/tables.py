"""The tables as SQLAlchemy sees them. The migrations make them; a test holds the two together.

`tasks` is the table of the FastAPI + SQLite tutorial with columns added behind its own. Other
programs write to it, so its first four columns stay as nullable and unchecked as they were, and
every column after them gets its value from the database: a writer need not know of them.
"""

from datetime import UTC, date, datetime

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Computed,
    Date,
    Dialect,
    FetchedValue,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    String,
    text,
)
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column
from sqlalchemy.types import TypeDecorator, TypeEngine

NAMING_CONVENTION = {
    "ix": "ix_%(table_name)s_%(column_0_name)s",
    "uq": "uq_%(table_name)s_%(column_0_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_name)s",
    "pk": "pk_%(table_name)s",
}


def instant_text(value: datetime) -> str:
    """Write an instant as SQLite keeps it. Not by strftime: its year 1 has one digit."""
    return value.astimezone(UTC).replace(tzinfo=None).isoformat(timespec="milliseconds") + "Z"


class Instant(TypeDecorator[datetime]):
    """A moment in UTC, to the millisecond.

    PostgreSQL keeps `timestamptz(3)`. SQLite keeps RFC 3339 text of one width, such as
    `2026-01-31T08:00:00.000Z`, which sorts as time does and is already the JSON of the answer.
    """

    impl = String
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[str] | TypeEngine[datetime]:
        """Pick the store's own type."""
        if dialect.name == "postgresql":
            from sqlalchemy.dialects.postgresql import TIMESTAMP

            return dialect.type_descriptor(TIMESTAMP(timezone=True, precision=3))
        return dialect.type_descriptor(String())

    def process_bind_param(
        self, value: datetime | str | None, dialect: Dialect
    ) -> str | datetime | None:
        """Refuse a datetime without an offset: nobody knows which moment it means.

        A text is what SQLite itself had there.
        """
        if value is None or isinstance(value, str):
            return value
        if value.tzinfo is None:
            raise ValueError(f"{value!r} has no UTC offset")
        if dialect.name == "postgresql":
            # Cut as SQLite's text is; PostgreSQL itself would round, in year 9999 to year 10000.
            return value.replace(microsecond=value.microsecond // 1000 * 1000)
        return instant_text(value)

    def process_result_value(
        self,
        value: str | datetime | None,
        dialect: Dialect,  # noqa: ARG002  # SQLAlchemy's signature
    ) -> datetime | None:
        """Read a moment back, in UTC."""
        if isinstance(value, str):
            return datetime.fromisoformat(value)
        return value


class Day(TypeDecorator[date]):
    """A calendar day in no time zone: `date` in PostgreSQL, `2026-01-31` as text in SQLite."""

    impl = String
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[str] | TypeEngine[date]:
        """Pick the store's own type."""
        if dialect.name == "postgresql":
            return dialect.type_descriptor(Date())
        return dialect.type_descriptor(String())

    def process_bind_param(self, value: date | str | None, dialect: Dialect) -> str | date | None:
        """Write a day. A text is what SQLite itself had there."""
        if value is None or isinstance(value, str) or dialect.name == "postgresql":
            return value
        return value.isoformat()

    def process_result_value(
        self,
        value: str | date | None,
        dialect: Dialect,  # noqa: ARG002  # SQLAlchemy's signature
    ) -> date | None:
        """Read a day."""
        return date.fromisoformat(value) if isinstance(value, str) else value


Json = String().with_variant(JSON(), "postgresql")
"""A JSON text, read and written as text."""

RowId = BigInteger().with_variant(Integer, "sqlite")

Position = String().with_variant(String(collation="C"), "postgresql")
"""A fractional index: text compared byte by byte."""


def _index_of_open(name: str, *columns: str) -> Index:
    """Declare an index of open tasks, for the filter that `store/filters.py` writes."""
    sqlite, postgresql = text("is_completed = 0"), text("NOT is_completed")
    return Index(name, *columns, sqlite_where=sqlite, postgresql_where=postgresql)


def _index_of_subtasks(name: str, *columns: str) -> Index:
    """Declare an index of the tasks that have a parent, which are few."""
    where = text("parent_id IS NOT NULL")
    return Index(name, *columns, sqlite_where=where, postgresql_where=where)


class Base(DeclarativeBase):
    """What every table shares."""

    # Triggers write after RETURNING has spoken: read their values back when they are asked for.
    __mapper_args__ = {"eager_defaults": False}

    metadata = MetaData(naming_convention=NAMING_CONVENTION)


class TaskRow(Base):
    """One row of `tasks`.

    `version`, `created_at`, `updated_at`, `completed_at` and a `position` that is not given are
    written by triggers, so that they are right whoever the writer is. `is_completed` and `due` are
    what the API shows and sorts by.
    """

    __tablename__ = "tasks"
    __table_args__ = (
        # The tutorial's own two indexes; its file has them, so a new file has them too.
        Index("ix_tasks_id", "id").ddl_if(dialect="sqlite"),
        Index("ix_tasks_title", "title").ddl_if(dialect="sqlite"),
        Index("ix_tasks_position", "position", "id"),
        Index("ix_tasks_project_id", "project_id", "position", "id", "is_completed"),
        _index_of_subtasks("ix_tasks_parent_id", "parent_id", "position", "id"),
        Index("ix_tasks_due", "due", "id"),
        Index("ix_tasks_created_at", "created_at", "id"),
        # A task that is completed leaves each of these, and has no other place in it: an index that
        # begins with `is_completed` would be written in two. The others are left alone, but one.
        _index_of_open("ix_tasks_open_project_id", "project_id", "due", "id"),
        _index_of_open("ix_tasks_open_due", "due", "id"),
        _index_of_open("ix_tasks_open_position", "position", "id"),
        _index_of_open("ix_tasks_open_id", "id"),
    )

    id: Mapped[int] = mapped_column(RowId, primary_key=True)
    title: Mapped[str | None] = mapped_column(String)
    description: Mapped[str | None] = mapped_column(String)
    completed: Mapped[bool | None] = mapped_column(Boolean)
    completed_at: Mapped[datetime | None] = mapped_column(Instant, server_default=FetchedValue())
    version: Mapped[int] = mapped_column(Integer, server_default="1")
    created_at: Mapped[datetime] = mapped_column(Instant, server_default=FetchedValue())
    updated_at: Mapped[datetime] = mapped_column(Instant, server_default=FetchedValue())
    priority: Mapped[int] = mapped_column(Integer, server_default="0")
    due_on: Mapped[date | None] = mapped_column(Day)
    due_at: Mapped[datetime | None] = mapped_column(Instant)
    start_on: Mapped[date | None] = mapped_column(Day)
    position: Mapped[str] = mapped_column(Position, server_default="")
    project_id: Mapped[int | None] = mapped_column(
        RowId, ForeignKey("projects.id", ondelete="SET NULL")
    )
    parent_id: Mapped[int | None] = mapped_column(RowId, ForeignKey("tasks.id"))
    is_completed: Mapped[bool] = mapped_column(Boolean, Computed("completed"))
    due: Mapped[datetime | None] = mapped_column(Instant, Computed("due_at"))


class ProjectRow(Base):
    """One row of `projects`."""

    __tablename__ = "projects"

    id: Mapped[int] = mapped_column(RowId, primary_key=True)
    name: Mapped[str] = mapped_column(String)
    color: Mapped[str | None] = mapped_column(String)
    position: Mapped[str] = mapped_column(Position, server_default="")
    archived_at: Mapped[datetime | None] = mapped_column(Instant)
    version: Mapped[int] = mapped_column(Integer, server_default="1")
    created_at: Mapped[datetime] = mapped_column(Instant, server_default=FetchedValue())
    updated_at: Mapped[datetime] = mapped_column(Instant, server_default=FetchedValue())


class LabelRow(Base):
    """One row of `labels`."""

    __tablename__ = "labels"

    id: Mapped[int] = mapped_column(RowId, primary_key=True)
    name: Mapped[str] = mapped_column(String)
    color: Mapped[str | None] = mapped_column(String)
    version: Mapped[int] = mapped_column(Integer, server_default="1")
    created_at: Mapped[datetime] = mapped_column(Instant, server_default=FetchedValue())
    updated_at: Mapped[datetime] = mapped_column(Instant, server_default=FetchedValue())


class TaskLabelRow(Base):
    """One row of `task_labels`: this task has that label."""

    __tablename__ = "task_labels"
    __table_args__ = (Index("ix_task_labels_label_id", "label_id", "task_id"),)

    task_id: Mapped[int] = mapped_column(
        RowId, ForeignKey("tasks.id", ondelete="CASCADE"), primary_key=True
    )
    label_id: Mapped[int] = mapped_column(
        RowId, ForeignKey("labels.id", ondelete="CASCADE"), primary_key=True
    )


class ChangeRow(Base):
    """One row of `changes`: a row of another table as it was and as it became.

    Triggers write it, and number it in the order of commits.
    """

    __tablename__ = "changes"
    __table_args__ = (Index("ix_changes_row_id", "row_id", "entity", "id"),)

    id: Mapped[int] = mapped_column(RowId, primary_key=True)
    at: Mapped[datetime] = mapped_column(Instant, server_default=FetchedValue())
    entity: Mapped[str] = mapped_column(String)
    row_id: Mapped[int] = mapped_column(RowId)
    before: Mapped[str | None] = mapped_column(Json)
    after: Mapped[str | None] = mapped_column(Json)
    nulls: Mapped[str] = mapped_column(String, server_default="")
    mutation_id: Mapped[int | None] = mapped_column(RowId)


class MutationRow(Base):
    """One row of `mutations`: the answer of a mutation that its client gave an id."""

    __tablename__ = "mutations"
    __table_args__ = (Index("ix_mutations_client_mutation_id", "client_mutation_id", unique=True),)

    id: Mapped[int] = mapped_column(RowId, primary_key=True)
    at: Mapped[datetime] = mapped_column(Instant, server_default=FetchedValue())
    client_mutation_id: Mapped[str] = mapped_column(String)
    request: Mapped[str] = mapped_column(String)
    answer: Mapped[str | None] = mapped_column(String)


class ChangeLogRow(Base):
    """The one row of `change_log`: which log this is, and how far it goes back."""

    __tablename__ = "change_log"

    id: Mapped[int] = mapped_column(Integer, primary_key=True)
    epoch: Mapped[str] = mapped_column(String)
    pruned_through: Mapped[int] = mapped_column(RowId, server_default="0")
    mutation: Mapped[int | None] = mapped_column(RowId)
    last_mutation: Mapped[int] = mapped_column(RowId, server_default="0")
