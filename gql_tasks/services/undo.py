"""Taking back what a mutation changed, row by row, as far as nobody has changed it since."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from gql_tasks.domain.changes import STAMPS, Change, State, SyncToken
from gql_tasks.domain.errors import Invalid, Path, Problem, Refused, VersionConflict
from gql_tasks.domain.relations import Entity
from gql_tasks.domain.tree import in_cycles
from gql_tasks.services.references import refuse
from gql_tasks.store.changes import last_states, read_changes, read_log
from gql_tasks.store.database import WriteSession
from gql_tasks.store.restore import (
    delete_rows,
    insert_rows,
    label_tasks,
    parents_above,
    tasks_that_use,
    update_rows,
    versions_of,
)
from gql_tasks.store.rows import lock_existing, lock_order, lock_tree

TOKEN: Path = ("token",)

KINDS = (Entity.PROJECT, Entity.LABEL, Entity.TASK)
"""In the order in which rows come back, each after what it leads to."""

_LEADS_TO = {"projectId": Entity.PROJECT, "parentId": Entity.TASK}


@dataclass(slots=True)
class Net:
    """What a mutation made of a row in the end: from `before` to `after`."""

    entity: Entity
    id: int
    before: State | None
    nulls: tuple[str, ...]
    after: State | None

    @property
    def labels_before(self) -> set[int]:
        """The labels to give back."""
        return _labels(self.before)

    @property
    def labels_after(self) -> set[int]:
        """The labels it has."""
        return _labels(self.after)


def undo(session: WriteSession, token: SyncToken) -> tuple[int, ...]:
    """Take a mutation back and return the positions of its changes, oldest first.

    Raises Refused for a token that is no mutation's or no longer in the log, and with a
    VersionConflict for each row that has changed since, or is in use by now.
    """
    changes = _changes_of(session, token)
    lock_order(session, Entity.TASK)
    lock_order(session, Entity.PROJECT)
    lock_tree(session)
    nets = _net(changes)
    refuse(_changed_since(session, nets, token))
    refuse(_cannot_lead_back(session, nets))
    _put_back(session, nets)
    return tuple(change.position for change in changes)


def _changes_of(session: WriteSession, token: SyncToken) -> list[Change]:
    log = read_log(session)
    if token.start is None or token.start > token.position:
        raise _of_a_position(token)
    if not (log.holds(token) and token.start >= log.pruned_through):
        message = f'token "{token}" is no longer in the change log, or of another store\'s'
        raise Refused(Invalid(message, TOKEN))
    count = token.position - token.start
    changes = read_changes(session, token.start, limit=count, through=token.position)
    if len({change.mutation for change in changes}) > 1:
        raise _of_a_position(token)
    return changes


def _of_a_position(token: SyncToken) -> Refused:
    message = f'token "{token}" is of a position, not of a mutation: undo takes a payload\'s'
    return Refused(Invalid(message, TOKEN))


def _net(changes: Sequence[Change]) -> list[Net]:
    nets: dict[tuple[Entity, int], Net] = {}
    for change in changes:
        key = (change.entity, change.row_id)
        if key in nets:
            nets[key].after = change.after
        else:
            nets[key] = Net(*key, change.before, change.nulls, change.after)
    # What came and went within the mutation is not there to be taken back.
    return [net for net in nets.values() if net.before is not None or net.after is not None]


def _changed_since(
    session: WriteSession, nets: Sequence[Net], token: SyncToken
) -> Iterator[Problem]:
    """Find the rows that are not as the mutation left them."""
    for kind in KINDS:
        mine = [net for net in nets if net.entity is kind]
        versions = versions_of(session, kind, [net.id for net in mine])
        later = last_states(session, token.position, kind, [net.id for net in mine])
        created = [net.id for net in mine if net.before is None]
        known = {net.id for net in nets if net.entity is Entity.TASK}
        used = {
            row_id: task_id
            for task_id, row_id in tasks_that_use(session, kind, created)
            if task_id not in known
        }
        for net in mine:
            version, left = versions.get(net.id), net.after
            # What has changed and was changed back, as by an undo, is as it was left.
            net.after = later.get(net.id, left)
            expected = None if net.after is None else net.after["version"]
            if version != expected or _content(net.after) != _content(left):
                yield _conflict(net, version, "has changed since" if version else "is gone")
            elif net.id in used:
                yield _conflict(net, version, f"is in use by task {used[net.id]}")


def _cannot_lead_back(session: WriteSession, nets: Sequence[Net]) -> Iterator[Problem]:
    """Find the rows whose project, parent or label is gone, or whose parent is under them now."""
    coming = {(net.entity, net.id) for net in nets if net.before is not None}
    led_to: dict[tuple[Entity, int], Net] = {}
    for net in nets:
        for member, entity in _LEADS_TO.items():
            if net.entity is Entity.TASK and net.before and net.before[member] is not None:
                led_to.setdefault((entity, int(net.before[member])), net)
        for label_id in net.labels_before:
            led_to.setdefault((Entity.LABEL, label_id), net)
    for kind in KINDS:
        wanted = {row_id for entity, row_id in led_to if entity is kind}
        for row_id in sorted(wanted - lock_existing(session, kind, wanted)):
            if (kind, row_id) not in coming:
                net = led_to[kind, row_id]
                version = None if net.after is None else net.after["version"]
                yield _conflict(net, version, f"belonged to {kind.value} {row_id}, which is gone")
    tied = in_cycles(_parents_again(session, nets))
    for net in nets:
        if net.entity is Entity.TASK and net.before and net.after and net.id in tied:
            parent = net.before["parentId"]
            if parent != net.after["parentId"]:
                yield _conflict(net, net.after["version"], f"has task {parent} under it by now")


def _parents_again(session: WriteSession, nets: Sequence[Net]) -> dict[int, int | None]:
    """Tell which tasks would be above those that are put back, and above these, all the way up."""
    put_back = {
        net.id: None if net.before["parentId"] is None else int(net.before["parentId"])
        for net in nets
        if net.entity is Entity.TASK and net.before
    }
    wanted = {parent for parent in put_back.values() if parent is not None}
    return parents_above(session, wanted) | put_back


def _put_back(session: WriteSession, nets: Sequence[Net]) -> None:
    for kind in KINDS:
        mine = [net for net in nets if net.entity is kind]
        gone = [(net.before, net.nulls) for net in mine if net.before and net.after is None]
        if kind is Entity.TASK:
            gone = _parents_first(gone)
        changed = [(net.before, net.nulls) for net in mine if net.before and net.after]
        insert_rows(session, kind, gone)
        update_rows(session, kind, changed)
    staying = [net for net in nets if net.before]
    label_tasks(
        session,
        added=[
            (net.id, label) for net in staying for label in net.labels_before - net.labels_after
        ],
        removed=[
            (net.id, label) for net in staying for label in net.labels_after - net.labels_before
        ],
    )
    for kind in reversed(KINDS):
        delete_rows(
            session, kind, [net.id for net in nets if net.entity is kind and not net.before]
        )


def _parents_first(
    rows: Sequence[tuple[State, tuple[str, ...]]],
) -> list[tuple[State, tuple[str, ...]]]:
    """Sort tasks so that none comes before the one it is a part of."""
    levels: dict[str, int] = {}
    parents = {state["id"]: state["parentId"] for state, _ in rows}

    def level(task_id: str) -> int:
        above: list[str] = []
        while task_id in parents and task_id not in levels and task_id not in above:
            above.append(task_id)
            task_id = parents[task_id]
        for below in reversed(above):
            levels[below] = levels.get(parents[below], -1) + 1
        return levels.get(task_id, 0) if not above else levels[above[0]]

    return sorted(rows, key=lambda row: level(row[0]["id"]))


def _content(state: State | None) -> State | None:
    if state is None:
        return None
    return {name: value for name, value in state.items() if name not in STAMPS}


def _labels(state: State | None) -> set[int]:
    return {int(label_id) for label_id in (state or {}).get("labelIds", ())}


def _conflict(net: Net, version: int | None, what: str) -> VersionConflict:
    message = f"{net.entity.value} {net.id} {what}"
    return VersionConflict(message, TOKEN, net.entity, net.id, version)
