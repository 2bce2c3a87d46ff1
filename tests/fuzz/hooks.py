"""What Schemathesis must be told of this API. It loads this file itself, in its own environment.

The scalars that GraphQL's own words do not describe, and the checks of an answer: no code but the
documented ones, and nothing that tells of Python or the store. Schemathesis takes every error of
GraphQL for a fault, while an odd filter is the client's.
"""

import json
import sys
from pathlib import Path

import schemathesis
from hypothesis import strategies as st
from schemathesis.graphql import nodes

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT))

from tests.fuzz.codes import CODES  # noqa: E402  # the path to it comes first
from tests.tells import TELLS  # noqa: E402

DURATIONS = st.from_regex(r"[+-]?P[0-9]{1,10}[YMWD]", fullmatch=True)
DAYS = st.dates().map(str)
INSTANTS = st.datetimes().map(lambda at: f"{at.isoformat()}Z")
TOKENS = st.from_regex(r"[0-9a-f]{6}-[0-9a-f]{12}", fullmatch=True)

for name, texts in {
    "Date": DAYS,
    "DateTime": INSTANTS,
    "DateOrDuration": DAYS | DURATIONS,
    "DateTimeOrDuration": INSTANTS | DURATIONS,
    "SyncToken": TOKENS,
}.items():
    schemathesis.graphql.scalar(name, (texts | st.text(max_size=9)).map(nodes.String))


@schemathesis.check
def tells_nothing(
    _: schemathesis.CheckContext, response: schemathesis.Response, case: schemathesis.Case
) -> None:
    """Look for what no answer may show."""
    sent = json.dumps(str(case.body))
    found = [tell for tell in TELLS.findall(response.text) if tell not in sent]
    assert not found, f"the answer tells {found}"


@schemathesis.check
def known_codes(
    _: schemathesis.CheckContext, response: schemathesis.Response, __: schemathesis.Case
) -> None:
    """Hold a GraphQL answer to data, or to errors with documented codes."""
    answer = response.json()
    codes = {error["extensions"]["code"] for error in answer.get("errors", [])}
    assert codes <= CODES, f"codes that are not documented: {codes - CODES}"
    assert codes or answer["data"], "neither data nor errors"
