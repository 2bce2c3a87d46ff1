"""What every mutation field does: write in one transaction, once, and read what was written.

A mutation field is one transaction. Its payload is read in that transaction, by plan, so that it
shows what was written and nothing later, and a payload that cannot be read leaves nothing written.
A client's own id for the mutation is kept with the answer, in the same transaction: whoever sends
the same again is answered the same, and nothing is written.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from hashlib import sha256
from typing import Any, TypeVar

import orjson
import strawberry

from gql_tasks.domain.changes import SyncToken
from gql_tasks.domain.errors import Invalid, Refused
from gql_tasks.domain.text import shown, text_problems
from gql_tasks.graphql.context import Info
from gql_tasks.graphql.selection import (
    LaterPlan,
    arguments_under,
    plan_row,
    plans_under,
    shows_token,
)
from gql_tasks.graphql.types.payloads import DeletePayload, Payload, Shown, TasksPayload
from gql_tasks.graphql.types.problems import problems_of
from gql_tasks.store import mutations
from gql_tasks.store.database import Answer, WriteSession

P = TypeVar("P", bound=Payload)

MAX_ID_CHARACTERS = 200
"""The longest clientMutationId. A UUID has 36 characters."""

CLIENT_MUTATION_ID = ("client_mutation_id",)


@dataclass(frozen=True, slots=True)
class Written:
    """What a unit of work wrote: the ids of its rows, and of tasks that were deleted with them."""

    ids: tuple[int, ...]
    task_ids: tuple[int, ...] = ()


async def write(
    info: Info,
    payload: type[P],
    client_mutation_id: str | None,
    work: Callable[[WriteSession], Written],
    *,
    short: bool = False,
) -> P:
    """Do a unit of work and answer its payload, or the problems that stopped it.

    A `short` one is a few statements about single rows.
    """
    plans = plans_under(info, payload.shows)
    request = _request(info, client_mutation_id or None)
    named = request is not None or shows_token(info)

    def transaction(session: WriteSession) -> P:
        kept = None if request is None else _claim(session, request)
        if kept is not None:
            return _answered_before(session, payload, plans, orjson.loads(kept))
        written = work(session)
        # PostgreSQL numbers the changes with it, and what is read may show them.
        token = mutations.token_of(session) if named or session.store == "postgresql" else None
        answers = {key: plan.read(session, written.ids) for key, plan in plans.items()}
        if request is not None:
            mutations.keep(session, _kept(written, token, plans, answers))
        return _payload(payload, written, token, answers)

    try:
        answer = await info.context.write(transaction, short=short)
    except Refused as refused:
        answer = payload(problems=problems_of(refused, _read_row))
    if client_mutation_id:
        answer.client_mutation_id = strawberry.ID(client_mutation_id)
    return answer


async def _read_row(info: Info, row_id: int) -> Answer:
    """Read a row as it is now: the operation's own snapshot may be older."""
    plan = plan_row(info, row_id)
    return await info.context.database.read(lambda session: session.execute_plan(plan))


def _request(info: Info, client_mutation_id: str | None) -> mutations.Request | None:
    """Name the mutation as its client did, with a hash of its field and arguments."""
    if client_mutation_id is None:
        return None
    arguments = {**arguments_under(info)}
    arguments.pop("clientMutationId", None)
    content = orjson.dumps([info.field_name, arguments], default=repr, option=orjson.OPT_SORT_KEYS)
    return mutations.Request(client_mutation_id, sha256(content).hexdigest())


def _claim(session: WriteSession, request: mutations.Request) -> str | None:
    """Take the client's id, or find the answer to the same mutation under it."""
    name = request.client_mutation_id
    problems = [*text_problems(name, CLIENT_MUTATION_ID)]
    if len(name) > MAX_ID_CHARACTERS:
        message = f"clientMutationId is longer than {MAX_ID_CHARACTERS} characters"
        problems.append(Invalid(message, CLIENT_MUTATION_ID))
    if problems:
        raise Refused(*problems)
    kept = mutations.claim(session, request)
    if kept is None:
        return None
    if kept.digest != request.digest:
        message = f"clientMutationId {shown(name)} was another mutation's; take a new one"
        raise Refused(Invalid(message, CLIENT_MUTATION_ID))
    return kept.answer


def _payload(
    payload: type[P], written: Written, token: SyncToken | None, answers: Mapping[str, Shown]
) -> P:
    answer = payload(sync_token=token, answers=answers)
    match answer:
        case DeletePayload():
            answer.deleted_ids = [strawberry.ID(str(row_id)) for row_id in written.ids]
            answer.deleted_task_ids = [strawberry.ID(str(row_id)) for row_id in written.task_ids]
        case TasksPayload():
            answer.affected_count = len(written.ids)
        case _:
            pass
    return answer


def _kept(
    written: Written,
    token: SyncToken | None,
    plans: Mapping[str, LaterPlan],
    answers: Mapping[str, Shown],
) -> str:
    """Write an answer so that it can be given again."""
    document = {
        "ids": written.ids,
        "taskIds": written.task_ids,
        "token": str(token),
        "answers": {plan.digest: _texts(answers[key]) for key, plan in plans.items()},
    }
    return orjson.dumps(document).decode()


def _answered_before(
    session: WriteSession, payload: type[P], plans: Mapping[str, LaterPlan], kept: dict[str, Any]
) -> P:
    """Give the first answer again; what it did not show is read as it is now."""
    written = Written(tuple(kept["ids"]), tuple(kept["taskIds"]))
    answers = {
        key: _again(kept["answers"][plan.digest])
        if plan.digest in kept["answers"]
        else plan.read(session, written.ids)
        for key, plan in plans.items()
    }
    return _payload(payload, written, SyncToken.parse(kept["token"]), answers)


def _texts(shown: Shown) -> str | list[str] | None:
    """Take an answer's documents to the byte; as JSON they would be written anew."""
    if isinstance(shown, list):
        return [orjson.dumps(document).decode() for document in shown]
    return None if shown is None else orjson.dumps(shown).decode()


def _again(texts: str | list[str] | None) -> Shown:
    if isinstance(texts, list):
        return [orjson.Fragment(text) for text in texts]
    return None if texts is None else orjson.Fragment(texts)
