"""Errors of an operation, as clients see them: a message, a way to it, and a code to act on.

    GRAPHQL_PARSE_FAILED          the document is not GraphQL
    GRAPHQL_VALIDATION_FAILED     the document does not fit the schema
    OPERATION_RESOLUTION_FAILURE  the operation meant is not in the document, or is not named
    LIMIT_EXCEEDED                the operation is over a limit; the error names it
    COST_LIMIT_EXCEEDED           the operation costs more than it may
    PERSISTED_QUERY_NOT_FOUND     no document of that id is known; sending its text too may help
    PERSISTED_QUERY_HASH_MISMATCH the text that was sent is not the document of that id
    DOCUMENT_NOT_TRUSTED          the server runs trusted documents only, and this is none
    BAD_USER_INPUT                a variable or an argument that no field can take
    INVALID_CURSOR                a cursor made for another order or filter
    SERVICE_UNAVAILABLE           the database is busy or away; trying again may work
    STORE_FULL                    the database's disk is full; a write was not done
    STORE_READ_ONLY               the database takes no writes; this one was not done
    STORE_DAMAGED                 what was asked for is damaged in the database
    STATEMENT_TIMEOUT             the database took longer than it may; a write was not done
    TOO_SLOW                      a subscriber reads slower than events come, and was cut off
    TOO_MANY_OPERATIONS           a socket has as many operations running as it may
    INTERNAL_SERVER_ERROR         a bug; the message names the request, the log has the cause

All but the last are the caller's or nobody's fault and say what is wrong. The last is masked.
"""

import logging
import re
from typing import Any

from graphql import GraphQLError, GraphQLSyntaxError
from strawberry.exceptions import MissingQueryError
from strawberry.schema.exceptions import CannotGetOperationTypeError
from strawberry.types.execution import ExecutionResult, PreExecutionError

from gql_tasks.domain.errors import (
    AnswerTooLarge,
    InvalidArgument,
    InvalidCursor,
    TooManyRows,
    TooSlow,
)
from gql_tasks.web.errors import store_failure

logger = logging.getLogger("gql_tasks.graphql")

Formatted = dict[str, Any]

MAX_MESSAGE_CHARACTERS = 1_000
"""Messages quote names and values of any length; what is longer is cut."""

_JSON_WORDS = {"None": "null", "True": "true", "False": "false"}
_QUOTED_OR_WORD = re.compile(r"""'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*"|\b(?:None|True|False)\b""")


def format_result(result: ExecutionResult | PreExecutionError, request_id: str) -> Formatted:
    """Shape a result for the response. A request that never ran has no `data`, not even null."""
    told = {"extensions": result.extensions} if result.extensions else {}
    if not result.errors:
        return {"data": result.data, **told}
    before = isinstance(result, PreExecutionError)
    errors = [_format_error(error, before=before, request_id=request_id) for error in result.errors]
    if before or (result.data is None and not any(error.path for error in result.errors)):
        return {"errors": errors, **told}
    return {"data": result.data, "errors": errors, **told}


def request_error(message: str, code: str) -> GraphQLError:
    """Make an error of a request that is not run."""
    return GraphQLError(message, extensions={"code": code})


def refusal(message: str, code: str) -> Formatted:
    """Shape an error of what never became an operation."""
    return {"message": message, "extensions": {"code": code}}


def _format_error(error: GraphQLError, *, before: bool, request_id: str) -> Formatted:
    message, extensions = _explained(error, before=before, request_id=request_id)
    formatted: Formatted = {"message": message}
    if error.locations:
        formatted["locations"] = [location.formatted for location in error.locations]
    if error.path is not None:
        formatted["path"] = error.path
    error.extensions = extensions  # for whoever counts them
    return formatted | {"extensions": extensions}


def _explained(error: GraphQLError, *, before: bool, request_id: str) -> tuple[str, Formatted]:
    """Find the words and the code; log what is masked."""
    cause = error.original_error
    match cause:
        case None | GraphQLError():
            own = error.extensions or {}
            return _in_json_words(error.message), {"code": _code(error), **own}
        case MissingQueryError():
            return "The request has no query.", {"code": "GRAPHQL_PARSE_FAILED"}
        case CannotGetOperationTypeError():
            named = cause.operation_name
            message = f'Unknown operation named "{named}".' if named else "There is no operation."
            return message, {"code": "OPERATION_RESOLUTION_FAILURE"}
        case ValueError() if (
            before and error.nodes and not error.path
        ):  # int() takes 4300 digits at the most
            return "A number has too many digits.", {"code": "GRAPHQL_VALIDATION_FAILED"}
        case InvalidArgument():
            return str(cause), {"code": "BAD_USER_INPUT"}
        case InvalidCursor():
            return str(cause), {"code": "INVALID_CURSOR"}
        case AnswerTooLarge():
            return str(cause), {"code": "BAD_USER_INPUT", "maxBytes": cause.max_bytes}
        case TooManyRows():
            return str(cause), {"code": "BAD_USER_INPUT", "maxRows": cause.max_rows}
        case TooSlow():
            return str(cause), {"code": "TOO_SLOW"}
    if failure := store_failure(cause, request_id):
        retryable = {"retryable": True} if failure.retryable else {}
        return str(cause), {"code": failure.code, **retryable}
    logger.error("request %s failed at %s", request_id, error.path, exc_info=cause)
    return (
        f"Internal server error; the log has its cause under request {request_id}.",
        {"code": "INTERNAL_SERVER_ERROR"},
    )


def _code(error: GraphQLError) -> str:
    return "GRAPHQL_PARSE_FAILED" if isinstance(error, GraphQLSyntaxError) else "BAD_USER_INPUT"


def _in_json_words(message: str) -> str:
    """Cut a message of graphql-core's, and spell the values in it as the client did."""
    if len(message) > MAX_MESSAGE_CHARACTERS:
        message = f"{message[: MAX_MESSAGE_CHARACTERS - 3]}..."
    return _QUOTED_OR_WORD.sub(lambda found: _JSON_WORDS.get(found[0], found[0]), message)
