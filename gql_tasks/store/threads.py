"""Waiting for threads."""

import asyncio
from typing import TypeVar

T = TypeVar("T")


async def to_the_end(running: asyncio.Future[T]) -> T:
    """Wait for what a thread does, even where the caller is cancelled.

    It still uses what it was given, which is nobody else's until it has ended.
    """
    try:
        return await asyncio.shield(running)
    except asyncio.CancelledError:
        await asyncio.wait([running])
        running.exception()  # nobody hears it any more
        raise
