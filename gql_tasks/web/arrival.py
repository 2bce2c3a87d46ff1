"""The deadline for a request's body, at no cost where the body is there already."""

import asyncio
import types
from collections.abc import Generator
from functools import partial
from typing import Any

from starlette.types import Message, Receive, Scope

from gql_tasks.web.admission import Admission
from gql_tasks.web.refusals import Refusal

_DUE = "gql_tasks.body_due"

Waiting = Generator[Any, Any, Message]


class Arrival:
    """Receives bodies, each as a whole within so many seconds of the first wait for it.

    A request whose body is still on its way takes nobody's place among those being answered.
    """

    def __init__(self, admission: Admission, *, seconds: float) -> None:
        self._admission = admission
        self._seconds = seconds

    async def receive(self, scope: Scope, receive: Receive) -> Message:
        """Receive a part of a body. Raises Refusal, with 408 or 503."""
        # Most bodies come with their head. For those no timer is set: it would cost more than all
        # else that is done to receive a request.
        waiting: Waiting = receive().__await__()
        try:
            first = next(waiting)
        except StopIteration as there:
            message: Message = there.value
            return message
        due = scope.setdefault(_DUE, asyncio.get_running_loop().time() + self._seconds)
        with self._admission.still_coming():
            try:
                async with asyncio.timeout_at(due):
                    return await _rest(waiting, first)
            except TimeoutError:
                late = f"The request did not come in {self._seconds:g} seconds."
                raise Refusal(408, "REQUEST_TIMEOUT", late, connection="close") from None


@types.coroutine
def _rest(waiting: Waiting, waited_for: Any) -> Waiting:
    """Go on with an awaitable that has been started, as `yield from` would have from the start."""
    while True:
        try:
            woken = yield waited_for
        except BaseException as error:  # noqa: BLE001  # it is the awaitable's: a cancellation
            go_on = partial(waiting.throw, error)
        else:
            go_on = partial(waiting.send, woken)
        try:
            waited_for = go_on()
        except StopIteration as there:
            message: Message = there.value
            return message
