"""The tables as SQLAlchemy sees them. The migrations make them; a test holds the two together.

`tasks` is the table of the FastAPI + SQLite tutorial with columns added behind its own. Other
programs write to it, so its first four columns stay as nullable and unchecked as they were, and
every column after them gets its value from the database: a writer need not know of them.
"""

from datetime import UTC, datetime

from sqlalchemy import (
    BigInteger,
    Boolean,
    Dialect,
    FetchedValue,
    Index,
    Integer,
    MetaData,
    String,
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

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> str | datetime | None:
        """Refuse a datetime without an offset: nobody knows which moment it means."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError(f"{value!r} has no UTC offset")
        if dialect.name == "postgresql":
            return value
        return value.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "Z"

    def process_result_value(
        self,
        value: str | datetime | None,
        dialect: Dialect,  # noqa: ARG002  # SQLAlchemy's signature
    ) -> datetime | None:
        """Read a moment back, in UTC."""
        if isinstance(value, str):
            return datetime.fromisoformat(value)
        return value


class Base(DeclarativeBase):
    """What every table shares."""

    # Triggers write after RETURNING has spoken: read their values back when they are asked for.
    __mapper_args__ = {"eager_defaults": False}

    metadata = MetaData(naming_convention=NAMING_CONVENTION)


class TaskRow(Base):
    """One row of `tasks`.

    `version`, `created_at`, `updated_at` and `completed_at` are written by triggers, so that they
    are right whoever the writer is.
    """

    __tablename__ = "tasks"
    __table_args__ = (
        # The tutorial's own two indexes; its file has them, so a new file has them too.
        Index("ix_tasks_id", "id").ddl_if(dialect="sqlite"),
        Index("ix_tasks_title", "title").ddl_if(dialect="sqlite"),
    )

    id: Mapped[int] = mapped_column(BigInteger().with_variant(Integer, "sqlite"), primary_key=True)
    title: Mapped[str | None] = mapped_column(String)
    description: Mapped[str | None] = mapped_column(String)
    completed: Mapped[bool | None] = mapped_column(Boolean)
    completed_at: Mapped[datetime | None] = mapped_column(Instant, server_default=FetchedValue())
    version: Mapped[int] = mapped_column(Integer, server_default="1")
    created_at: Mapped[datetime] = mapped_column(Instant, server_default=FetchedValue())
    updated_at: Mapped[datetime] = mapped_column(Instant, server_default=FetchedValue())
