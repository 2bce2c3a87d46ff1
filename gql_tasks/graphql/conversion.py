"""Input values as graphql-core coerced them, to the objects that resolvers take.

What Strawberry finds out for every value anew, from the annotations, is worked out once a type.
Strawberry's own way comes by here as well: `from_input` is its hook for types that build their own
values.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import MISSING
from functools import cache
from typing import Any, TypeAlias, TypeVar

from strawberry.types.arguments import StrawberryArgument
from strawberry.types.base import (
    StrawberryList,
    StrawberryMaybe,
    StrawberryObjectDefinition,
    StrawberryOptional,
    has_object_definition,
)
from strawberry.types.lazy_type import LazyType
from strawberry.types.maybe import Some

from gql_tasks.graphql.names import NAMES

Convert: TypeAlias = Callable[[Any], Any]
"""Makes of a coerced value what the resolver takes."""

Members: TypeAlias = Mapping[str, tuple[str, Convert]]
"""For each name in GraphQL, the one in Python, and how its value is converted."""

T = TypeVar("T", bound=type)


def convertible(input_type: T) -> T:
    """Let an input type build its own values."""
    _definition(input_type).from_input = lambda itself, value, _: _object(itself)(value)
    return input_type


def arguments_of(arguments: Iterable[StrawberryArgument]) -> Callable[[Any], dict[str, Any]]:
    """Work out how the arguments of a field are converted, to what its resolver is called with."""
    members = {
        NAMES.from_argument(argument): (argument.python_name, _convert(argument.type))
        for argument in arguments
    }
    return lambda value: _named(members, value)


@cache
def _object(input_type: type) -> Convert:
    """Work out how the values of an input type are converted."""
    fields = _definition(input_type).fields
    members = {
        NAMES.from_field(field): (field.python_name, _convert(field.resolve_type()))
        for field in fields
    }
    # A field that may be left out, and has no default of its own, is None then.
    absent = {
        field.python_name: None
        for field in fields
        if field.default_value is MISSING and field.default_factory is MISSING
    }
    return lambda value: input_type(**absent | _named(members, value))


def _convert(declared: Any) -> Convert:
    """Work out how the values of a type are converted, as it is declared."""
    match declared:
        case StrawberryMaybe(of_type=inner):
            some = _convert(inner)
            return lambda value: Some(some(value))
        case StrawberryOptional(of_type=inner):
            given = _convert(inner)
            return lambda value: None if value is None else given(value)
        case StrawberryList(of_type=inner):
            item = _convert(inner)
            return lambda values: [*map(item, values)]
        case LazyType():
            return _convert(declared.resolve_type())
    if has_object_definition(declared):  # looked up later: it may hold itself
        return lambda value: _object(declared)(value)
    return _as_it_is  # scalars and enums are what graphql-core made of them


def _as_it_is(value: Any) -> Any:
    return value


def _named(members: Members, value: Mapping[str, Any]) -> dict[str, Any]:
    named = {}
    for name, item in value.items():
        python_name, convert = members[name]
        named[python_name] = convert(item)
    return named


def _definition(input_type: type) -> StrawberryObjectDefinition:
    definition: StrawberryObjectDefinition = input_type.__strawberry_definition__  # type: ignore[attr-defined]
    return definition
