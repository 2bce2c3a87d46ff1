"""Answers of more bytes than the server sends: rows are bounded, but texts are long."""

import pytest

from gql_tasks.graphql.execution import MAX_CHARACTERS, DocumentCache
from gql_tasks.store.database import MAX_ANSWER_BYTES
from tests.conftest import Client

TEXT = "x" * 900_000
TOO_LARGE = {
    "message": f"the answer is longer than {MAX_ANSWER_BYTES} bytes; ask for less",
    "extensions": {"code": "BAD_USER_INPUT", "maxBytes": MAX_ANSWER_BYTES},
}


def again_and_again(times: int, *, roots: int) -> str:
    """Ask for a task's text so many times below each of so many root fields."""
    texts = " ".join(f"d{number}: description" for number in range(times))
    return (
        "{ " + " ".join(f"r{number}: task(id: 1) {{ {texts} }}" for number in range(roots)) + " }"
    )


@pytest.mark.parametrize(("times", "roots"), [(80, 1), (40, 2)])
async def test_too_large(times: int, roots: int, client: Client) -> None:
    """It is refused, of a document that is new and of one that is known; less is answered."""
    await client.data(
        "mutation ($text: String!) {"
        ' createTask(input: { title: "long", description: $text }) { task { id } } }',
        {"text": TEXT},
    )
    row_id = (await client.data("{ tasks { id } }"))["tasks"][0]["id"]
    query = again_and_again(times, roots=roots).replace("id: 1", f'id: "{row_id}"')
    for _ in range(2):
        [error] = (await client.graphql(query))["errors"]
        assert {name: error[name] for name in TOO_LARGE} == TOO_LARGE
    few = again_and_again(2, roots=2).replace("id: 1", f'id: "{row_id}"')
    for _ in range(2):
        assert await client.data(few) == {f"r{n}": {"d0": TEXT, "d1": TEXT} for n in range(2)}


def test_documents_add_up() -> None:
    """Documents are kept as far as their texts fit in what they may add up to."""
    cache = DocumentCache()
    texts = [f"{number:05}" + "x" * 9_995 for number in range(MAX_CHARACTERS // 10_000 + 1)]
    for text in texts:
        cache.put(text, document := object())  # type: ignore[arg-type]  # none is looked into
        cache.put(text, document)  # type: ignore[arg-type]
    assert cache.get(texts[0]) is None
    assert all(cache.get(text) is not None for text in texts[1:])
