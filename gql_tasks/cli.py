"""The command line: serve, schema, migrate. A front door over the same parts as the application."""

import asyncio
import os
import socket
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any, NoReturn

import click
import uvicorn
from pydantic import ValidationError

from gql_tasks import __version__
from gql_tasks.config import PREFIX, Settings
from gql_tasks.domain.errors import StoreUnusable
from gql_tasks.graphql.schema import print_sdl
from gql_tasks.store.address import open_database
from gql_tasks.store.database import Database

CONTEXT = {"help_option_names": ["-h", "--help"]}


def _setting(name: str, *flags: str, **attributes: Any) -> Callable[[Any], Any]:
    """Make an option of a setting, which has its default and its sentence."""
    field = Settings.model_fields[name]
    return click.option(
        *(flags or (f"--{name.replace('_', '-')}",)),
        name,
        help=f"{field.description} [{PREFIX}{name.upper()}; default: {field.default}]",
        **attributes,
    )


database_option = _setting("database", metavar="FILE_OR_URL")


@click.group(context_settings=CONTEXT)
@click.version_option(__version__, prog_name="gql-tasks")
def main() -> None:
    """Serve tasks over GraphQL and REST, from one SQLite file or from PostgreSQL."""


@main.command()
@_setting("host")
@_setting("port", type=int)
@_setting("workers", type=int)
@database_option
@_setting("max_rows", type=int)
@_setting("max_body_bytes", type=int)
@click.option("--reload", is_flag=True, help="Start again when the program's own source changes.")
def serve(*, reload: bool, **options: Any) -> None:
    """Open the store, creating or migrating it where that is due, and serve it."""
    settings = _settings(options)
    database = _database(settings)
    _run(database, database.open)
    listener = _listen(settings.host, settings.port)
    _announce(settings, database, listener.getsockname()[1])
    # Workers and reloaded processes build their own application, from the environment.
    os.environ.update({f"{PREFIX}{name.upper()}": str(value) for name, value in settings})
    uvicorn.run(
        "gql_tasks.app:create_app",
        factory=True,
        fd=listener.fileno(),
        workers=settings.workers,
        reload=reload,
        reload_dirs=[str(Path(__file__).parent)] if reload else None,
        log_level="warning",
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=10,
    )


@main.command()
def schema() -> None:
    """Print the GraphQL schema in SDL."""
    click.echo(print_sdl(), nl=False)


@main.command()
@database_option
@click.option("--dry-run", is_flag=True, help="Only show what is pending.")
def migrate(*, dry_run: bool, **options: Any) -> None:
    """Show and run the migrations that are pending."""
    database = _database(_settings(options))
    pending = _run(database, database.pending_migrations)
    if not pending:
        click.echo(f"{database.name} is up to date.")
        return
    for migration in pending:
        click.echo(f"pending  {migration}")
    if not dry_run:
        _run(database, database.open)
        click.echo(f"{database.name} is migrated.")


def _settings(options: dict[str, Any]) -> Settings:
    """Join the flags that were given to the environment, flags first."""
    try:
        return Settings(**{name: value for name, value in options.items() if value is not None})
    except ValidationError as error:
        _fail(*(_describe(problem, options) for problem in error.errors()))


def _describe(problem: Any, options: dict[str, Any]) -> str:
    name = str(problem["loc"][0])
    given_as_flag = options.get(name) is not None
    source = f"--{name.replace('_', '-')}" if given_as_flag else f"{PREFIX}{name.upper()}"
    return f"{source} {problem['input']!r}: {problem['msg']}"


def _database(settings: Settings) -> Database:
    try:
        return open_database(settings.database)
    except StoreUnusable as error:
        _fail(str(error))


def _run(database: Database, work: Callable[[], Awaitable[Any]]) -> Any:
    """Do one thing with a database outside of the server, and let go of it."""

    async def run() -> Any:
        try:
            return await work()
        finally:
            await database.close()

    try:
        return asyncio.run(run())
    except StoreUnusable as error:
        _fail(str(error))


def _listen(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((host, port))
    except OSError as error:
        _fail(f"cannot listen on {host} port {port}: {error.strerror}")
    listener.set_inheritable(True)
    return listener


def _announce(settings: Settings, database: Database, port: int) -> None:
    host = f"[{settings.host}]" if ":" in settings.host else settings.host
    address = f"http://{host}:{port}"
    click.echo(
        f"gql_tasks {__version__}\n"
        f"  GraphQL    {address}/graphql\n"
        f"  GraphiQL   {address}/graphql in a browser\n"
        f"  REST       {address}/tasks/\n"
        f"  REST docs  {address}/docs\n"
        f"  Store      {database.name}\n"
        "Stop with Ctrl+C."
    )
    sys.stdout.flush()


def _fail(*messages: str) -> NoReturn:
    for message in messages:
        click.echo(f"gql-tasks: {message}", err=True)
    sys.exit(1)
