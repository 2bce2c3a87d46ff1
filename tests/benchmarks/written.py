"""Whether a database holds what its server said it has written, and nothing else."""

import sqlite3
from contextlib import closing
from pathlib import Path

from tests.benchmarks import data
from tests.benchmarks.workloads import CREATED_TITLE, WrongAnswer, rotated_ids


def check_written(path: Path, tasks: int, *, created: int, updated: int) -> None:
    """Count the rows that were created, and look at what every other row was updated to.

    Raises WrongAnswer.
    """
    with closing(sqlite3.connect(path)) as connection:
        statement = "SELECT count(*) FROM tasks WHERE id > ? AND title = ?"
        (found,) = connection.execute(statement, (tasks, CREATED_TITLE)).fetchone()
        rows = connection.execute("SELECT id, completed FROM tasks WHERE id <= ?", (tasks,))
        states = {task_id: bool(completed) for task_id, completed in rows}
    if found != created:
        raise WrongAnswer(f"{path.name} has {found} of {created} tasks that were created")
    ids = rotated_ids(tasks)
    rounds, rest = divmod(updated, len(ids))
    toggles = {task_id: rounds + (place < rest) for place, task_id in enumerate(ids)}
    for task_id in range(1, tasks + 1):
        wanted = data.completed(task_id) ^ (toggles.get(task_id, 0) % 2 == 1)
        if states[task_id] is not wanted:
            raise WrongAnswer(f"{path.name}: task {task_id} is not completed={wanted}")
