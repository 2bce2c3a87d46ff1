"""What tests of the GraphQL door share."""

from collections.abc import Iterator
from typing import Any

import pytest

from gql_tasks.graphql import direct


@pytest.fixture
def answered(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[bool]]:
    """Note of each request to come whether it was answered directly."""
    noted: list[bool] = []
    answer = direct.DirectOperations._answer

    async def noting(self: Any, *arguments: Any) -> bytes | None:
        found = await answer(self, *arguments)
        noted.append(found is not None)
        return found

    monkeypatch.setattr(direct.DirectOperations, "_answer", noting)
    return noted
