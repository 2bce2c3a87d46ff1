"""A bounded memory."""

from gql_tasks.store.recent import Recent


def test_the_unused_go_first() -> None:
    """Past so many values the one that was used longest ago goes."""
    recent: Recent[str, int] = Recent(2)
    recent.put("a", 1)
    recent.put("b", 2)
    assert recent.get("a") == 1
    recent.put("c", 3)
    assert [recent.get(key) for key in "abc"] == [1, None, 3]
    assert ("a" in recent, "b" in recent, len(recent)) == (True, False, 2)


def test_size_is_bounded() -> None:
    """Past so much size as many go as have to; what alone is too large is not kept."""
    recent: Recent[str, str] = Recent(10, most_size=6, size=lambda _, text: len(text))
    for key in "abc":
        recent.put(key, "xx")
    recent.put("d", "xxxx")
    assert [recent.get(key) for key in "abcd"] == [None, None, "xx", "xxxx"]
    recent.put("c", "x")
    recent.put("e", "x")
    assert [recent.get(key) for key in "cde"] == ["x", "xxxx", "x"]
    recent.put("f", "x" * 7)
    recent.put("e", "x" * 7)
    assert [recent.get(key) for key in "cdef"] == ["x", "xxxx", None, None]
