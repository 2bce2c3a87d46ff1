"""Search texts: what a person types, and the words it stands for."""

import unicodedata

import pytest

from gql_tasks.domain.errors import InvalidArgument
from gql_tasks.domain.letters import LETTERS
from gql_tasks.domain.search import (
    MAX_WORD_CHARACTERS,
    MAX_WORDS,
    SearchText,
    Word,
    read_search,
)


def words(text: str) -> list[str]:
    """Read a search text and write a prefix with a `*`."""
    search = read_search(text)
    assert search is not None
    return [word.text + "*" * word.is_prefix for word in search.words]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("milk", ["milk*"]),
        ("milk ", ["milk"]),
        ("  Buy\tmilk", ["Buy", "milk*"]),
        ("buy buy", ["buy", "buy*"]),
        ("well-known", ["well", "known*"]),
        ("don't", ["don", "t*"]),
        ("snake_case", ["snake", "case*"]),
        ("ana@example.com", ["ana", "example", "com*"]),
        ("https://example.com/a?b=1#c", ["https", "example", "com", "a", "b", "1", "c*"]),
        ("3.14", ["3", "14*"]),
        ("1,000", ["1", "000*"]),
        ("C++", ["C"]),
        ("3e5abc", ["3e5abc*"]),
        ("買い物、卵、豆腐", ["買い物", "卵", "豆腐*"]),
        ("हिन्दी में", ["हिन्दी", "में*"]),
        ("cafe\u0301 noir", ["cafe\u0301", "noir*"]),
        ("Straße İstanbul", ["Straße", "İstanbul*"]),
        ("x² ½ ٣", ["x²", "½", "٣*"]),
        ("done🎉now", ["done", "now*"]),
        ("I ❤️ tea", ["I", "tea*"]),
        ("a\0b\ud800c", ["a", "b", "c*"]),
    ],
)
def test_words(text: str, expected: list[str]) -> None:
    """Letters, marks and digits make words; the last one may go on if nothing follows it."""
    assert words(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('"buy milk"', ["buy", "milk"]),
        ('"buy', ["buy*"]),
        ("mil*", ["mil"]),
        ("a AND b", ["a", "AND", "b*"]),
        ("a OR NOT b", ["a", "OR", "NOT", "b*"]),
        ("NEAR(a b, 5)", ["NEAR", "a", "b", "5"]),
        ("title:a", ["title", "a*"]),
        ("{title description}: ^a", ["title", "description", "a*"]),
        ("-a +b", ["a", "b*"]),
        ("a & !b | (c) <-> d:*A", ["a", "b", "c", "d", "A*"]),
        ("'; DROP TABLE tasks; --", ["DROP", "TABLE", "tasks"]),
    ],
)
def test_operators_are_separators(text: str, expected: list[str]) -> None:
    """What is an operator to FTS5 or to tsquery stands between words like any other sign."""
    assert words(text) == expected


@pytest.mark.parametrize("text", ["", " ", "\n", '"', "***", "-", "🎉", "❤️", "\0", "\ud800"])
def test_text_without_words_asks_for_nothing(text: str) -> None:
    """An empty search box, and one that holds no word yet, is no search."""
    assert read_search(text) is None


def test_long_words_are_cut() -> None:
    """A word that is too long is looked for by its beginning, wherever it stands."""
    longest = "x" * MAX_WORD_CHARACTERS
    assert read_search(f"{longest} {longest}y a ") == SearchText(
        (Word(longest), Word(longest, is_prefix=True), Word("a"))
    )


def test_too_many_words_are_refused() -> None:
    """Words are not dropped: more than the most are an error."""
    assert len(words("a " * MAX_WORDS)) == MAX_WORDS
    with pytest.raises(InvalidArgument, match=r"^search has more than 32 words$"):
        read_search("a " * (MAX_WORDS + 1))


def test_letters_are_those_of_unicode() -> None:
    """The table has the letters, marks and digits of Unicode, and of signs none."""
    listed = {code for first, last in LETTERS for code in range(first, last + 1)}
    old = unicodedata.ucd_3_2_0  # what every Python's tables have and agree on
    drawing = {*range(0x20D0, 0x2100), *range(0xFE00, 0xFE10)}
    for code in range(0x110000):
        before, now = old.category(chr(code)), unicodedata.category(chr(code))
        if before != "Cn" and (before[0] in "LMN") == (now[0] in "LMN"):
            assert (code in listed) == (now[0] in "LMN" and code not in drawing), hex(code)
