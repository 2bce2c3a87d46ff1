"""Filters in Python. That the stores agree is a test of `store/filters.py`."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

import pytest

from gql_tasks.domain.filters import (
    All,
    Compare,
    Either,
    Filter,
    Is,
    IsNull,
    Not,
    Operator,
    Related,
    RelatedCount,
    Row,
    can_be_stored,
    every,
    fold_case,
    matches,
    negated,
    size,
    some,
)
from gql_tasks.domain.relations import Relation
from gql_tasks.domain.values import Scalar, Slot, Value, Values


@dataclass
class Stub:
    """A row with the fields and relations that a test gives it."""

    fields: Mapping[str, Scalar | None]
    relations: Mapping[Relation, Iterable[Row]] = field(default_factory=dict)

    def value(self, field: str) -> Scalar | None:
        return self.fields[field]

    def related(self, relation: Relation) -> Iterable[Row]:
        return self.relations.get(relation, ())


TITLE = IsNull("title", null=True)
DUE = IsNull("due_on", null=True)
TRUE, FALSE = All(), Either()


def holds(filter_: Filter, row: Row, *values: Value) -> bool:
    """Match with these values in the slots."""
    return matches(filter_, row, Values(list(values)))


def test_nothing_asked_is_true_and_no_choice_is_false() -> None:
    """All of nothing holds, some of nothing does not."""
    row = Stub({})
    assert (holds(All(), row), holds(Either(), row)) == (True, False)


@pytest.mark.parametrize("operator", [one for one in Operator if one is not Operator.IN])
def test_a_missing_value_compares_false_and_its_negation_true(operator: Operator) -> None:
    """There is no unknown."""
    row = Stub({"due_on": None})
    compare = Compare("due_on", operator, Slot(0))
    assert (holds(compare, row, "a"), holds(negated(compare), row, "a")) == (False, True)


@pytest.mark.parametrize(
    ("name", "shown"), [("title", ""), ("description", ""), ("completed", False)]
)
def test_what_is_shown_is_what_is_compared(name: str, shown: Scalar) -> None:
    """A NULL that the API never shows is no NULL to a filter."""
    row = Stub({name: None})
    assert holds(Compare(name, Operator.EQ, Slot(0)), row, shown)
    assert holds(IsNull(name, null=False), row)


@pytest.mark.parametrize(("stored", "shown"), [(True, True), (False, False), (None, False)])
def test_a_truth_is_what_is_shown(stored: bool | None, shown: bool) -> None:
    """What is true is not false; NULL is shown as false."""
    row = Stub({"completed": stored})
    assert holds(Is("completed", shown), row)
    assert not holds(Is("completed", not shown), row)


def test_case_is_that_of_ascii() -> None:
    """A to Z are folded; letters that look alike or fold elsewhere are not."""
    assert fold_case("AZaz ÄßİK\u212a") == "azaz Äßİk\u212a"  # the Kelvin sign
    row = Stub({"title": "Äpfel KAUFEN"})
    for operator, text, expected in [
        (Operator.EQ, "Äpfel kaufen", True),
        (Operator.EQ, "äpfel kaufen", False),
        (Operator.CONTAINS, "kauf", True),
        (Operator.STARTS_WITH, "Äp", True),
        (Operator.ENDS_WITH, "fen", True),
    ]:
        compare = Compare("title", operator, Slot(0), ignore_case=True)
        assert holds(compare, row, text) is expected


def test_relations() -> None:
    """Some related row meets the part; how many there are is a number."""
    row = Stub({}, {Relation.TASK_LABELS: [Stub({"name": "a"}), Stub({"name": "b"})]})
    is_called = Compare("name", Operator.EQ, Slot(0))
    labelled = Related(Relation.TASK_LABELS, is_called)
    every_one = negated(Related(Relation.TASK_LABELS, negated(is_called)))
    assert (holds(labelled, row, "b"), holds(labelled, row, "c")) == (True, False)
    assert (holds(every_one, row, "b"), holds(every_one, Stub({}), "b")) == (False, True)
    assert holds(RelatedCount(Relation.TASK_LABELS, Operator.EQ, Slot(0)), row, 2)
    assert holds(RelatedCount(Relation.TASK_SUBTASKS, Operator.LT, Slot(0)), row, 1)


def test_trees_are_as_small_as_can_be() -> None:
    """The same condition said in a roundabout way is the same tree, and the same statement."""
    assert every([TITLE]) == some([TITLE]) == negated(negated(TITLE)) == TITLE
    assert every([every([TITLE, DUE]), All()]) == All((TITLE, DUE))
    assert some([some([TITLE, DUE]), Either()]) == Either((TITLE, DUE))
    assert every([Either((TITLE, DUE)), DUE]) == All((Either((TITLE, DUE)), DUE))
    assert (negated(TRUE), negated(FALSE)) == (FALSE, TRUE)
    assert negated(DUE) == IsNull("due_on", null=False)
    assert negated(Is("completed", truth=True)) == Is("completed", truth=False)
    assert negated(All((TITLE, DUE))) == Not(All((TITLE, DUE)))


def test_size_counts_nodes() -> None:
    """Every connective and every condition is one."""
    assert size(TRUE) == size(DUE) == 1
    assert size(All((DUE, Not(Related(Relation.TASK_PARENT, Either((DUE, DUE))))))) == 7


@pytest.mark.parametrize("text", ["a\0", "\ud800", "a\udfffb"])
def test_some_texts_no_store_can_hold(text: str) -> None:
    """NUL is not for PostgreSQL, and a lone surrogate is not UTF-8."""
    assert not can_be_stored(text)
    assert can_be_stored("\U0001f600 \x01")
