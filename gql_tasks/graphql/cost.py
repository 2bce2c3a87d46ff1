"""What an operation costs: the fields of its answer, if its lists are as long as they may be.

A field costs 1 for each row that has it, rows multiply down nested lists, and some cost more:

    a list          1, and its fields for each row; the rows are its `limit`, or its default
      without one   at the root, and in the one row that the root names, it has `max_rows`; in each
                    of many rows, LISTED_ROWS, and so has one that takes no limit and is not a root
    a connection    1, and its fields; `edges` and `nodes` have `first` or `last` rows, or 50
    a count         COUNT: totalCount, taskCount, subtaskCount
    facets          1, and FACET and the buckets for each field that is counted by
    a mutation      1, its payload, and WRITE for each row that its input may write; `undo` and a
                    project deleted with its tasks may write `max_rows`
    a subscription  one event of it

What is selected is priced, not what is found: conditions and sorts cost nothing here, since how
long they take is up to the rows.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from graphql import (
    GraphQLError,
    ListValueNode,
    ObjectValueNode,
    OperationDefinitionNode,
    Undefined,
    ValueNode,
    VariableNode,
    get_nullable_type,
    is_list_type,
    value_from_ast_untyped,
)

from gql_tasks.domain.page import DEFAULT_PAGE_SIZE
from gql_tasks.domain.task import MAX_AT_ONCE
from gql_tasks.graphql.limits import MOST, Limits
from gql_tasks.graphql.outline import Field, Outline, Part, Selection, Totals, add_up

LISTED_ROWS = 3
"""What a list in each of many rows counts as, on the average, where nothing limits it."""

COUNT = 10
"""A count reads rows that it does not answer."""

FACET = 100
"""So does a facet, and it reads all that match."""

WRITE = 10
"""A row that is written is checked, numbered, indexed and logged."""

COUNTS = frozenset({"totalCount", "taskCount", "subtaskCount"})
PARTS = frozenset(
    {
        ("TaskConnection", "edges"),
        ("TaskConnection", "nodes"),
        ("ChangePage", "changes"),
        ("TasksPayload", "tasks"),
        ("UndoPayload", "undone"),
    }
)
"""Lists of the rows that the field around them asks for, or writes."""


@dataclass(frozen=True, slots=True)
class Cost:
    """A sum: some of it once, some of it for each row of lists that the field around it decides."""

    once: int = 0
    each: int = 0

    def __add__(self, other: "Cost") -> "Cost":
        """Put two selections side by side."""
        return Cost(min(self.once + other.once, MOST), min(self.each + other.each, MOST))

    def of(self, rows: int) -> int:
        """Say what it comes to with so many rows around it."""
        return min(self.once + rows * self.each, MOST)


NOTHING = Cost()

WRITES: Mapping[str, str] = {
    "createTask": "input",
    "createTasks": "input",
    "updateTasks": "atMost",
    "deleteTasks": "atMost",
    "deleteProject": "deleteTasks",
}
"""The argument that says how many rows a mutation may write, where that can be more than one."""

SUBTASKS = "subtasks"
"""The member of a task's input that has more tasks."""

PRICED = ("limit", "first", "last", "by")
"""The arguments that say how much is read."""


class Price:
    """What one operation of a valid document costs, depending on its variables."""

    def __init__(
        self, outline: Outline, operation: OperationDefinitionNode, limits: Limits
    ) -> None:
        self._max_rows = limits.max_rows
        self._page_rows = min(DEFAULT_PAGE_SIZE, limits.max_rows)
        self._defaults = {
            definition.variable.name.value: value_from_ast_untyped(definition.default_value)
            for definition in operation.variable_definitions or ()
            if definition.default_value
        }
        (part,) = (part for node, part in outline.operations if node is operation)
        self._root = part.root
        # What no variable changes is added up once.
        fixed: Totals[Cost] = {}
        varying: dict[Selection, None] = {}
        for selection in (each for part in (*outline.fragments, part) for each in part.selections):
            inner = (selection.opened, (field.below for field in selection.fields))
            if any(map(_asks_variable, selection.fields)) or any(
                each in varying for some in inner for each in some
            ):
                varying[selection] = None
            else:
                self._add_up(Part((selection,)), fixed, {})
        self._fixed = fixed
        self._varying = Part(tuple(varying))

    def of(self, variables: Mapping[str, Any]) -> int:
        """Say what it costs with these variables, as they were sent."""
        if self._root in self._fixed:
            return self._fixed[self._root][1].once
        totals = self._fixed.copy()
        return self._add_up(self._varying, totals, {**self._defaults, **variables}).once

    def _add_up(self, part: Part, totals: Totals[Cost], variables: dict[str, Any]) -> Cost:
        def cost(field: Field, below: Cost) -> Cost:
            return self._cost(field, below, variables)

        return add_up(part, totals, cost, lambda _: NOTHING)

    def _cost(self, field: Field, below: Cost, variables: dict[str, Any]) -> Cost:
        name = field.node.name.value
        if field.definition is None or field.below is None:
            return Cost(COUNT if name in COUNTS else 1)
        if (field.parent, name) in PARTS:
            return Cost(1, below.of(LISTED_ROWS))
        arguments = {each: _argument(field, each, variables) for each in _priced(field)}
        if field.parent == "Mutation":
            written = self._rows_written(name, arguments)
            return Cost(1 + WRITE * written + below.of(written))
        if "by" in arguments:
            return Cost(1 + _distinct(arguments["by"]) * (FACET + below.once))
        numbers = [n for n in map(_number, arguments.values()) if n is not None]
        rows = min(numbers[0], self._max_rows) if numbers else None
        if is_list_type(get_nullable_type(field.definition.type)):
            return self._list(field, below.of(LISTED_ROWS), rows, may_be_limited=bool(arguments))
        if arguments:
            return Cost(1 + below.of(self._page_rows if rows is None else rows))
        if field.parent == "Task":  # its project and its parent are as many as it is
            return Cost(1 + below.once, below.each)
        return Cost(1 + below.of(self._max_rows if field.parent == "Query" else LISTED_ROWS))

    def _list(self, field: Field, row: int, rows: int | None, *, may_be_limited: bool) -> Cost:
        if rows is not None:
            return Cost(1 + rows * row)
        if field.parent == "Query":
            return Cost(1 + self._max_rows * row)
        return Cost(1, row) if may_be_limited else Cost(1 + LISTED_ROWS * row)

    def _rows_written(self, name: str, arguments: Mapping[str, Any]) -> int:
        if name == "undo":
            return self._max_rows
        match arguments:
            case {"input": tasks}:
                return min(_tasks_in(tasks), MAX_AT_ONCE)
            case {"atMost": number}:
                return min(_number(number) or 0, MAX_AT_ONCE)
            case {"deleteTasks": True}:
                return self._max_rows
        return 1


def too_costly(cost: int, maximum: int) -> GraphQLError:
    """Refuse an operation for its cost."""
    message = f"The operation costs {cost}; max_cost is {maximum}."
    extensions = {"code": "COST_LIMIT_EXCEEDED", "cost": cost, "maxCost": maximum}
    return GraphQLError(message, extensions=extensions)


def _priced(field: Field) -> Iterable[str]:
    if field.parent == "Mutation":
        named = WRITES.get(field.node.name.value)
        return () if named is None else (named,)
    return () if field.definition is None else (n for n in PRICED if n in field.definition.args)


def _asks_variable(field: Field) -> bool:
    given = {argument.name.value: argument.value for argument in field.node.arguments or ()}
    return any(name in given and _hangs_on_variable(given[name]) for name in _priced(field))


def _hangs_on_variable(value: ValueNode) -> bool:
    """Tell whether a number, or how many tasks an input has, is up to a variable."""
    waiting = [value]
    while waiting:
        match waiting.pop():
            case VariableNode():
                return True
            case ListValueNode(values=values):
                waiting += values
            case ObjectValueNode(fields=fields):
                waiting += (field.value for field in fields if field.name.value == SUBTASKS)
    return False


def _argument(field: Field, name: str, variables: dict[str, Any]) -> Any:
    """Read an argument as it was sent, or its default; Undefined where there is neither."""
    for argument in field.node.arguments or ():
        if argument.name.value == name:
            value = value_from_ast_untyped(argument.value, variables)
            if value is not Undefined:
                return value
    return field.definition.args[name].default_value if field.definition else Undefined


def _number(value: Any) -> int | None:
    """Take a variable's number; with any other value the operation does not run."""
    return max(int(value), 0) if type(value) in {int, float} else None


def _distinct(fields: Any) -> int:
    """Count what facets are asked by; one alone need not be in a list."""
    return len({each for each in fields if type(each) is str}) if type(fields) is list else 1


def _tasks_in(value: Any) -> int:
    """Count the tasks of an input, with their subtasks."""
    waiting, count = [value], 0
    while waiting:
        match waiting.pop():
            case list() as tasks:
                waiting += tasks
            case dict() as task:
                count += 1
                waiting.append(task.get(SUBTASKS))
    return count
