"""Settings: every GQL_TASKS_* variable, its default, one sentence. Read by app and cli only."""

import re
from typing import Final, Literal

from pydantic import Field, ValidationInfo, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

PREFIX = "GQL_TASKS_"

_LISTED: Final = {
    "hosts": (r"\*|(\*\.)?[\w-]+(\.[\w-]+)*", "tasks.example.com, *.example.com or *"),
    "origins": (r"\*|[a-z][a-z0-9+.-]*://[^/\s]+/?", "https://app.example.com or *"),
}


def listed(text: str) -> tuple[str, ...]:
    """Read a setting that is a list with commas between."""
    return tuple(filter(None, (item.strip() for item in text.split(","))))


class Settings(BaseSettings):
    """What whoever runs the server can set."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, extra="ignore", frozen=True)

    database: str = Field(
        "tasks.db",
        min_length=1,
        description="The store: a file's path, or a postgresql:// URL.",
    )
    host: str = Field(
        "127.0.0.1",
        min_length=1,
        description="The address to listen on; 0.0.0.0 is every one this machine has.",
    )
    port: int = Field(
        8000,
        ge=0,
        le=65535,
        description="The port to listen on; 0 takes a free one.",
    )
    workers: int = Field(
        1,
        ge=1,
        le=64,
        description="How many processes serve.",
    )
    max_rows: int = Field(
        10_000,
        ge=1,
        le=1_000_000,
        description="The most rows a root list answers; more are an error, never a silent cut.",
    )
    max_cost: int = Field(
        5_000_000,
        ge=1,
        le=1_000_000_000_000,
        description="The most that an operation may cost, which is about the fields it answers.",
    )
    max_depth: int = Field(
        25,
        ge=1,
        le=1_000,
        description="The most levels of fields in an operation; introspection does not count.",
    )
    max_fields: int = Field(
        2_000,
        ge=1,
        le=1_000_000,
        description="The most fields in an operation, with its fragments opened.",
    )
    max_aliases: int = Field(
        500,
        ge=0,
        le=1_000_000,
        description="The most aliases in an operation, with its fragments opened.",
    )
    max_directives: int = Field(
        200,
        ge=0,
        le=1_000_000,
        description="The most directives in an operation, with its fragments opened.",
    )
    max_root_fields: int = Field(
        100,
        ge=1,
        le=1_000_000,
        description="The most fields at the root of an operation.",
    )
    max_tokens: int = Field(
        1_000,
        ge=200,
        le=1_000_000,
        description="The most tokens in a document; the time to validate it grows with the square.",
    )
    statement_seconds: float = Field(
        10.0,
        gt=0,
        le=86_400,
        description="How long the database may work on one statement, before it is stopped.",
    )
    documents: str = Field(
        "",
        description="Trusted documents: a folder of .graphql files, or what an app's build wrote.",
    )
    documents_only: bool = Field(
        default=False,
        description="Run trusted documents only.",
    )
    answer_bytes: int = Field(
        8_388_608,
        ge=0,
        le=1_073_741_824,
        description="The most bytes of answers that are kept until the next write; 0 keeps none. "
        "SQLite only.",
    )
    get_max_age: int = Field(
        0,
        ge=0,
        le=31_536_000,
        description="How many seconds shared caches may keep the answer to a GET by an id.",
    )
    production: bool = Field(
        default=False,
        description="Do not tell what is in the schema: no introspection, GraphiQL, /docs or "
        "/openapi.json, and no names suggested in errors.",
    )
    log_days: int = Field(
        30,
        ge=1,
        le=36_500,
        description="How many days a change is kept for sync, history and undo.",
    )
    log_rows: int = Field(
        1_000_000,
        ge=1_000,
        le=1_000_000_000,
        description="The most changes that are kept; past it the oldest go before their time.",
    )
    max_body_bytes: int = Field(
        1_048_576,
        ge=1_024,
        le=1_073_741_824,
        description="The longest request body, or WebSocket message, that is read.",
    )
    metrics: bool = Field(
        default=True,
        description="Whether /metrics is there, for everybody who reaches the server.",
    )
    log_format: Literal["auto", "json", "text"] = Field(
        "auto",
        description="How log lines look: json, text, or auto, which is text on a terminal.",
    )
    log_level: Literal["debug", "info", "warning", "error"] = Field(
        "info",
        description="What is logged: debug, info, warning or error, and all that is worse.",
    )
    log_requests: bool = Field(
        default=False,
        description="Whether every request has a log line, at info.",
    )
    slow_seconds: float = Field(
        1.0,
        gt=0,
        le=86_400,
        description="How long a request takes before it is logged as slow, a warning.",
    )
    hosts: str = Field(
        "",
        description="Names, with commas between, that the server answers to besides its address.",
    )
    origins: str = Field(
        "",
        description="Origins, with commas between, whose pages may use the server; * is any.",
    )
    receive_seconds: float = Field(
        20.0,
        gt=0,
        le=3_600,
        description="How long a request may take to come in.",
    )
    max_requests: int = Field(
        1_000,
        ge=1,
        le=1_000_000,
        description="The most requests that a process answers at once; others are told to wait.",
    )
    max_sockets: int = Field(
        10_000,
        ge=1,
        le=1_000_000,
        description="The most WebSockets and event streams that a process has open.",
    )
    max_sockets_per_client: int = Field(
        100,
        ge=1,
        le=1_000_000,
        description="The most of them that one client's address has open.",
    )
    max_operations: int = Field(
        100,
        ge=1,
        le=100_000,
        description="The most operations that a WebSocket has running.",
    )

    @field_validator("documents_only")
    @classmethod
    def _check_documents(cls, only: bool, info: ValidationInfo) -> bool:  # noqa: FBT001  # pydantic's
        if only and not info.data.get("documents"):
            message = "none are trusted; say where they are with documents"
            raise ValueError(message)
        return only

    @field_validator(*_LISTED)
    @classmethod
    def _check_listed(cls, text: str, info: ValidationInfo) -> str:
        pattern, like = _LISTED[str(info.field_name)]
        for item in listed(text):
            if not re.fullmatch(pattern, item, re.ASCII | re.IGNORECASE):
                message = f"{item!r} is not one; it has to be like {like}"
                raise ValueError(message)
        return text
