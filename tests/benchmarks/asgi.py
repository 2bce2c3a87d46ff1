"""Our application in process, called as an HTTP server calls it."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from fastapi import FastAPI

from gql_tasks.app import create_app
from gql_tasks.config import Settings

SCOPE = {
    "type": "http",
    "asgi": {"version": "3.0", "spec_version": "2.3"},
    "http_version": "1.1",
    "server": ("127.0.0.1", 8000),
    "client": ("127.0.0.1", 50000),
    "scheme": "http",
    "method": "POST",
    "root_path": "",
    "path": "/graphql",
    "raw_path": b"/graphql",
    "query_string": b"",
}


@asynccontextmanager
async def running_application(database: Path) -> AsyncIterator[FastAPI]:
    """Run the application over a file, within its lifespan."""
    app = create_app(Settings(database=str(database)))
    async with app.router.lifespan_context(app):
        yield app


async def post(app: FastAPI, request: bytes) -> bytes:
    """Hand over a request that is written for a socket, and return the body of the answer."""
    head, _, body = request.partition(b"\r\n\r\n")
    lines = [line.split(b": ") for line in head.split(b"\r\n")[1:]]
    scope = {**SCOPE, "headers": [(name.lower(), value) for name, value in lines], "state": {}}
    parts: list[bytes] = []

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": body, "more_body": False}

    async def send(message: Any) -> None:
        if message["type"] == "http.response.body":
            parts.append(message["body"])

    await app(scope, receive, send)
    return b"".join(parts)
