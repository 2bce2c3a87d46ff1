"""Filters as clients write them to the domain's conditions.

Takes an argument as graphql-core coerces it: mappings by the public names, enum members, scalars
as `types/scalars.py` reads them. A key that is absent says nothing; one that is null is refused,
because it is a variable somebody forgot more often than a wish for every row.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any, TypeAlias

from strawberry.utils.str_converters import to_camel_case, to_snake_case

from gql_tasks.domain.errors import InvalidArgument
from gql_tasks.domain.filters import (
    All,
    Compare,
    Either,
    Filter,
    Is,
    IsNull,
    Operator,
    Related,
    RelatedCount,
    can_be_stored,
    every,
    fold_case,
    negated,
    size,
    some,
)
from gql_tasks.domain.ids import parse_id
from gql_tasks.domain.moments import Duration, Moment, to_millisecond
from gql_tasks.domain.relations import Relation
from gql_tasks.domain.values import Values

MAX_LEVELS = 10
"""How deep `and`, `or`, `not` and relations may stand inside each other.

SQLite's parser has room for 100 open symbols; `and`, `or` and `not` take 3 each, a relation 12, and
the selection that the filter stands in takes its own.
"""

MAX_RELATIONS = 3
"""How many of those levels may be relations."""

MAX_CONDITIONS = 200
"""How many conditions a filter may have. SQLite's expressions may be 1000 deep, and `a AND b AND c`
is as deep as it is long, once more for each subquery around it.
"""

MAX_RELATED = 20
"""How many conditions on related rows a filter may have: each is looked up for each row."""

OPERATORS: Mapping[str, Operator] = {
    to_camel_case(operator.value): operator for operator in Operator
}

NEGATIVE: Mapping[str, Operator] = {"neq": Operator.EQ, "notIn": Operator.IN}

Raw: TypeAlias = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class _Place:
    """Where in a filter something stands: the way to it, and how deep it is."""

    path: str
    levels: int = 0
    relations: int = 0

    def key(self, name: str) -> "_Place":
        """Step to a member."""
        return replace(self, path=f"{self.path}.{name}")

    def index(self, index: int) -> "_Place":
        """Step to an element."""
        return replace(self, path=f"{self.path}[{index}]")

    def inside(self, *, relation: bool = False) -> "_Place":
        """Step a level down. Raises InvalidArgument where that is too deep."""
        levels, relations = self.levels + 1, self.relations + relation
        if levels > MAX_LEVELS:
            raise self.error(f"is nested more than {MAX_LEVELS} levels deep")
        if relations > MAX_RELATIONS:
            raise self.error(f"leads from row to row more than {MAX_RELATIONS} times")
        return _Place(self.path, levels, relations)

    def error(self, complaint: str) -> InvalidArgument:
        """Say what is wrong with what stands here."""
        return InvalidArgument(f"{self.path} {complaint}")


Part: TypeAlias = Callable[[str, Any, _Place], Filter]
"""Reads one member of a filter: its name, what was given, and where it stands."""


def read_filter(raw: Raw, values: Values, moment: Moment, argument: str = "filter") -> Filter:
    """Read a TaskFilter, binding what it compares with; dates that are counted start at `moment`.

    Raises InvalidArgument, naming the way to what is wrong: `filter.dueOn.lt must not be null`.
    """
    place = _Place(argument)
    filter_ = _Reader(values, moment).task(raw, place)
    if (conditions := size(filter_)) > MAX_CONDITIONS:
        raise place.error(f"has {conditions} conditions; at most {MAX_CONDITIONS} are possible")
    if (related := size(filter_, Related)) > MAX_RELATED:
        raise place.error(
            f"has {related} conditions on related rows; at most {MAX_RELATED} are possible"
        )
    return filter_


@dataclass(frozen=True, slots=True)
class _Reader:
    """One filter being read."""

    values: Values
    moment: Moment

    def task(self, raw: Raw, place: _Place) -> Filter:
        """Read a TaskFilter."""
        return _members(raw, place, self.task_member)

    def task_member(self, name: str, given: Any, place: _Place) -> Filter:
        """Read one field of a TaskFilter."""
        match name:
            case "and":
                return every(self.tasks(given, place.inside()))
            case "or":
                return some(self.tasks(given, place.inside()))
            case "not":
                return negated(self.task(given, place.inside()))
            case "id":
                return self.ids("id", given, place)
            case "title" | "description":
                return self.texts(name, given, place)
            case "completed":
                return self.truths(name, given, place)
            case "priority":
                return self.priorities(name, given, place)
            case "dueOn" | "startOn":
                return self.days(to_snake_case(name), given, place)
            case "completedAt" | "dueAt" | "createdAt" | "updatedAt":
                return self.instants(to_snake_case(name), given, place)
            case "project":
                return _members(given, place, self.project_member)
            case "parent":
                part = self.task(given, place.inside(relation=True))
                return Related(Relation.TASK_PARENT, part)
            case "hasParent":
                return IsNull("parent_id", null=not given)
            case "labels":
                return self.related(Relation.TASK_LABELS, given, place, self.label)
            case "subtasks":
                return self.related(Relation.TASK_SUBTASKS, given, place, self.task)
        raise _unknown(place)

    def tasks(self, raws: Iterable[Raw], place: _Place) -> list[Filter]:
        """Read a list of TaskFilters."""
        return [self.task(raw, place.index(index)) for index, raw in enumerate(raws)]

    def project_member(self, name: str, given: Any, place: _Place) -> Filter:
        """Read one field of a ProjectFilter, as a condition on a task that may have no project."""
        match name:
            case "id":
                return self.ids("project_id", given, place)
            case "name":
                # One by one, for neq and notIn hold where there is no name.
                return self.texts(
                    "name", given, place, lambda part: Related(Relation.TASK_PROJECT, part)
                )
            case "archived":
                return Related(Relation.TASK_PROJECT, IsNull("archived_at", null=not given))
            case "isNull":
                return IsNull("project_id", null=given)
        raise _unknown(place)

    def label(self, raw: Raw, place: _Place) -> Filter:
        """Read a LabelFilter."""
        return _members(raw, place, self.label_member)

    def label_member(self, name: str, given: Any, place: _Place) -> Filter:
        """Read one field of a LabelFilter."""
        match name:
            case "id":
                return self.ids("id", given, place)
            case "name":
                return self.texts("name", given, place)
        raise _unknown(place)

    def related(
        self, relation: Relation, raw: Raw, place: _Place, read: Callable[[Raw, _Place], Filter]
    ) -> Filter:
        """Read a filter of the rows that a to-many relation leads to."""

        def member(name: str, given: Any, place: _Place) -> Filter:
            match name:
                case "some":
                    return Related(relation, read(given, place.inside(relation=True)))
                case "none":
                    return negated(Related(relation, read(given, place.inside(relation=True))))
                case "every":
                    failing = negated(read(given, place.inside(relation=True)))
                    return negated(Related(relation, failing))
                case "count":
                    return _members(given, place, count)
            raise _unknown(place)

        def count(name: str, given: Any, place: _Place) -> Filter:
            return _operator(
                name,
                place,
                lambda operator: RelatedCount(relation, operator, self.values.bind(given)),
            )

        return _members(raw, place, member)

    def ids(self, field: str, raw: Raw, place: _Place) -> Filter:
        """Read an IdFilter. What cannot be an id equals none."""

        def member(name: str, given: Any, place: _Place) -> Filter:
            if name == "isNull":
                return IsNull(field, null=given)
            return _operator(name, place, lambda operator: compared(operator, given))

        def compared(operator: Operator, given: Any) -> Filter:
            if operator is Operator.IN:
                known = [number for text in given if (number := parse_id(text)) is not None]
                return self.compare(field, operator, tuple(known))
            number = parse_id(given)
            return Either() if number is None else self.compare(field, operator, number)

        return _members(raw, place, member)

    def texts(
        self,
        field: str,
        raw: Raw,
        place: _Place,
        wrap: Callable[[Filter], Filter] = lambda part: part,
    ) -> Filter:
        """Read a StringFilter; `wrap` says whose text it is. What cannot be stored equals none."""
        ignore_case: bool = raw["ignoreCase"]

        def member(name: str, given: Any, place: _Place) -> Filter:
            if name == "ignoreCase":
                return All()
            return _operator(name, place, lambda operator: wrap(compared(operator, given)))

        def compared(operator: Operator, given: Any) -> Filter:
            if operator is Operator.IN:
                kept = tuple(folded(text) for text in given if can_be_stored(text))
                return self.compare(field, operator, kept, ignore_case)
            if not can_be_stored(given):
                return Either()
            return self.compare(field, operator, folded(given), ignore_case)

        def folded(text: str) -> str:
            return fold_case(text) if ignore_case else text

        return _members(raw, place, member)

    def truths(self, field: str, raw: Raw, place: _Place) -> Filter:
        """Read a BooleanFilter."""

        def member(name: str, given: Any, place: _Place) -> Filter:
            match name:
                case "eq":
                    return Is(field, bool(given))
                case "neq":
                    return Is(field, not given)
            raise _unknown(place)

        return _members(raw, place, member)

    def priorities(self, field: str, raw: Raw, place: _Place) -> Filter:
        """Read a PriorityFilter; ranks compare as numbers."""

        def member(name: str, given: Any, place: _Place) -> Filter:
            return _operator(name, place, lambda operator: compared(operator, given))

        def compared(operator: Operator, given: Any) -> Filter:
            if operator is Operator.IN:
                ranks = tuple(int(priority.value) for priority in given)
                return self.compare(field, operator, ranks)
            return self.compare(field, operator, int(given.value))

        return _members(raw, place, member)

    def days(self, field: str, raw: Raw, place: _Place) -> Filter:
        """Read a DateFilter."""

        def member(name: str, given: Any, place: _Place) -> Filter:
            if name == "isNull":
                return IsNull(field, null=given)
            day = self.day(given, place)
            return _operator(name, place, lambda operator: self.compare(field, operator, day))

        return _members(raw, place, member)

    def instants(self, field: str, raw: Raw, place: _Place) -> Filter:
        """Read a DateTimeFilter."""

        def member(name: str, given: Any, place: _Place) -> Filter:
            if name == "isNull":
                return IsNull(field, null=given)
            operator = OPERATORS[name]
            return self.compare(field, operator, self.instant(given, operator, place))

        return _members(raw, place, member)

    def day(self, given: date | Duration, place: _Place) -> date:
        """Find the day that is meant."""
        if not isinstance(given, Duration):
            return given
        try:
            return self.moment.day_after(given)
        except InvalidArgument as error:
            raise InvalidArgument(f"{place.path}: {error}") from error

    def instant(self, given: datetime | Duration, operator: Operator, place: _Place) -> datetime:
        """Find the instant that is meant, to the millisecond that decides as it would."""
        try:
            instant = self.moment.instant_after(given) if isinstance(given, Duration) else given
        except InvalidArgument as error:
            raise InvalidArgument(f"{place.path}: {error}") from error
        # Rows have whole milliseconds: before 0.5 ms is before 1 ms, after 0.5 ms is after 0 ms.
        try:
            return to_millisecond(instant, up=operator in {Operator.LT, Operator.GTE})
        except OverflowError as error:
            raise place.error("is later than the year 9999") from error

    def compare(
        self,
        field: str,
        operator: Operator,
        value: Any,  # what the field compares with
        ignore_case: bool = False,  # noqa: FBT001, FBT002  # as Compare has it
    ) -> Filter:
        """Bind a value and compare a field with it."""
        return Compare(field, operator, self.values.bind(value), ignore_case)


def _members(raw: Raw, place: _Place, read: Part) -> Filter:
    """Read what is given; all of it must hold."""
    return every([_member(name, given, place.key(name), read) for name, given in raw.items()])


def _member(name: str, given: Any, place: _Place, read: Part) -> Filter:
    if given is None:
        raise place.error("must not be null")
    return read(name, given, place)


def _operator(name: str, place: _Place, compare: Callable[[Operator], Filter]) -> Filter:
    """Make a comparison by the name of its operator."""
    if (opposite := NEGATIVE.get(name)) is not None:
        return negated(compare(opposite))
    if (operator := OPERATORS.get(name)) is not None:
        return compare(operator)
    raise _unknown(place)


def _unknown(place: _Place) -> AssertionError:
    """Complain of a field that the schema has and nothing here reads: a bug, which a test finds."""
    return AssertionError(f"{place.path} is not read")
