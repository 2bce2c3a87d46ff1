"""A search text in the query languages of the stores: SQLite's FTS5 and PostgreSQL's tsquery.

Each writes the same queries, in the order of `Query`. Words hold letters, marks and digits only,
so that nothing in them can be an operator once they are quoted.
"""

from enum import IntEnum

from gql_tasks.domain.search import SearchText, Word


class Query(IntEnum):
    """What is looked for: the words anywhere, or one of the ways in which a title fits them."""

    ANYWHERE = 0
    TITLE_HAS_PHRASE = 1
    TITLE_BEGINS_PHRASE = 2
    TITLE_HAS_ALL = 3
    TITLE_HAS_SOME = 4


def write_fts5(search: SearchText) -> list[str]:
    """Write https://www.sqlite.org/fts5.html#full_text_query_syntax."""
    # All other capitals FTS5 folds itself; the text is indexed with this one folded as well.
    quoted = [f'"{word.text.replace("İ", "i")}"' for word in search.words]
    terms = [text + " *" * word.is_prefix for text, word in zip(quoted, search.words, strict=True)]
    phrase = " + ".join(quoted)
    return [
        " AND ".join(terms),
        f"title : ({phrase})",
        f"title : ({' + '.join([*quoted[:-1], terms[-1]])})",
        f"title : ({' AND '.join(terms)})",
        f"title : ({' OR '.join(terms)})",
    ]


def write_tsquery(search: SearchText) -> list[str]:
    """Write https://www.postgresql.org/docs/current/datatype-textsearch.html#DATATYPE-TSQUERY."""
    title, either = "A", ""
    whole = [_lexeme(Word(word.text), title) for word in search.words]
    terms = [_lexeme(word, title) for word in search.words]
    return [
        " & ".join(_lexeme(word, either) for word in search.words),
        " <-> ".join(whole),
        " <-> ".join([*whole[:-1], terms[-1]]),
        " & ".join(terms),
        " | ".join(terms),
    ]


def _lexeme(word: Word, weights: str) -> str:
    return f"'{word.text}':{'*' * word.is_prefix}{weights}"
