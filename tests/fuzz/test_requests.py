"""Generated requests, on both stores: what is valid is answered, and all else is refused in words.

No request is a bug's, no answer tells of Python or the store, a refused write has written nothing,
and the log agrees with the rows.
"""

import json
import re
from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from hypothesis.strategies import DrawFn

from tests.conftest import Client
from tests.fuzz.calls import ANYTHING, EDITS, Call, reads, resolved, writes
from tests.fuzz.cases import FUZZED, ask
from tests.fuzz.world import Rows
from tests.graphql.documents import Request, mutations, orders, queries
from tests.sql import Address

TELLING = """{ tasksConnection { syncToken edges { cursor } }
  named: tasksConnection(orderBy: [{field: TITLE}], filter: {}) { edges { cursor } } }"""


async def told(client: Client) -> dict[str, list[str]]:
    """Ask the server for a token and for cursors."""
    data = await client.data(TELLING)
    return {
        "token": [data["tasksConnection"]["syncToken"]],
        "cursor": [edge["cursor"] for page in data.values() for edge in page["edges"]],
    }


@FUZZED
@given(calls=st.lists(reads(), min_size=4, max_size=4))
async def test_reads(client: Client, address: Address, calls: list[Call]) -> None:
    """Filters, orders, pages, cursors and tokens of any value are answered twice the same."""
    Rows(address)
    kept = await told(client)
    for call in calls:
        variables = resolved(call.variables, kept)
        first = await ask(client.http, call.query, variables)
        assert await ask(client.http, call.query, variables) == first


@FUZZED
@given(calls=st.lists(writes(), min_size=4, max_size=4))
async def test_writes(client: Client, address: Address, calls: list[Call]) -> None:
    """Mutations of any value are done and in the log, or are refused and nowhere."""
    rows = Rows(address)
    kept = await told(client)
    for call in calls:
        answer = await ask(client.http, call.query, resolved(call.variables, kept))
        payloads = [payload for payload in (answer.get("data") or {}).values() if payload]
        refused = "errors" in answer or any(payload["problems"] for payload in payloads)
        rows.check(refused=refused)
        kept["token"] += [payload["syncToken"] for payload in payloads if payload["syncToken"]]


KEYS = st.lists(
    ANYTHING
    | st.sampled_from(("a0", "2026-01-31", "2026-01-31T08:00:00Z", "0001-01-01T00:00:00+14:00"))
    | st.integers(-(2**64), 2**64),
    max_size=4,
)
PAGE = """query ($order: [TaskOrder!], $first: Int, $after: String, $last: Int, $before: String) {
  tasksConnection(orderBy: $order, first: $first, after: $after, last: $last, before: $before) {
    edges { cursor }
  }
}"""


@FUZZED
@given(
    order=st.lists(orders(), max_size=3),
    forged=st.lists(KEYS | st.sampled_from(sorted(EDITS)), min_size=5, max_size=5),
    backward=st.booleans(),
)
async def test_cursors(
    client: Client, address: Address, order: list[Any], forged: list[Any], backward: bool
) -> None:
    """A cursor that this list did not make is INVALID_CURSOR; a forged one does no more harm."""
    Rows(address)
    page = (await client.data(PAGE, {"order": order}))["tasksConnection"]
    cursor = page["edges"][2]["cursor"]
    for part in forged:
        if isinstance(part, str):
            changed = EDITS[part](cursor)
        else:
            changed = cursor[:16] + json.dumps(part).encode().hex()
        arguments = {"last": 2, "before": changed} if backward else {"first": 2, "after": changed}
        answer = await ask(client.http, PAGE, {"order": order} | arguments)
        codes = {error["extensions"]["code"] for error in answer.get("errors", [])}
        assert codes <= {"INVALID_CURSOR", "BAD_REQUEST"}, (codes, changed)


TOKEN = re.compile(r'"(?:\\.|[^"\\])*"|\.\.\.|[\w-]+|[^\s\w,]')
OTHERS = (
    *("{", "}", "(", ")", "[", "]", ":", "!", "$", "@", "&", "|", "=", "...", '"', '"""', "#x\n"),
    *("on", "query", "mutation", "subscription", "fragment", "schema", "extend", "true", "null"),
    *("__typename", "__schema", "__type", "Task", "F1", "id", "tasks", "$id", "@skip", "@include"),
    *("-1", "1e999", "0x1", "1" * 400, '"\\ud800"', '"\\u0000"', '""', "{ " * 30, "@atomic", "é"),
    *("tasks(filter: {not: {not: {}}}) { id }", "a: task(id: 1) { id }", "subtasks { id } " * 9),
)


@st.composite
def broken(draw: DrawFn, valid: st.SearchStrategy[Request]) -> Request:
    """Generate a document, and drop, repeat, move, replace or add some of its tokens."""
    request = draw(valid)
    tokens = TOKEN.findall(request.query)
    for _ in range(draw(st.integers(1, 4))):
        start = draw(st.integers(0, len(tokens)))
        stop = start + draw(st.integers(0, 6))
        change = draw(st.sampled_from(("drop", "repeat", "move", "replace", "add")))
        piece = tokens[start:stop]
        if change == "repeat":
            tokens[start:start] = piece * draw(st.integers(1, 3))
        elif change == "add":
            tokens.insert(start, draw(st.sampled_from(OTHERS)))
        else:
            tokens[start:stop] = [draw(st.sampled_from(OTHERS))] * (change == "replace")
        if change == "move":
            place = draw(st.integers(0, len(tokens)))
            tokens[place:place] = piece
    variables = request.variables | draw(
        st.dictionaries(st.sampled_from(("id", "limit", "keys", "text")), ANYTHING, max_size=2)
    )
    return Request(" ".join(tokens), variables, request.operation_name)


@FUZZED
@given(requests=st.lists(broken(queries() | mutations()), min_size=4, max_size=4))
async def test_documents(client: Client, address: Address, requests: list[Request]) -> None:
    """Documents with tokens lost, doubled, moved or out of place are answered or refused."""
    rows = Rows(address)
    for request in requests:
        await ask(client.http, request.query, request.variables)
    rows.check(refused=False)
