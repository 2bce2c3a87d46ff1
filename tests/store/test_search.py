"""Search: both stores find what the words say, whoever wrote the rows."""

import asyncio
import re
import unicodedata
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from inspect import isawaitable
from pathlib import Path

import orjson
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from gql_tasks.domain.letters import LETTERS
from gql_tasks.domain.page import Order, OrderField
from gql_tasks.domain.plan import Column, ReadPlan, Rows
from gql_tasks.domain.relations import Entity
from gql_tasks.domain.search import read_search
from gql_tasks.domain.values import Slot
from gql_tasks.store.address import open_database
from gql_tasks.store.database import WriteSession
from gql_tasks.store.tables import TaskRow
from tests import postgresql, sql
from tests.sql import Address

SHAPE = Rows(
    Entity.TASK,
    (Column("id", "id"),),
    limit=Slot(0),
    offset=Slot(1),
    search=Slot(2),
    order_by=(Order(OrderField.RELEVANCE),),
)

Row = tuple[int, str | None, str | None]
"""A task's id, its title and its description."""


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Leave PostgreSQL's locales out of a run on SQLite alone."""
    if "locale" in metafunc.fixturenames:
        run = metafunc.config.getoption("--db") != "sqlite"
        metafunc.parametrize("locale", ["C", "C.UTF-8"] if run else [])


def search(address: str, *texts: str) -> list[list[int]]:
    """Find the ids of the tasks for each text, the most relevant first."""
    return sql.run(_search, str(address), texts)


async def _search(address: str, texts: Sequence[str]) -> list[list[int]]:
    database = open_database(address)
    session = database.session()
    try:
        return [await _ids(session.read, text) for text in texts]
    finally:
        await session.finish()
        await database.close()


async def _ids(read: Callable[[ReadPlan], object], text: str) -> list[int]:
    words = read_search(text)
    assert words is not None
    answer = read(ReadPlan(SHAPE, (1000, 0, words)))
    rows = orjson.loads(orjson.dumps(await answer if isawaitable(answer) else answer))
    return [int(row["id"]) for row in rows]


def replace_rows(address: str, rows: Sequence[Row]) -> None:
    """Make these the only tasks."""
    sql.run(_replace_rows, str(address), rows)


async def _replace_rows(address: str, rows: Sequence[Row]) -> None:
    database = open_database(address)

    def work(session: WriteSession) -> None:
        session.query(TaskRow).delete()
        session.add_all(TaskRow(id=key, title=title, description=d) for key, title, d in rows)

    try:
        await database.write(work)
    finally:
        await database.close()


# The same in Python


WORD = re.compile("[" + "".join(f"{chr(first)}-{chr(last)}" for first, last in LETTERS) + "]+")


def fold(text: str) -> str:
    """Fold case: Unicode's simple folding, and İ to i."""
    return "".join(_fold(character) for character in text.replace("İ", "i"))


def _fold(character: str) -> str:
    for folded in (character.casefold(), character.lower()):
        if len(folded) == 1:
            return folded
    return character


def words_of(text: str | None) -> list[str]:
    return WORD.findall(fold((text or "")[:100_000]))


def fits(word: str, query: str) -> bool:
    return word.startswith(query[:-1]) if query.endswith("*") else word == query


def expected(rows: Sequence[Row], text: str) -> list[int]:
    """Find what `search` should find, in its order."""
    found = read_search(text)
    assert found is not None
    queries = [fold(word.text) + "*" * word.is_prefix for word in found.words]
    ranked = []
    for key, title, description in rows:
        titles, anywhere = words_of(title), [*words_of(title), *words_of(description)]
        if all(any(fits(word, query) for word in anywhere) for query in queries):
            ranked.append((rank(titles, queries), key))
    return [key for _, key in sorted(ranked)]


def rank(title: list[str], queries: list[str]) -> int:
    whole = [query.rstrip("*") for query in queries]
    if has_phrase(title, whole):
        return 0
    if has_phrase(title, [*whole[:-1], queries[-1]]):
        return 1
    held = [any(fits(word, query) for word in title) for query in queries]
    return 2 if all(held) else 3 if any(held) else 4


def has_phrase(title: list[str], phrase: list[str]) -> bool:
    return any(
        all(map(fits, title[start : start + len(phrase)], phrase))
        for start in range(len(title) - len(phrase) + 1)
    )


# By example


ROWS: list[Row] = [
    (1, "Buy milk", "Two litres, from the well-known farm"),
    (2, "Milk the cow, then buy hay", ""),
    (3, "Hay", "Buy MILK on the way"),
    (4, "Buy milking stool", None),
    (5, "Write to ana@example.com", "See https://example.com/wiki/42?q=milk#top"),
    (6, "Größe und Straße", "ÜBERGRÖSSE, İstanbul, ΟΔΟΣ"),
    (7, "3.14 is not 3,140", "commit 3e5abc in snake_case"),
    (8, "買い物、卵、豆腐", "日本語の宿題"),
    (9, None, "cafe\u0301 with two characters, café with one"),
    (10, "Party🥑done❤️", "100₽ don't"),
    (11, "हिन्दी सीखें", "ไทย עִבְרִית العربية"),
]


FOUND: dict[str, list[int]] = {
    "buy milk": [1, 4, 2, 3],
    "buy milk ": [1, 2, 3],
    "milk buy": [1, 2, 3],
    "milk": [1, 2, 4, 3, 5],
    "hay milk": [2, 3],
    "MILK hay": [2, 3],
    "mil ": [],
    "bu mi": [],
    "well-known": [1],
    "known well": [1],
    "ana": [5],
    "example": [5],
    "ana@example.com": [5],
    "wiki/42": [5],
    "q": [5],
    "größe": [6],
    "GRÖSSE": [],
    "übergrösse": [6],
    "strasse": [],
    "STRAßE": [6],
    "istanbul": [6],
    "İSTANBUL": [6],
    "οδος": [6],
    "Οδοσ": [6],
    "grosse": [],
    "3.14": [7],
    "14 3": [7],
    "3140": [],
    "3,140": [7],
    "3e5": [7],
    "abc": [],
    "case_snake": [7],
    "豆腐": [8],
    "豆": [8],
    "腐": [],
    "日本": [8],
    "cafe": [9],
    "cafe ": [],
    "café ": [9],
    "cafe\u0301 ": [9],
    "done": [10],
    "party": [10],
    "100 don't": [10],
    "हिन्दी": [11],
    "हिन्द ": [],
    "ไท": [11],
    "עִבְרִית": [11],
    "العربية": [11],
    '"milk" AND NOT (hay*)': [],
    "hay | buy & !cow": [2],
}


def test_examples(address: Address) -> None:
    """Words, prefixes, phrases and scripts: the same rows in the same order on both stores."""
    replace_rows(address, ROWS)
    assert dict(zip(FOUND, search(address, *FOUND), strict=True)) == FOUND
    assert {text: expected(ROWS, text) for text in FOUND} == FOUND


def test_best_titles_come_first(address: Address) -> None:
    """First what the title says in these words, last what only the description says."""
    rows: list[Row] = [
        (1, "Something else", "red car " * 50),
        (2, "Red", "car"),
        (3, "The car is red", ""),
        (4, "A red carpet", ""),
        (5, "A red car, washed", ""),
        (6, "Red car", ""),
    ]
    replace_rows(address, rows)
    assert search(address, "red car", "red car ") == [[5, 6, 4, 3, 2, 1], [5, 6, 3, 2, 1]]


# By property


CHARACTERS = (
    "abABßẞİIıiſςΣσäÄ\u0308é日本٣²½5"  # noqa: RUF001  # odd on purpose
    "-_.,'\"*():&|!^{}+~<>\\%@/#🎉🥑\ufe0f\u200d\u00ad \n"
)
OPERATORS = ("AND", "OR", "NOT", "NEAR(a b)", "title:a", "^a", "a*", "-a", '"a b"', "a:*A", "<->")
OLD = [
    chr(code) for code in range(1, 0x110000) if unicodedata.ucd_3_2_0.category(chr(code))[0] != "C"
]
TEXTS = st.one_of(
    st.text(alphabet=CHARACTERS, max_size=12),
    st.lists(st.sampled_from(["a", "b", "ab", *OPERATORS]), max_size=5).map(" ".join),
    st.text(alphabet=st.sampled_from(OLD), max_size=5),
)
TABLES = st.lists(st.tuples(st.none() | TEXTS, st.none() | TEXTS), min_size=1, max_size=6)


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(table=TABLES, texts=st.lists(TEXTS, min_size=1, max_size=4))
@example(table=[("a b", "")], texts=['a "', "a AND", "NEAR(", "a:", "'a' & ", "\\"])
def test_what_the_words_say(
    address: Address, table: list[tuple[str | None, str | None]], texts: list[str]
) -> None:
    """Whatever the texts, both stores find the rows that Python finds, in its order."""
    rows = [(key, *texts_of_row) for key, texts_of_row in enumerate(table, 1)]
    asked = [text for text in (*texts, *filter(None, table[0])) if read_search(text)]
    replace_rows(address, rows)
    assert search(address, *asked) == [expected(rows, text) for text in asked]


# Written by others


@dataclass
class Copy:
    """What the rows are after each statement."""

    rows: dict[int, tuple[str | None, str | None]] = field(default_factory=dict)

    def statement(self, draw: st.DataObject, *, is_sqlite: bool) -> str:
        """Make one write as sqlite3 or psql would send it, and do it to the copy."""
        key = draw.draw(st.integers(1, 4))
        title = draw.draw(st.sampled_from(["a", "b c", "", "ab", None]))
        shown = "NULL" if title is None else f"'{title}'"
        description = self.rows.get(key, (None, None))[1]
        match draw.draw(st.sampled_from(["insert", "upsert", "update", "move", "delete"])):
            case "insert" if key not in self.rows:
                self.rows[key] = title, "d"
                return f"INSERT INTO tasks (id, title, description) VALUES ({key}, {shown}, 'd')"
            case "upsert":
                self.rows[key] = title, "e"
                if is_sqlite:
                    return (
                        f"REPLACE INTO tasks (id, title, description) VALUES ({key}, {shown}, 'e')"
                    )
                return (
                    f"INSERT INTO tasks (id, title, description) VALUES ({key}, {shown}, 'e')"
                    " ON CONFLICT (id) DO UPDATE SET title = excluded.title, description = 'e'"
                )
            case "update":
                if key in self.rows:
                    self.rows[key] = title, description
                return f"UPDATE tasks SET title = {shown} WHERE id = {key}"
            case "move" if key in self.rows and key + 4 not in self.rows:
                self.rows[key + 4] = self.rows.pop(key)
                return f"UPDATE tasks SET id = {key + 4} WHERE id = {key}"
            case _:
                self.rows.pop(key, None)
                return f"DELETE FROM tasks WHERE id = {key}"


@settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(draw=st.data())
def test_index_follows_every_writer(address: Address, draw: st.DataObject) -> None:
    """Whatever other programs write, REPLACE and new ids included, is what is found."""
    copy = Copy()
    count = draw.draw(st.integers(1, 8))
    statements = [copy.statement(draw, is_sqlite=address.is_sqlite) for _ in range(count)]
    address.execute("DELETE FROM tasks", *statements)
    rows = [(key, *texts) for key, texts in copy.rows.items()]
    texts = ["a", "a ", "b", "c", "d", "e"]
    assert search(address, *texts) == [expected(rows, text) for text in texts]
    if address.is_sqlite:
        address.execute("INSERT INTO tasks_search (tasks_search) VALUES ('integrity-check')")
        assert address.fetch("SELECT rowid FROM tasks_search ORDER BY 1") == [
            (key,) for key in sorted(copy.rows)
        ]


def test_row_replaced_by_another_key_is_not_found(tmp_path: Path) -> None:
    """A row that REPLACE drops for a unique index of the file's owner leaves nothing behind."""
    address = Address(tmp_path / "tasks.db")
    sql.run(_open, str(address))
    address.execute(
        "CREATE UNIQUE INDEX mine ON tasks (title)",
        "INSERT INTO tasks (id, title, description) VALUES (1, 'same', 'old')",
        "REPLACE INTO tasks (id, title, description) VALUES (2, 'same', 'new')",
    )
    assert search(address, "same", "old", "new") == [[2], [], [2]]
    address.execute("INSERT INTO tasks (id, title, description) VALUES (1, 'other', '')")
    assert search(address, "same", "old", "other") == [[2], [], [1]]


# Limits


def test_long_words_and_texts(address: Address) -> None:
    """No text is too long to be written. What lies after 100,000 characters is not found."""
    long_word = "ы" * 3_000
    words = " ".join(f"w{number}" for number in range(20_000))
    replace_rows(
        address,
        [
            (1, long_word, f"{words} beyond"),
            (2, "x" * 99_995 + " at limit", "日 " * 60_000 + "beyond"),
            (3, "".join(chr(0x20000 + number) + " " for number in range(40_000)), words[:5]),
        ],
    )
    assert search(address, long_word, "ы" * 64 + " ", "ыы", "w15000", "w19999", "beyond") == [
        [1],
        [],
        [1],
        [1],
        [],
        [],
    ]
    assert search(address, "at", "lim", "日 ", "\U00020005") == [[2], [], [2], [3]]


def test_many_words(address: Address) -> None:
    """The most words of the greatest length are one query like any other."""
    words = [chr(0x20000 + number) * 64 for number in range(32)]
    replace_rows(address, [(1, " ".join(words), ""), (2, " ".join(words[1:]), "")])
    assert search(address, " ".join(words), " ".join(reversed(words))) == [[1], [1]]


# What was there before, and PostgreSQL's locales


def test_tasks_that_were_there_are_found(tutorial_file: Path) -> None:
    """The migration indexes what the file holds; bytes that are no text are no obstacle."""
    address = Address(tutorial_file)
    address.execute(
        "INSERT INTO tasks (id, title, description) VALUES (901, X'62C3BC636865', X'00FF')"
    )
    sql.run(_open, str(address))
    assert search(address, "büch") == [[901]]
    address.execute("UPDATE tasks SET title = X'68656674' WHERE id = 901")
    assert search(address, "büch", "heft") == [[], [901]]


async def _open(address: str) -> None:
    database = open_database(address)
    await database.open()
    await database.close()


def test_locale_of_the_database_does_not_matter(locale: str, cluster: postgresql.Cluster) -> None:
    """Capitals beyond A to Z fold in databases whose own lower() does not know them, too."""
    name = "locale_" + locale.lower().translate(str.maketrans(".-", "__"))
    asyncio.run(
        postgresql.execute(
            cluster.url("postgres"),
            f"CREATE DATABASE {name} TEMPLATE template0 LOCALE_PROVIDER libc LOCALE '{locale}'",
        )
    )
    address = Address(cluster.url(name))
    sql.run(_open, str(address))
    replace_rows(address, ROWS)
    for text in ("übergrösse", "STRAßE", "istanbul", "Οδος", "日本", "हिन्दी"):
        assert search(address, text) == [expected(ROWS, text)], text
