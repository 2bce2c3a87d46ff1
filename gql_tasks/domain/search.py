"""What a person types into a search box, as words.

A word is a run of letters, marks and digits; everything else stands between words and means
nothing, `"`, `*`, `-` and AND included. All words must be found, anywhere in the title or the
description, in any order, capitals or not. The last word may go on: `mil` finds milk. With anything
after it, be it a space, it is finished: `mil ` finds only mil.

Scripts that do not separate words, such as Chinese and Japanese, are found by the beginnings of
what stands between punctuation. Accents count, and so does how they are encoded.
"""

import re
from dataclasses import dataclass
from itertools import islice

from gql_tasks.domain.errors import InvalidArgument
from gql_tasks.domain.letters import LETTERS

MAX_WORDS = 32
MAX_WORD_CHARACTERS = 64
"""Of a longer word its first characters are looked for."""

_WORD = re.compile("[" + "".join(f"\\U{first:08x}-\\U{last:08x}" for first, last in LETTERS) + "]+")


@dataclass(frozen=True, slots=True)
class Word:
    """One word, as it was typed. As a prefix it also stands for every word that begins with it."""

    text: str
    is_prefix: bool = False


@dataclass(frozen=True, slots=True)
class SearchText:
    """The words to be found, in the order in which they were typed; at least one."""

    words: tuple[Word, ...]


def read_search(text: str) -> SearchText | None:
    """Read a search text. None for one without any word: it asks for nothing, so all rows match.

    Raises InvalidArgument for more words than MAX_WORDS.
    """
    found = list(islice(_WORD.finditer(text), MAX_WORDS + 1))
    if len(found) > MAX_WORDS:
        raise InvalidArgument(f"search has more than {MAX_WORDS} words")
    words = tuple(
        Word(
            match[0][:MAX_WORD_CHARACTERS],
            is_prefix=match.end() == len(text) or len(match[0]) > MAX_WORD_CHARACTERS,
        )
        for match in found
    )
    return SearchText(words) if words else None
