"""Rules for texts, whichever field they stand in. A field is called by the end of its path."""

import re
from collections.abc import Iterator

from gql_tasks.domain.errors import Invalid, Path, Problem

_COLOR = re.compile(r"#(?:[0-9a-f]{3}|[0-9a-f]{6})", re.ASCII | re.IGNORECASE)

_SURROGATE = re.compile("[\ud800-\udfff]")


def shown(value: str) -> str:
    """Quote a caller's text for a message, cut to a length that a log line bears."""
    return f'"{value}"' if len(value) <= 60 else f'"{value[:57]}..."'


def null_problem(path: Path) -> Invalid:
    """Refuse to clear what cannot be empty."""
    return Invalid(f"{field_name(path)} cannot be null", path)


def field_name(path: Path) -> str:
    """Call a field by its name, in words."""
    return path[-1].replace("_", " ")


def name_problems(text: str | None, path: Path) -> Iterator[Problem]:
    """Refuse a title or a name that nobody could see."""
    if text is None:
        yield null_problem(path)
    elif not text.strip():
        yield Invalid(f"{field_name(path)} {shown(text)} is blank", path)
    else:
        yield from text_problems(text, path)


def text_problems(text: str, path: Path) -> Iterator[Problem]:
    """Refuse what one store would keep and the other would not, so that both hold the same texts.

    PostgreSQL has no NUL in text; UTF-8, which both stores keep, has no lone surrogates.
    """
    if "\0" in text:
        yield Invalid(f"{field_name(path)} holds a NUL character (U+0000)", path)
    if _SURROGATE.search(text):
        message = f"{field_name(path)} holds a lone surrogate, which is not Unicode text"
        yield Invalid(message, path)


def color_problems(text: str | None, path: Path) -> Iterator[Problem]:
    """Refuse a color in any other way than `#rgb` or `#rrggbb`. None is no color."""
    if text is not None and not _COLOR.fullmatch(text):
        yield Invalid(f"{field_name(path)} {shown(text)} is not #rgb or #rrggbb", path)


def full_color(text: str | None) -> str | None:
    """Write a color the one way in which it is kept, `#rrggbb` in small letters."""
    if text is None:
        return None
    digits = text.lower().removeprefix("#")
    return "#" + (digits if len(digits) == 6 else "".join(digit * 2 for digit in digits))
