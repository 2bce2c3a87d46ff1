"""Writing labels. Each function works in the transaction of the session it is given.

They raise Refused, having written nothing, for what the caller can put right.
"""

from gql_tasks.domain.errors import Refused
from gql_tasks.domain.label import (
    LabelChanges,
    NewLabel,
    label_changes_problems,
    new_label_problems,
)
from gql_tasks.domain.relations import Entity
from gql_tasks.domain.text import full_color
from gql_tasks.services.references import no_such_row, refuse, row_to_change, row_to_delete
from gql_tasks.store.database import WriteSession
from gql_tasks.store.tables import LabelRow


def create_label(session: WriteSession, label: NewLabel) -> int:
    """Write a label and return its id."""
    refuse(new_label_problems(label))
    row = LabelRow(name=label.name, color=full_color(label.color))
    session.add(row)
    session.flush()
    return row.id


def update_label(
    session: WriteSession, label_id: str, changes: LabelChanges, *, if_version: int | None = None
) -> int:
    """Change a label and return its id. Changes that change nothing leave its version alone."""
    problems = [*label_changes_problems(changes)]
    row = row_to_change(session, LabelRow, label_id, if_version)
    if row is None:
        raise Refused(no_such_row(Entity.LABEL, label_id), *problems)
    refuse(problems)
    if (name := changes.get("name")) is not None:
        row.name = name
    if "color" in changes:
        row.color = full_color(changes["color"])
    session.flush()
    return row.id


def delete_label(session: WriteSession, label_id: str, *, if_version: int | None = None) -> int:
    """Delete a label's row and return its id. The tasks that had it stay."""
    row = row_to_delete(session, LabelRow, label_id, if_version)
    session.delete(row)
    session.flush()
    return row.id
