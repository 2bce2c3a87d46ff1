"""Domain errors to HTTP, where the door itself does not translate them."""

import logging
from collections.abc import Callable, Coroutine, Mapping
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from gql_tasks.domain.errors import StoreUnavailable
from gql_tasks.web.requests import request_id

logger = logging.getLogger("gql_tasks.web")


async def store_unavailable(request: Request, error: Exception) -> Response:
    """Answer 503 and when to try again."""
    logger.warning("request %s: %s", request_id(request), error, exc_info=error.__cause__)
    return JSONResponse({"detail": str(error)}, 503, {"Retry-After": "1"})


ERROR_HANDLERS: Mapping[
    int | type[Exception], Callable[[Request, Any], Coroutine[Any, Any, Response]]
] = {StoreUnavailable: store_unavailable}
