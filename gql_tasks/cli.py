"""The command line: a function a command. A front door like the application."""

import asyncio
import os
import shlex
import signal
import socket
import sys
from collections.abc import Awaitable, Callable, Iterable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, NoReturn, TypeVar

import click
import uvicorn
from pydantic import ValidationError

from gql_tasks import __version__
from gql_tasks.app import open_schema
from gql_tasks.config import PREFIX, Settings
from gql_tasks.domain.errors import Refused, StoreUnavailable, StoreUnusable
from gql_tasks.graphql.manifests import DocumentsUnusable
from gql_tasks.graphql.schema import print_sdl
from gql_tasks.services import demo as demo_data
from gql_tasks.services import exporting, importing
from gql_tasks.services.formats.files import STANDARD, FileRefused
from gql_tasks.store.address import open_database
from gql_tasks.store.database import Database
from gql_tasks.web.connections import Connections
from gql_tasks.web.logs import log_config, wants_json
from gql_tasks.web.websockets import WebSockets

T = TypeVar("T")

UNREAD_SECONDS = 30
"""How long the system keeps a connection whose peer takes nothing of what was sent to it."""

PING_SECONDS = 20
"""Between the pings of a WebSocket, and how long the peer may take to answer one."""

MULTIPROCESS = "PROMETHEUS_MULTIPROC_DIR"
"""Where prometheus_client keeps the counts of several processes; read when it is imported."""

METAVARS = {"database": "FILE_OR_URL", "documents": "FILE_OR_FOLDER"}
NUMBERS: dict[Any, str] = {int: "INTEGER", float: "NUMBER"}

CONTEXT = {"help_option_names": ["-h", "--help"]}


def _setting(name: str) -> Callable[[Any], Any]:
    """Make an option of a setting, which has its default and its sentence."""
    field = Settings.model_fields[name]
    flag, kind = f"--{name.replace('_', '-')}", field.annotation
    return click.option(
        f"{flag}/--no-{flag[2:]}" if kind is bool else flag,
        name,
        default=None,
        help=f"{field.description} [{PREFIX}{name.upper()}; default: {field.default}]",
        metavar=None if kind is bool else METAVARS.get(name) or NUMBERS.get(kind, "TEXT"),
    )


def every_setting(command: Callable[..., None]) -> Callable[..., None]:
    """Make an option of every setting, in their order."""
    for name in reversed(Settings.model_fields):
        command = _setting(name)(command)
    return command


def _format(names: Iterable[str], help_: str) -> Callable[[Any], Any]:
    choice = click.Choice([*names])
    return click.option(
        "--format", "kind", type=choice, default="jsonl", show_default=True, help=help_
    )


database_option = _setting("database")


@click.group(context_settings=CONTEXT)
@click.version_option(__version__, prog_name="gql-tasks")
def main() -> None:
    """Serve tasks over GraphQL and REST, from one SQLite file or from PostgreSQL."""


@main.command()
@every_setting
@click.option("--reload", is_flag=True, help="Start again when the program's own source changes.")
def serve(*, reload: bool, **options: Any) -> None:
    """Open the store, creating or migrating it where that is due, and serve it."""
    settings = _settings(options)

    async def prepare(database: Database) -> str:
        await database.open()
        return database.name

    # The port first: a second server that is started by mistake must not touch the store.
    with _listen(settings.host, settings.port) as listener, _counted_together(settings.workers):
        _check_documents(settings)
        store = _run(settings, prepare)
        _announce(settings, store, listener.getsockname()[1])
        # Workers and reloaded processes build their own application, from the environment.
        os.environ.update(
            {f"{PREFIX}{name.upper()}": str(value) for name, value in settings if value is not None}
        )
        # Whoever asks the server to stop has what they asked for: that is no failure.
        signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
        uvicorn.run(
            "gql_tasks.app:create_app",
            factory=True,
            fd=listener.fileno(),
            workers=settings.workers,
            reload=reload,
            reload_dirs=[str(Path(__file__).parent)] if reload else None,
            log_config=log_config(level=settings.log_level, json=wants_json(settings.log_format)),
            access_log=False,
            server_header=False,
            timeout_graceful_shutdown=10,
            http=partial(Connections, receive_seconds=settings.receive_seconds),  # type: ignore[arg-type]  # it is called like a class
            ws=WebSockets,
            ws_max_size=settings.max_body_bytes,
            ws_ping_interval=PING_SECONDS,
            ws_ping_timeout=PING_SECONDS,
            ws_per_message_deflate=False,  # a window and a pass of zlib for every subscriber
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

    async def show_and_run(database: Database) -> None:
        pending = await database.pending_migrations()
        if not pending:
            click.echo(f"{database.name} is up to date.")
            return
        for migration in pending:
            click.echo(f"pending  {migration}")
        if not dry_run:
            await database.open()
            click.echo(f"{database.name} is migrated.")

    _run(_settings(options), show_and_run)


@main.command()
@database_option
@click.option(
    "--tasks",
    "count",
    type=click.IntRange(0, 100_000_000),
    default=200,
    show_default=True,
    help="How many tasks to write.",
)
@click.option(
    "--seed", type=int, default=1, show_default=True, help="Another number gives other tasks."
)
@click.option("--add", is_flag=True, help="Add to a store that has tasks already.")
def demo(*, count: int, seed: int, add: bool, **options: Any) -> None:
    """Fill a store with projects, labels and tasks to try things out on."""
    with click.progressbar(length=count, label="Writing tasks", file=sys.stderr) as bar:

        async def fill(database: Database) -> str:
            await database.open()
            now = datetime.now(UTC)
            try:
                await demo_data.fill(
                    database, count, seed=seed, now=now, add=add, progress=bar.update
                )
            except Refused:
                _fail(f"{database.name} has tasks already; --add adds to them")
            return database.name

        store = _run(_settings(options), fill)
    click.echo(f"Wrote {count:,} tasks to {store}.")
    # The store's name and not what was typed, which may hold a password.
    flags = f" --database {shlex.quote(store)}" if options["database"] else ""
    click.echo(f"Try: gql-tasks serve{flags}")


@main.command()
@database_option
@click.option("--fix", is_flag=True, help="First make anew what can be made from the rows.")
def doctor(*, fix: bool, **options: Any) -> None:
    """Look at the store and what is around it, and say what to do."""
    from gql_tasks import operating

    sys.exit(0 if _run(_settings(options), partial(operating.doctor, fix=fix)) else 1)


@main.command()
@click.argument("file", type=click.Path(path_type=Path))
@database_option
@click.option("--force", is_flag=True, help="Replace the file if it is there.")
def backup(*, file: Path, force: bool, **options: Any) -> None:
    """Copy a SQLite store to FILE, and verify the copy.

    The store may be served, and written to, meanwhile.
    """
    from gql_tasks import operating

    _run(_settings(options), partial(operating.backup, file=file, force=force))


@main.command()
@click.argument("file", type=click.Path(path_type=Path))
@database_option
@click.option("--dry-run", is_flag=True, help="Only look through the backup.")
@click.option("--force", is_flag=True, help="Replace what the store holds.")
def restore(*, file: Path, dry_run: bool, force: bool, **options: Any) -> None:
    """Put a backup in the place of a SQLite store.

    The store may be served meanwhile: the server goes on with what is in FILE. Where anything is
    wrong with FILE the store stays as it was.
    """
    from gql_tasks import operating

    work = partial(operating.restore, file=file, dry_run=dry_run, force=force)
    _run(_settings(options), work)


@main.command("export")
@click.argument("file", default=STANDARD, metavar="[FILE|-]")
@_format(exporting.FORMATS, "JSON lines with everything, or a table of the tasks.")
@database_option
def export_(*, file: str, kind: str, **options: Any) -> None:
    """Write all tasks to FILE, or to stdout.

    The store may be served, and written to, meanwhile. FILE is there whole or as it was before.
    """
    from gql_tasks import operating

    _run(_settings(options), partial(operating.export_to, file=file, kind=kind))


@main.command("import")
@click.argument("file", metavar="FILE|-")
@_format(importing.FORMATS, "What the file is.")
@database_option
@click.option("--dry-run", is_flag=True, help="Only say what would be written, or what is wrong.")
@click.option("--add", is_flag=True, help="Add to a store that is not empty, under new ids.")
def import_(*, file: str, kind: str, dry_run: bool, add: bool, **options: Any) -> None:
    """Take over the tasks in FILE, or on stdin.

    All of them or none: every line that is wrong is told, and nothing is written.
    """
    from gql_tasks import operating

    work = partial(operating.import_from, file=file, kind=kind, dry_run=dry_run, add=add)
    _run(_settings(options), work)


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
    return f"{source} {problem['input']!r}: {problem['msg'].removeprefix('Value error, ')}"


def _run(settings: Settings, work: Callable[[Database], Awaitable[T]]) -> T:
    """Do one thing with the database outside of the server, and let go of it."""

    async def run() -> T:
        database = open_database(settings.database)
        try:
            return await work(database)
        finally:
            await database.close()

    try:
        return asyncio.run(run())
    except (StoreUnavailable, StoreUnusable, FileRefused) as error:
        _fail(*str(error).splitlines())


def _listen(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        # An answer is two writes, and without this the second waits for the peer's delayed
        # acknowledgement, 40 ms. uvicorn sees only a descriptor here, and does not set it itself.
        listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if hasattr(socket, "TCP_USER_TIMEOUT"):  # Linux; accepted connections inherit it
            # Otherwise a peer that stops reading keeps its connection, and what waits in its
            # buffers, for as long as it likes, also after the server has closed it.
            listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, 1000 * UNREAD_SECONDS)
        listener.bind((host, port))
        listener.listen()
    except (OSError, UnicodeError) as error:
        listener.close()
        reason = getattr(error, "strerror", None) or "it is not the name of a host"
        _fail(f"cannot listen on {host} port {port}: {reason}")
    listener.set_inheritable(True)
    return listener


def _check_documents(settings: Settings) -> None:
    """Find out what is wrong with trusted documents before anything is served."""
    if settings.documents:
        try:
            open_schema(settings)
        except DocumentsUnusable as error:
            _fail(*error.problems)


@contextmanager
def _counted_together(workers: int) -> Iterator[None]:
    """Give several workers a directory where each shows the others what it has counted."""
    if workers == 1 or MULTIPROCESS in os.environ:
        yield
        return
    with TemporaryDirectory(prefix="gql_tasks-", ignore_cleanup_errors=True) as directory:
        os.environ[MULTIPROCESS] = directory
        yield


def _announce(settings: Settings, store: str, port: int) -> None:
    host = f"[{settings.host}]" if ":" in settings.host else settings.host
    address = f"http://{host}:{port}"
    places = {
        "GraphQL": f"{address}/graphql",
        "GraphiQL": f"{address}/graphql in a browser",
        "REST": f"{address}/tasks/",
        "REST docs": f"{address}/docs",
        "Store": store,
    }
    if settings.production:
        del places["GraphiQL"], places["REST docs"]
    lines = [f"  {place:<10} {where}" for place, where in places.items()]
    click.echo("\n".join([f"gql_tasks {__version__}", *lines, "Stop with Ctrl+C."]))
    sys.stdout.flush()


def _fail(*messages: str) -> NoReturn:
    for message in messages:
        click.echo(f"gql-tasks: {message}", err=True)
    sys.exit(1)
