"""What a task may hold, and which rows it names."""

from datetime import UTC, date, datetime

import pytest

from gql_tasks.domain.errors import Invalid, TooMany
from gql_tasks.domain.ids import Reference, not_found, parse_id
from gql_tasks.domain.position import Place
from gql_tasks.domain.priority import Priority
from gql_tasks.domain.relations import Entity
from gql_tasks.domain.task import (
    MAX_AT_ONCE,
    MAX_LABELS_AT_ONCE,
    MAX_LEVELS,
    MAX_TASKS,
    Due,
    NewTask,
    TaskChanges,
    at_most_problems,
    new_task_problems,
    new_task_references,
    new_tasks_problems,
    task_changes_problems,
    task_changes_references,
    unfold,
    unfold_all,
)

TODAY = date(2026, 1, 31)
NOW = datetime(2026, 1, 31, tzinfo=UTC)


def chain(levels: int) -> NewTask:
    """A task with this many levels of subtasks."""
    task = NewTask("leaf")
    for _ in range(levels):
        task = NewTask("stem", subtasks=(task,))
    return task


def test_unfold_lists_parents_first() -> None:
    """A tree is written parent before subtasks, subtasks in their order."""
    tree = unfold(
        NewTask("a", subtasks=(NewTask("b", subtasks=(NewTask("c"), NewTask("d"))), NewTask("e")))
    )
    assert [(planted.task.title, planted.parent, planted.level) for planted in tree] == [
        ("a", None, 0),
        ("b", 0, 1),
        ("c", 1, 2),
        ("d", 1, 2),
        ("e", 0, 1),
    ]
    assert tree[3].path == ("input", "subtasks", "0", "subtasks", "1")


def test_unfold_all_lists_one_input_after_the_other() -> None:
    """Of several inputs each keeps its tree, and its number in every path."""
    forest = unfold_all([NewTask("a", subtasks=(NewTask("b"),)), NewTask("c"), chain(1)])
    assert [(planted.task.title, planted.parent, planted.path) for planted in forest] == [
        ("a", None, ("input", "0")),
        ("b", 0, ("input", "0", "subtasks", "0")),
        ("c", None, ("input", "1")),
        ("stem", None, ("input", "2")),
        ("leaf", 3, ("input", "2", "subtasks", "0")),
    ]
    assert unfold_all([]) == []


def test_all_problems_of_a_tree() -> None:
    """Every field that breaks a rule is named with its path, subtasks included."""
    task = NewTask(
        " ",
        description="\0",
        due=Due(TODAY, NOW),
        place=Place(at_start=False),
        subtasks=(
            NewTask("fine", due=Due(on=TODAY)),
            NewTask("", due=Due(), parent_id="1", subtasks=(NewTask("\ud800"),)),
        ),
    )
    both = "due takes exactly one of on and at"
    own = "a subtask's parent is the task that it stands in; leave it out"
    assert [*new_task_problems(unfold(task))] == [
        Invalid('title " " is blank', ("input", "title")),
        Invalid("description holds a NUL character (U+0000)", ("input", "description")),
        Invalid(both, ("input", "due")),
        Invalid("place takes true, or another place", ("input", "place", "at_start")),
        Invalid('title "" is blank', ("input", "subtasks", "1", "title")),
        Invalid(both, ("input", "subtasks", "1", "due")),
        Invalid(own, ("input", "subtasks", "1", "parent_id")),
        Invalid(
            "title holds a lone surrogate, which is not Unicode text",
            ("input", "subtasks", "1", "subtasks", "0", "title"),
        ),
    ]


def test_size_of_a_tree() -> None:
    """A tree takes 1,000 tasks and 10 levels of subtasks; of a larger one only that is said."""
    subtasks = ("input", "subtasks")
    leaf = NewTask("leaf")
    assert [*new_task_problems(unfold(NewTask("a", subtasks=(leaf,) * (MAX_TASKS - 1))))] == []
    assert [*new_task_problems(unfold(NewTask(" ", subtasks=(leaf,) * MAX_TASKS)))] == [
        TooMany("1001 tasks are more than the 1000 that one input may create", subtasks, 1000, 1001)
    ]
    assert [*new_task_problems(unfold(chain(MAX_LEVELS)))] == []
    message = "11 levels of subtasks are more than the 10 that one input takes"
    assert [*new_task_problems(unfold(chain(MAX_LEVELS + 1)))] == [
        TooMany(message, subtasks, 10, 11)
    ]
    deep = [*new_task_problems(unfold(chain(900)))]  # no recursion to run out of
    assert [(type(problem), problem.path) for problem in deep] == [(TooMany, subtasks)]


def test_size_of_several_inputs() -> None:
    """Inputs have their limits together, but for the levels, which each has for itself."""
    fine, leaf = NewTask("fine"), NewTask("leaf")
    assert [*new_tasks_problems([])] == []
    largest = [NewTask("stem", subtasks=(leaf,) * (MAX_AT_ONCE - 2)), fine]
    assert [*new_tasks_problems(unfold_all(largest))] == []
    message = "10001 tasks are more than the 10000 that one write may create"
    assert [*new_tasks_problems(unfold_all([NewTask(" "), *largest]))] == [
        TooMany(message, ("input",), 10000, 10001)
    ]
    assert [*new_tasks_problems(unfold_all([chain(MAX_LEVELS)] * 2))] == []
    message = "11 levels of subtasks are more than the 10 that one input takes"
    assert [*new_tasks_problems(unfold_all([fine, chain(MAX_LEVELS + 1), NewTask("")]))] == [
        TooMany(message, ("input", "1", "subtasks"), 10, 11)
    ]
    half = NewTask("a", label_ids=("1",) * (MAX_LABELS_AT_ONCE // 2))
    assert [*new_tasks_problems(unfold_all([half, half]))] == []
    message = "50001 labels are more than the 50000 that one write gives or takes"
    assert [*new_tasks_problems(unfold_all([half, half, NewTask("b", label_ids=("1",))]))] == [
        TooMany(message, ("input",), 50000, 50001)
    ]


def test_problems_of_several_inputs() -> None:
    """Every field that breaks a rule is named with its input's number."""
    forest = unfold_all([NewTask("fine"), NewTask("", subtasks=(NewTask(" "),))])
    assert [*new_tasks_problems(forest)] == [
        Invalid('title "" is blank', ("input", "1", "title")),
        Invalid('title " " is blank', ("input", "1", "subtasks", "0", "title")),
    ]


def test_at_most() -> None:
    """A bulk write is bounded by a number of tasks that it may take."""
    for fine in (0, 1, MAX_AT_ONCE):
        assert [*at_most_problems(fine)] == []
    for wrong in (-1, MAX_AT_ONCE + 1):
        message = f"at most {wrong} is not between 0 and 10000"
        assert [*at_most_problems(wrong)] == [Invalid(message, ("at_most",))]


def test_changes_problems() -> None:
    """Null is refused where a value cannot be empty; what is left out is not looked at."""
    assert [*task_changes_problems(TaskChanges())] == []
    clearing = TaskChanges(
        description=None, due=None, start_on=None, project_id=None, parent_id=None
    )
    assert [*task_changes_problems(clearing)] == []
    refused = TaskChanges(
        title=None,
        completed=None,
        priority=None,
        place=None,
        add_label_ids=None,
        remove_label_ids=None,
    )
    assert [*task_changes_problems(refused)] == [
        Invalid("title cannot be null", ("input", "title")),
        Invalid("completed cannot be null", ("input", "completed")),
        Invalid("priority cannot be null", ("input", "priority")),
        Invalid("place cannot be null", ("input", "place")),
        Invalid("add label ids cannot be null", ("input", "add_label_ids")),
        Invalid("remove label ids cannot be null", ("input", "remove_label_ids")),
    ]


def test_due_takes_one_form() -> None:
    """A change to both due forms is refused, and so is one to neither."""
    for due in (Due(TODAY, NOW), Due()):
        assert [*task_changes_problems(TaskChanges(due=due))] == [
            Invalid("due takes exactly one of on and at", ("input", "due"))
        ]
    for due in (Due(on=TODAY), Due(at=NOW)):
        assert [*task_changes_problems(TaskChanges(due=due, priority=Priority.LOW))] == []


def test_label_added_and_removed() -> None:
    """A label both added and removed is a problem; one that is named twice is not."""
    changes = TaskChanges(add_label_ids=("1", "2", "2"), remove_label_ids=("3", "2", "3"))
    message = 'label "2" is to be both added and removed'
    assert [*task_changes_problems(changes)] == [
        Invalid(message, ("input", "remove_label_ids", "1"))
    ]


def test_references() -> None:
    """A task names projects, parents, labels and neighbours, each with its path."""
    task = NewTask(
        "a",
        project_id="1",
        parent_id="2",
        label_ids=("3", "4"),
        place=Place(before="5"),
        subtasks=(NewTask("b", project_id=None), NewTask("c", label_ids=("6",))),
    )
    assert [*new_task_references(unfold(task))] == [
        Reference(Entity.PROJECT, "1", ("input", "project_id")),
        Reference(Entity.TASK, "2", ("input", "parent_id")),
        Reference(Entity.LABEL, "3", ("input", "label_ids", "0")),
        Reference(Entity.LABEL, "4", ("input", "label_ids", "1")),
        Reference(Entity.TASK, "5", ("input", "place", "before")),
        Reference(Entity.LABEL, "6", ("input", "subtasks", "1", "label_ids", "0")),
    ]
    changes = TaskChanges(
        project_id="1",
        parent_id="2",
        add_label_ids=("3",),
        remove_label_ids=("4",),
        place=Place(after="5"),
    )
    assert [*task_changes_references(changes)] == [
        Reference(Entity.PROJECT, "1", ("input", "project_id")),
        Reference(Entity.TASK, "2", ("input", "parent_id")),
        Reference(Entity.LABEL, "3", ("input", "add_label_ids", "0")),
        Reference(Entity.LABEL, "4", ("input", "remove_label_ids", "0")),
        Reference(Entity.TASK, "5", ("input", "place", "after")),
    ]
    assert [*task_changes_references(TaskChanges(project_id=None, parent_id=None))] == []


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("0", 0),
        ("7", 7),
        ("-5", -5),
        ("9223372036854775807", 2**63 - 1),
        ("-9223372036854775808", -(2**63)),
        ("9223372036854775808", None),
        ("", None),
        ("-0", None),
        ("07", None),
        ("+7", None),
        (" 7", None),
        ("7\n", None),
        ("1e3", None),
        ("\u0667", None),
        ("9" * 5000, None),
    ],
)
def test_parse_id(text: str, number: int | None) -> None:
    """An id has one spelling."""
    assert parse_id(text) == number


def test_not_found_shows_a_long_id_cut() -> None:
    """A message stays readable; the problem's id is whole."""
    problem = not_found(Reference(Entity.LABEL, "9" * 100, ("input",)))
    assert problem.message == f'no label has the id "{"9" * 57}..."'
    assert problem.id == "9" * 100
