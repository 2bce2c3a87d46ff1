"""Prepared queries on the shortest way: from the socket to the store and back.

It stands before the application. What it does not answer, it hands on with nothing lost: other
paths and methods, a document that it has not seen valid, whatever goes wrong. So an answer from
here is one that the router would have given as well, and every error is the router's.
"""

from collections.abc import Callable
from datetime import datetime
from functools import lru_cache

import orjson
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from gql_tasks.domain.moments import moment_in
from gql_tasks.graphql.media_types import json_media_type, names_events_only
from gql_tasks.graphql.prepared import PreparedQueries
from gql_tasks.graphql.schema import Schema
from gql_tasks.store.database import Database
from gql_tasks.web.requests import request_id_of

MAX_BODY_BYTES = 20_000
"""Longer requests are no queries that an app sends again and again."""

JSON_BODIES = frozenset(
    {b"application/json", b"application/json; charset=utf-8", b"application/json;charset=utf-8"}
)


class DirectQueries:
    """Answer what is prepared; hand everything else on."""

    def __init__(
        self,
        app: ASGIApp,
        *,
        path: str,
        schema: Schema,
        database: Database,
        max_rows: int,
        max_body_bytes: int,
        clock: Callable[[], datetime],
    ) -> None:
        self.app = app
        self.max_body_bytes = min(max_body_bytes, MAX_BODY_BYTES)
        self.path = path
        self.documents = schema.documents
        self.queries = PreparedQueries(schema._schema, database, max_rows)  # noqa: SLF001
        self.clock = clock

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request, or pass it on."""
        if scope["type"] == "http" and scope["path"] == self.path and scope["method"] == "POST":
            headers = dict(scope["headers"])
            if self._is_plain(headers, len(scope["headers"])):
                body, receive = await _read(receive)
                answer = await self._answer(body, headers)
                if answer is not None:
                    await _send(send, answer, headers)
                    return
        await self.app(scope, receive, send)

    def _is_plain(self, headers: dict[bytes, bytes], count: int) -> bool:
        length = headers.get(b"content-length", b"")
        return (
            len(headers) == count  # none twice
            and headers.get(b"content-type") in JSON_BODIES
            and length.isdigit()
            and int(length) <= self.max_body_bytes
            and _media_type(headers.get(b"accept", b"")) is not None
        )

    async def _answer(self, body: bytes, headers: dict[bytes, bytes]) -> bytes | None:
        """Answer a request's body; None where it is not for here."""
        try:
            request = orjson.loads(body)
            text, name = request["query"], request.get("operationName") or None
            variables = request.get("variables") or {}
            document = self.documents.get(text)
            if document is None or type(variables) is not dict:
                return None
            query = self.queries.query(text, document, name)
            zone = headers.get(b"time-zone")
            moment = moment_in(None if zone is None else zone.decode("latin-1"), self.clock())
            return await self.queries.answer(query, variables, moment)
        except Exception:  # noqa: BLE001  # the router meets it again, and says what it is
            return None


@lru_cache(256)
def _media_type(accept: bytes) -> bytes | None:
    """Choose the media type of an answer; None for an event stream."""
    text = accept.decode("latin-1")
    return None if names_events_only(text) else f"{json_media_type(text)}; charset=utf-8".encode()


async def _read(receive: Receive) -> tuple[bytes, Receive]:
    """Read the body, and make a `receive` that tells it again."""
    message = await receive()
    if message["type"] != "http.request" or message.get("more_body"):
        parts = [message]
        while message["type"] == "http.request" and message.get("more_body"):
            message = await receive()
            parts.append(message)
        body = b"".join(part.get("body", b"") for part in parts)
    else:
        parts = [message]
        body = message.get("body", b"")
    messages = iter(parts)

    async def again() -> Message:
        told = next(messages, None)
        return await receive() if told is None else told

    return body, again


async def _send(send: Send, body: bytes, headers: dict[bytes, bytes]) -> None:
    sent_id = headers.get(b"x-request-id", b"").decode("latin-1")
    await send(
        {
            "type": "http.response.start",
            "status": 200,
            "headers": [
                (b"content-type", _media_type(headers.get(b"accept", b""))),
                (b"content-length", b"%d" % len(body)),
                (b"vary", b"Accept"),
                (b"x-request-id", request_id_of(sent_id).encode()),
            ],
        }
    )
    await send({"type": "http.response.body", "body": body})
