"""What is said over a WebSocket, by the graphql-transport-ws protocol: text frames to messages.

https://github.com/enisdenjo/graphql-ws/blob/master/PROTOCOL.md. A client says

    connection_init   before it may subscribe; answered with connection_ack
    subscribe         run an operation under an id: next..., then complete or error
    complete          stop the operation of an id
    ping, pong        a ping is answered with a pong

and everything else closes the socket. What is wrong with one operation is that operation's `error`.
"""

from dataclasses import dataclass
from enum import IntEnum
from typing import Any, Final, TypeAlias

import orjson

from gql_tasks.domain.text import shown
from gql_tasks.graphql.operation import BadRequest, Operation, parse_operation
from gql_tasks.web.json_body import MAX_DEPTH, TooDeep, read_json

SUBPROTOCOL: Final = "graphql-transport-ws"

MAX_ID_CHARACTERS = 128
"""Characters of an operation's id; clients send numbers or UUIDs, and every frame repeats it."""

_MAX_REASON_BYTES = 123  # RFC 6455, section 5.5


class CloseCode(IntEnum):
    """Why the server closes a socket; the protocol's codes, WebSocket's 1009, and 4008."""

    TOO_LONG = 1009
    TOO_SLOW = 4008
    BAD_MESSAGE = 4400
    UNAUTHORIZED = 4401
    WRONG_SUBPROTOCOL = 4406
    INIT_TIMEOUT = 4408
    DUPLICATE_ID = 4409
    SECOND_INIT = 4429
    BUG = 4500


class Close(Exception):
    """The socket is to be closed, with a reason of the length that a close frame has room for."""

    def __init__(self, code: CloseCode, reason: str) -> None:
        self.code = code
        self.reason = reason.encode()[:_MAX_REASON_BYTES].decode(errors="ignore")
        super().__init__(reason)


@dataclass(frozen=True, slots=True)
class Init:
    """The client's greeting."""


@dataclass(frozen=True, slots=True)
class Ping:
    """A question whether the server is there; the answer repeats the payload."""

    payload: dict[str, Any] | None


@dataclass(frozen=True, slots=True)
class Pong:
    """The answer to a ping, or a sign of life."""


@dataclass(frozen=True, slots=True)
class Subscribe:
    """An operation to run; the id is the client's name for it."""

    id: str
    operation: Operation


@dataclass(frozen=True, slots=True)
class Complete:
    """The client wants nothing more of an operation."""

    id: str


Message: TypeAlias = Init | Ping | Pong | Subscribe | Complete


def parse_message(text: str | None, *, max_bytes: int) -> Message:
    """Read a frame's text, None for a frame that is not text. Raises Close."""
    if text is None:
        raise _bad("Messages are JSON in text frames.")
    frame = text.encode()
    if len(frame) > max_bytes:
        raise Close(CloseCode.TOO_LONG, f"The message is longer than {max_bytes} bytes.")
    try:
        message = read_json(frame)
    except TooDeep as error:
        raise _bad(f"The message is nested deeper than {MAX_DEPTH} levels.") from error
    except orjson.JSONDecodeError as error:
        raise _bad(f"The message is not JSON: {error.msg}.") from error
    if not isinstance(message, dict):
        raise _bad("A message is a JSON object.")
    kind = message.get("type")
    match kind:
        case "connection_init":
            _payload(message)
            return Init()
        case "ping":
            return Ping(_payload(message))
        case "pong":
            _payload(message)
            return Pong()
        case "subscribe":
            return Subscribe(_id(message), _operation(message))
        case "complete":
            return Complete(_id(message))
        case str():
            raise _bad(f"type {shown(kind)} is not one that clients send.")
        case _:
            raise _bad("type must be a string.")


def _id(message: dict[str, Any]) -> str:
    name = message.get("id")
    if not isinstance(name, str) or not 0 < len(name) <= MAX_ID_CHARACTERS:
        raise _bad(f"id must be a string of 1 to {MAX_ID_CHARACTERS} characters.")
    return name


def _payload(message: dict[str, Any]) -> dict[str, Any] | None:
    payload = message.get("payload")
    if payload is not None and not isinstance(payload, dict):
        raise _bad("payload must be an object or null.")
    return payload


def _operation(message: dict[str, Any]) -> Operation:
    payload = message.get("payload")
    if not isinstance(payload, dict):
        raise _bad("payload must be an object.")
    try:
        operation = parse_operation(payload)
    except BadRequest as error:
        raise _bad(f"payload: {error}") from error
    if operation.query is None and operation.document_id is None:
        raise _bad("payload: query must be a string.")
    return operation


def _bad(reason: str) -> Close:
    return Close(CloseCode.BAD_MESSAGE, reason)
