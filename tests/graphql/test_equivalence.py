"""Answers equal those of graphql-core's own executor, whatever the document and the rows.

Documents and rows are generated. The rows are written by plain SQL, as another program would, and
the order of an answer's keys counts.
"""

import os
import re
from typing import Any

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from tests.conftest import Client
from tests.graphql.documents import SOME_IDS, Request, mutations, orders, queries, texts
from tests.graphql.reference import INSTANT, Answered, Model, execute, query_root, stored_rows
from tests.sql import Address

GENERATED = settings(
    max_examples=40,
    deadline=None,  # the first example opens connections
    phases=(Phase.explicit, Phase.reuse, Phase.generate, Phase.shrink),  # to explain takes minutes
    derandomize=os.environ.get("CI") == "true",
    suppress_health_check=[
        HealthCheck.function_scoped_fixture,  # every example empties the table first
        HealthCheck.too_slow,  # drawing a document takes longer than answering it
    ],
)

MOMENTS = ("1999-12-31T23:59:59.999Z", "2026-01-31T08:00:00.000Z", "2026-01-31T08:00:00.010Z")

TEXTS = st.sampled_from((None, "", "a", "A")) | texts()  # few, so that some are equal

COLUMNS = {
    "title": TEXTS,
    "description": TEXTS,
    "completed": st.sampled_from((None, True, False)),
    "completed_at": st.sampled_from((None, *MOMENTS)),
    "version": st.integers(1, 2**31 - 1),
    "created_at": st.sampled_from(MOMENTS),
    "updated_at": st.sampled_from(MOMENTS),
}

ROWS = st.lists(
    st.fixed_dictionaries({"id": st.sampled_from(SOME_IDS), **COLUMNS}),
    min_size=3,
    max_size=8,
    unique_by=lambda row: row["id"],
)
TEXTS_ONLY = st.lists(
    st.fixed_dictionaries({name: COLUMNS[name] for name in ("title", "description", "completed")}),
    min_size=2,
    max_size=4,
)


@GENERATED
@given(rows=ROWS, requests=st.lists(queries(), min_size=3, max_size=3))
async def test_queries(
    client: Client, address: Address, rows: list[dict[str, Any]], requests: list[Request]
) -> None:
    """A query's answer is graphql-core's, key by key, over the same rows."""
    fill(address, rows)
    stored = stored_rows(address)
    for request in requests:
        expected = execute(
            query_root(stored), request.query, request.variables, request.operation_name
        )
        assert Answered.of(await send(client, request)) == expected


@GENERATED
@given(rows=ROWS, keys=st.lists(orders(), min_size=1, max_size=4))
async def test_orders(
    client: Client, address: Address, rows: list[dict[str, Any]], keys: list[dict[str, str]]
) -> None:
    """A list comes in the order that Python's stable sorts make, keys said twice included."""
    fill(address, rows)
    query = "query ($keys: [TaskOrder!]) { tasks(orderBy: $keys) { id } }"
    expected = execute(query_root(stored_rows(address)), query, {"keys": keys}, None)
    assert Answered.of(await send(client, Request(query, {"keys": keys}, None))) == expected


@GENERATED
@given(rows=TEXTS_ONLY, request=mutations())
async def test_mutations(
    client: Client, address: Address, rows: list[dict[str, Any]], request: Request
) -> None:
    """A mutation's payloads are graphql-core's over a model, and the table ends as the model."""
    fill(address, rows)
    model = Model(
        (without_moments(row) for row in stored_rows(address)), reuses_ids=address.is_sqlite
    )
    expected = execute(model.root(), request.query, request.variables, request.operation_name)
    answer = re.sub(r'"\d{4}-\d\d-\d\dT[0-9:.]{12}Z"', f'"{INSTANT}"', await send(client, request))
    assert Answered.of(answer) == expected
    assert [without_moments(row) for row in stored_rows(address)] == list(model.rows.values())


async def send(client: Client, request: Request) -> str:
    response = await client.http.post(
        "/graphql",
        json={
            "query": request.query,
            "variables": request.variables,
            "operationName": request.operation_name,
        },
    )
    return response.text


def without_moments(row: dict[str, Any]) -> dict[str, Any]:
    return row | {name: value and INSTANT for name, value in row.items() if name.endswith("At")}


def fill(address: Address, rows: list[dict[str, Any]]) -> None:
    """Replace the table's rows from outside."""
    if address.is_sqlite:
        empty = ["DELETE FROM tasks"]
    else:  # an operation that was not ended is an error here, not a run that never ends
        empty = ["SET lock_timeout = '10s'", "TRUNCATE tasks RESTART IDENTITY"]
    inserts = [
        f"INSERT INTO tasks ({', '.join(row)}) "
        f"VALUES ({', '.join(literal(address, value) for value in row.values())})"
        for row in rows
    ]
    address.execute(*empty, *inserts)


def literal(address: Address, value: Any) -> str:
    """Write a value in SQL; texts by their bytes, which need no quoting."""
    match value:
        case None:
            return "NULL"
        case str() if address.is_sqlite:
            return f"CAST(x'{value.encode().hex()}' AS TEXT)"
        case str() if value in MOMENTS:
            return f"'{value}'"
        case str():  # PostgreSQL has no NUL in text
            return f"convert_from('\\x{value.replace(chr(0), '').encode().hex()}', 'UTF8')"
    return str(value)
