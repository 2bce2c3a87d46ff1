"""What an operation may be: counted in one pass over its document, before it is validated.

Counted with fragments opened, as `outline.py` opens them. Every operation of a document is held to
the limits, since all are validated; what it costs is asked of the one that runs (`cost.py`).
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from graphql import GraphQLError

from gql_tasks.graphql.outline import Field, Outline, Part, Totals, add_up

MAX_INTROSPECTION_DEPTH = 20
"""How deep fields nest under `__schema` and `__type`, themselves included; tools go to 15."""

MOST = 2**53 - 1
"""Numbers end here, the largest one that every JSON parser keeps: fragments double quickly."""


@dataclass(frozen=True, slots=True)
class Limits:
    """The limits in force, each a setting. A list without a limit counts as `max_rows`."""

    max_tokens: int
    max_depth: int
    max_fields: int
    max_aliases: int
    max_directives: int
    max_root_fields: int
    max_cost: int
    max_rows: int


UNLIMITED = Limits(*[MOST] * 8)
"""For a schema that serves nobody."""


@dataclass(frozen=True, slots=True)
class Counts:
    """What is in a selection, everything under it included; `apart` is introspection's depth."""

    depth: int = 0
    apart: int = 0
    fields: int = 0
    aliases: int = 0
    directives: int = 0

    def __add__(self, other: "Counts") -> "Counts":
        """Put two selections side by side."""
        return Counts(
            max(self.depth, other.depth),
            max(self.apart, other.apart),
            min(self.fields + other.fields, MOST),
            min(self.aliases + other.aliases, MOST),
            min(self.directives + other.directives, MOST),
        )

    @classmethod
    def of(cls, field: Field, below: "Counts") -> "Counts":
        """Count a field; introspection nests deeper than data, so that its depth is kept apart."""
        introspects = field.node.name.value in {"__schema", "__type"}
        return cls(
            1 if introspects else below.depth + 1,
            below.depth + 1 if introspects else below.apart,
            below.fields + 1,
            below.aliases + (field.node.alias is not None),
            below.directives + len(field.node.directives or ()),
        )

    @classmethod
    def none(cls, directives: int) -> "Counts":
        """Count what has no fields."""
        return cls(directives=directives)


@dataclass(frozen=True, slots=True)
class Measure:
    """The numbers of an operation. `tokens` are those of its document."""

    counts: Counts
    root_fields: int
    tokens: int

    def shown(self, cost: int) -> dict[str, int]:
        """Show the numbers to a client."""
        return {
            "cost": cost,
            "depth": self.counts.depth,
            "fields": self.counts.fields,
            "aliases": self.counts.aliases,
            "directives": self.counts.directives,
            "rootFields": self.root_fields,
            "tokens": self.tokens,
        }

    def check(self, limits: Limits) -> Iterator[GraphQLError]:
        """Refuse what is over a limit."""
        counts = self.counts
        for name, what, value, maximum in (
            ("max_depth", "levels of fields", counts.depth, limits.max_depth),
            (
                "max_introspection_depth",
                "levels of fields that ask for the schema",
                counts.apart,
                MAX_INTROSPECTION_DEPTH,
            ),
            ("max_fields", "fields", counts.fields, limits.max_fields),
            ("max_aliases", "aliases", counts.aliases, limits.max_aliases),
            ("max_directives", "directives", counts.directives, limits.max_directives),
            ("max_root_fields", "root fields", self.root_fields, limits.max_root_fields),
        ):
            if value > maximum:
                yield over(name, f"The operation has {value} {what}", maximum, value=value)


def measure(outline: Outline) -> list[Measure]:
    """Count what is in each operation."""
    totals: Totals[Counts] = {}
    for fragment in outline.fragments:
        add_up(fragment, totals, Counts.of, Counts.none)
    return [
        Measure(add_up(part, totals, Counts.of, Counts.none), _root_fields(part), outline.tokens)
        for _, part in outline.operations
    ]


def over(name: str, what: str, maximum: int, **value: int) -> GraphQLError:
    """Refuse an operation for the limit of this name."""
    extensions = {"code": "LIMIT_EXCEEDED", "limit": name, **value, "maximum": maximum}
    return GraphQLError(f"{what}; {name} is {maximum}.", extensions=extensions)


TOO_MANY_TOKENS = re.compile(r"Document contains more than \d+ tokens")
"""How graphql-core's parser says it."""


def too_many_tokens(maximum: int) -> GraphQLError:
    """Refuse a document that was read no further."""
    return over("max_tokens", "The document has more tokens than may be", maximum)


def _root_fields(part: Part) -> int:
    fragments = part.root.opened
    return len(part.root.fields) + sum(len(fragment.fields) for fragment in fragments)
