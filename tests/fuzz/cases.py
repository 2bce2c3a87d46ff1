"""How much is tried, and what every answer to it is held to."""

import json
import os
import random
import re
from typing import Any

import httpx2
from hypothesis import HealthCheck, Phase, settings

from tests.fuzz.codes import CODES
from tests.tells import TELLS

CI = os.environ.get("CI") == "true"
CASES = int(os.environ.get("FUZZ_CASES", "25"))
"""Examples of each test of hypothesis's; conversations with a server are some times as many."""

SEED = int(os.environ.get("FUZZ_SEED") or (1 if CI else random.randrange(2**32)))
"""Of what is not hypothesis's; a test that fails shows it."""

FUZZED = settings(
    max_examples=CASES,
    deadline=None,  # the first example opens connections
    phases=(Phase.explicit, Phase.reuse, Phase.generate, Phase.shrink),  # to explain takes minutes
    derandomize=CI,
    suppress_health_check=[
        HealthCheck.function_scoped_fixture,  # every example begins with the same rows
        HealthCheck.too_slow,
        HealthCheck.data_too_large,
    ],
)


def told(answer: str, sent: str) -> list[str]:
    """List what an answer tells that the request did not."""
    answer = re.sub('"label" ?: ?"None"', "", answer)  # a facet's
    return [tell for tell in TELLS.findall(answer) if tell not in sent]


async def ask(http: httpx2.AsyncClient, query: str, variables: dict[str, Any]) -> dict[str, Any]:
    """Post an operation, and hold the answer to data or documented errors that tell nothing."""
    sent = json.dumps({"query": query, "variables": variables})
    response = await http.post(
        "/graphql", content=sent, headers={"content-type": "application/json"}
    )
    assert response.status_code in (200, 400), (response.status_code, sent)
    assert told(response.text, sent) == [], (response.text, sent)
    answer: dict[str, Any] = response.json()
    assert set(answer) <= {"data", "errors"}
    codes = {error["extensions"]["code"] for error in answer.get("errors", [])}
    assert codes <= CODES, (codes, sent)
    assert codes or answer["data"] is not None
    return answer
