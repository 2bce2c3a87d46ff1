"""The baseline: Strawberry on FastAPI and SQLAlchemy, each as its own documentation shows it.

One module, as in those pages: a session that a dependency yields, a GraphQLRouter whose context
depends on it, synchronous resolvers, ORM objects, relationships that load when they are read.
`BENCHMARK_DATABASE` names the file.
"""

import os
import sqlite3
from collections.abc import Iterator
from datetime import date
from enum import Enum
from typing import Any

import strawberry
from fastapi import Depends, FastAPI
from sqlalchemy import Column, ForeignKey, Table, create_engine, event, select
from sqlalchemy.orm import (
    DeclarativeBase,
    Mapped,
    Session,
    mapped_column,
    relationship,
    sessionmaker,
)
from strawberry.fastapi import GraphQLRouter

# SQLAlchemy's own 5 and 10 more freeze this application at 16 clients: a resolver waits on the
# event loop for a connection which only that loop can hand back.
POOL_SIZE = 32

engine = create_engine(
    f"sqlite:///{os.environ.get('BENCHMARK_DATABASE', 'tasks.db')}",
    connect_args={"check_same_thread": False},
    pool_size=POOL_SIZE,
)
SessionLocal = sessionmaker(autocommit=False, autoflush=False, bind=engine)


@event.listens_for(engine, "connect")
def set_sqlite_pragma(connection: sqlite3.Connection, _record: object) -> None:
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("PRAGMA synchronous=NORMAL")


class Base(DeclarativeBase):
    pass


task_labels = Table(
    "task_labels",
    Base.metadata,
    Column("task_id", ForeignKey("tasks.id"), primary_key=True),
    Column("label_id", ForeignKey("labels.id"), primary_key=True),
)


class ProjectModel(Base):
    __tablename__ = "projects"

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str]


class LabelModel(Base):
    __tablename__ = "labels"

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str]


class TaskModel(Base):
    __tablename__ = "tasks"

    id: Mapped[int] = mapped_column(primary_key=True)
    title: Mapped[str] = mapped_column(index=True)
    description: Mapped[str] = mapped_column(default="")
    completed: Mapped[bool] = mapped_column(default=False)
    due_on: Mapped[date | None] = mapped_column(index=True)
    project_id: Mapped[int | None] = mapped_column(ForeignKey("projects.id"), index=True)
    project: Mapped[ProjectModel | None] = relationship()
    labels: Mapped[list[LabelModel]] = relationship(secondary=task_labels, order_by=LabelModel.name)


@strawberry.type
class Project:
    id: strawberry.ID
    name: str


@strawberry.type
class Label:
    id: strawberry.ID
    name: str


@strawberry.type
class Task:
    id: strawberry.ID
    title: str
    description: str
    completed: bool
    due_on: date | None
    project: Project | None
    labels: list[Label]


@strawberry.enum
class TaskOrder(Enum):
    ID = "id"
    DUE_ON = "due_on"


@strawberry.type
class Query:
    @strawberry.field
    def task(self, info: strawberry.Info, id: strawberry.ID) -> Task | None:  # noqa: A002
        return info.context["db"].get(TaskModel, int(id))

    @strawberry.field
    def tasks(
        self,
        info: strawberry.Info,
        limit: int = 100,
        project_id: strawberry.ID | None = None,
        completed: bool | None = None,
        order_by: TaskOrder = TaskOrder.ID,
    ) -> list[Task]:
        statement = select(TaskModel)
        if project_id is not None:
            statement = statement.where(TaskModel.project_id == int(project_id))
        if completed is not None:
            statement = statement.where(TaskModel.completed == completed)
        if order_by is TaskOrder.DUE_ON:
            statement = statement.order_by(TaskModel.due_on.nulls_last())
        return info.context["db"].scalars(statement.order_by(TaskModel.id).limit(limit)).all()


@strawberry.type
class Mutation:
    @strawberry.mutation
    def create_task(self, info: strawberry.Info, title: str, description: str = "") -> Task:
        db = info.context["db"]
        task = TaskModel(title=title, description=description)
        db.add(task)
        db.commit()
        db.refresh(task)
        return task

    @strawberry.mutation
    def update_task(
        self,
        info: strawberry.Info,
        id: strawberry.ID,  # noqa: A002
        completed: bool | None = None,
    ) -> Task | None:
        db = info.context["db"]
        task = db.get(TaskModel, int(id))
        if task is not None and completed is not None:
            task.completed = completed
            db.commit()
            db.refresh(task)
        return task


def get_db() -> Iterator[Session]:
    db = SessionLocal()
    try:
        yield db
    finally:
        db.close()


def get_context(db: Session = Depends(get_db)) -> dict[str, Any]:  # noqa: B008
    return {"db": db}


schema = strawberry.Schema(query=Query, mutation=Mutation)
app = FastAPI()
app.include_router(GraphQLRouter(schema, context_getter=get_context), prefix="/graphql")
