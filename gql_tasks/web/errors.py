"""Failures of the database, as clients of both doors see them: a code, a status, and a log line."""

import logging
from collections.abc import Callable, Coroutine, Mapping
from dataclasses import dataclass
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from gql_tasks.domain.errors import (
    StatementTimeout,
    StoreDamaged,
    StoreFull,
    StoreReadOnly,
    StoreUnavailable,
    TasksError,
)
from gql_tasks.web.requests import request_id

logger = logging.getLogger("gql_tasks.web")


@dataclass(frozen=True, slots=True)
class Failure:
    """What a client is told. One that is `retryable` may be gone when the same is sent again."""

    code: str
    status: int
    retryable: bool


_FAILURES: Mapping[type[TasksError], Failure] = {
    StatementTimeout: Failure("STATEMENT_TIMEOUT", 503, retryable=False),
    StoreDamaged: Failure("STORE_DAMAGED", 500, retryable=False),
    StoreFull: Failure("STORE_FULL", 507, retryable=True),
    StoreReadOnly: Failure("STORE_READ_ONLY", 503, retryable=True),
    StoreUnavailable: Failure("SERVICE_UNAVAILABLE", 503, retryable=True),
}


def store_failure(error: BaseException | None, request_id: str) -> Failure | None:
    """Find what to tell of a failure of the database, and log its cause in one line.

    None for any other error.
    """
    failure = next((_FAILURES[kind] for kind in type(error).__mro__ if kind in _FAILURES), None)
    if failure is not None and error is not None:
        cause = error.__cause__
        why = "" if cause is None else f" ({type(cause).__name__}: {_one_line(cause)})"
        logger.warning("request %s: %s%s", request_id, error, why)
    return failure


def _one_line(cause: BaseException) -> str:
    # SQLAlchemy's error repeats the statement and its values; the driver's says what happened.
    return " ".join(str(getattr(cause, "orig", None) or cause).split())


async def _answer(request: Request, error: Exception) -> Response:
    failure = store_failure(error, request_id(request))
    assert failure is not None  # noqa: S101  # the handlers are those of its kinds
    headers = {"Retry-After": "1"} if failure.retryable else None
    return JSONResponse({"detail": str(error), "code": failure.code}, failure.status, headers)


ERROR_HANDLERS: Mapping[
    int | type[Exception], Callable[[Request, Any], Coroutine[Any, Any, Response]]
] = dict.fromkeys(_FAILURES, _answer)
