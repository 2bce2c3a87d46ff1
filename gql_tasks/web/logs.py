"""What the program writes to standard error: one line for each thing that happened.

For people, or, where no terminal reads it, a JSON object a line:

    time, level, logger, message    always
    request                         the id, where the line is about a request
    operation, type, outcome, cost, document, duration_ms    of the line about a whole request
    error, traceback                what went wrong, and where

A message about a request begins with `request %s`, and its id is found there. No line about a whole
request or a bug has a value of a variable, another header than the id, or a document's text; a
document is named by its SHA-256.
"""

import logging
import re
import sys
import traceback
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any, Final

import orjson

FIELDS: Final = ("operation", "type", "outcome", "cost", "document", "duration_ms")

REQUEST: Final = "request %s"

_ROW = re.compile(r"^DETAIL: .*\n?", re.MULTILINE)
"""Where PostgreSQL repeats the values of a row that it refuses."""

logger = logging.getLogger("gql_tasks.requests")


def log_config(*, level: str, json: bool) -> dict[str, Any]:
    """Configure Python's logging, for this process and for those that uvicorn starts.

    uvicorn says nothing below a warning: its finer lines hold what clients send.
    """
    ours, servers = level.upper(), max(level.upper(), "WARNING", key=logging.getLevelName)
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {"lines": {"()": JsonLines if json else TextLines}},
        "handlers": {
            "stderr": {
                "class": "logging.StreamHandler",
                "stream": "ext://sys.stderr",
                "formatter": "lines",
            }
        },
        "loggers": {"gql_tasks": {"level": ours}, "uvicorn": {"level": servers}},
        "root": {"level": servers, "handlers": ["stderr"]},
    }


def wants_json(log_format: str) -> bool:
    """Tell whether lines are for programs, as they are where no terminal reads them."""
    return log_format == "json" or (log_format == "auto" and not sys.stderr.isatty())


class JsonLines(logging.Formatter):
    """A JSON object for each record."""

    def format(self, record: logging.LogRecord) -> str:
        """Write a record on one line."""
        return orjson.dumps(dict(_members(record)), default=str).decode()


class TextLines(logging.Formatter):
    """A line for each record, and the lines of its traceback."""

    def format(self, record: logging.LogRecord) -> str:
        """Write a record to be read."""
        members = dict(_members(record))
        line = "{time} {level:<7} {message}".format(**members)
        told = [f"{name}={members[name]}" for name in FIELDS if name in members]
        cause = [members["traceback"].rstrip()] if "traceback" in members else []
        return "\n".join([" ".join([line, *told]), *cause])


def _members(record: logging.LogRecord) -> Iterator[tuple[str, Any]]:
    at = datetime.fromtimestamp(record.created, UTC)
    yield "time", at.isoformat(timespec="milliseconds").replace("+00:00", "Z")
    yield "level", record.levelname
    yield "logger", record.name
    yield "message", record.getMessage()
    if record.msg.startswith(REQUEST) and isinstance(record.args, tuple):
        yield "request", record.args[0]
    for name in FIELDS:
        if (value := getattr(record, name, None)) is not None:
            yield name, value
    if record.exc_info and (error := record.exc_info[1]) is not None:
        yield "error", _ROW.sub("", "".join(traceback.format_exception_only(error))).strip()
        yield "traceback", _ROW.sub("", "".join(traceback.format_exception(error)))


class RequestLog:
    """The lines about whole requests: about every one, or those that take long."""

    def __init__(self, *, every: bool, slow_seconds: float) -> None:
        self._slow_seconds = slow_seconds
        self.from_seconds = 0.0 if every else slow_seconds

    def write(self, request_id: str, seconds: float, **fields: Any) -> None:
        """Write the line about a request that took so long, if it is to have one."""
        if seconds < self.from_seconds:
            return
        fields["duration_ms"] = round(1000 * seconds, 3)
        if seconds >= self._slow_seconds:
            logger.warning("request %s was slow", request_id, extra=fields)
        else:
            logger.info("request %s", request_id, extra=fields)
