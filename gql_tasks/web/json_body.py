"""Reading JSON that clients send: strict, and no deeper than programs that walk it can go."""

from typing import Any, Final

import orjson

MAX_DEPTH: Final = 100
"""Lists and objects inside each other."""


class TooDeep(orjson.JSONDecodeError):
    """JSON that is nested too deeply."""

    def __init__(self) -> None:
        super().__init__(f"nested deeper than {MAX_DEPTH} levels", "", 0)


def read_json(text: str | bytes) -> Any:
    """Read JSON. Raises orjson.JSONDecodeError, TooDeep among them."""
    document = orjson.loads(text)
    # A short document, or one of few brackets, in strings or not, needs no closer look.
    if len(text) > 2 * MAX_DEPTH and _count_brackets(text) > MAX_DEPTH:
        _check_depth(document)
    return document


def _count_brackets(text: str | bytes) -> int:
    if isinstance(text, str):
        return text.count("{") + text.count("[")
    return text.count(b"{") + text.count(b"[")


def _check_depth(document: Any) -> None:
    depth, level = 0, [document]
    while level := [value for value in level if isinstance(value, dict | list)]:
        depth += 1
        if depth > MAX_DEPTH:
            raise TooDeep
        level = [
            inner
            for value in level
            for inner in (value.values() if isinstance(value, dict) else value)
        ]
