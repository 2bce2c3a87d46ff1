"""Settings: every GQL_TASKS_* variable, its default, one sentence. Read by app and cli only."""

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict

PREFIX = "GQL_TASKS_"


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
