"""Cursors: a place in an order, as text that only this server reads.

    fingerprint of the order and the filter, 16 hexadecimal digits
    the row's sort keys and its id, as a JSON array in UTF-8, in hexadecimal

The database writes them (`store/page.py`), row by row, from the keys it sorts by; here they are
read back. Hexadecimal and not base64, because both stores can write it.
"""

import json
from datetime import UTC, date, datetime
from hashlib import blake2b
from typing import Any

from gql_tasks.domain.errors import InvalidCursor
from gql_tasks.domain.page import NULLABLE, Order, OrderField
from gql_tasks.domain.values import Scalar

FINGERPRINT_DIGITS = 16

_INTEGERS = {OrderField.ID, OrderField.PRIORITY, OrderField.RELEVANCE}
_INSTANTS = {
    OrderField.COMPLETED_AT,
    OrderField.DUE,
    OrderField.CREATED_AT,
    OrderField.UPDATED_AT,
}
_TEXTS = {OrderField.TITLE, OrderField.POSITION}


def fingerprint(*parts: object) -> str:
    """Stand for an order, a filter and a search, as they were asked for.

    Relative dates count as the duration that was sent, so that a cursor outlives the moment.
    """
    digest = blake2b(_canonical(parts).encode(), digest_size=FINGERPRINT_DIGITS // 2)
    return digest.hexdigest()


def read_cursor(
    cursor: str, expected: str, order_by: tuple[Order, ...], argument: str
) -> tuple[Scalar | None, ...]:
    """Read the keys back. Raises InvalidCursor for one that this order and filter did not make."""
    if not cursor.startswith(expected):
        raise InvalidCursor(argument)
    try:
        keys = json.loads(bytes.fromhex(cursor[len(expected) :]).decode())
        if len(keys) != len(order_by):
            raise InvalidCursor(argument)
        return tuple(map(_read_key, order_by, keys))
    except (ValueError, TypeError, OverflowError, RecursionError) as error:
        raise InvalidCursor(argument) from error


def _read_key(order: Order, key: Any) -> Scalar | None:
    """Read one key; whatever a forged cursor holds, no store is handed what it cannot take."""
    match key:
        case None if order.field in NULLABLE:
            return None
        case bool() if order.field is OrderField.COMPLETED:
            return key
        case 0 | 1 if order.field is OrderField.COMPLETED:
            return bool(key)
        case int() if order.field in _INTEGERS and key is not True and key is not False:
            if -(2**63) <= key < 2**63:
                return key
        case str() if order.field in _INSTANTS:
            # Other programs may have written one without an offset; SQLite's own times are UTC.
            instant = datetime.fromisoformat(key)
            return (instant if instant.tzinfo else instant.replace(tzinfo=UTC)).astimezone(UTC)
        case str() if order.field is OrderField.START_ON:
            return date.fromisoformat(key)
        case str() if order.field in _TEXTS and "\0" not in key:
            key.encode()  # a lone surrogate is a ValueError
            return key
    raise ValueError(f"{key!r} is no {order.field.value}")


def _canonical(value: object) -> str:
    match value:
        case dict():
            members = sorted(f"{key}:{_canonical(inner)}" for key, inner in value.items())
            return "{" + ",".join(members) + "}"
        case list() | tuple():
            return "[" + ",".join(map(_canonical, value)) + "]"
    return repr(value)
