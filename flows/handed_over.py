"""The outcome that is already on its way when a warm worker starts a signal's flow.

The hot worker gives a claimed signal to the executor before it starts the flow. The flow then
waits for that answer instead of asking a second time; under any other runner nothing is handed
over and the flow submits the signal itself. Both are safe: a signal counts once by its id.
"""

from __future__ import annotations

import asyncio
from contextvars import ContextVar

from tasks.errors import ExecutorGone
from tasks.outcome import Outcome

submission: ContextVar[asyncio.Task[Outcome] | None] = ContextVar("submission", default=None)


async def handed_over_outcome() -> Outcome | None:
    """The executor's answer to what the worker handed over; None: submit it yourself.

    Raises:
        ExecutorRefused: the executor's definite no to this signal.
    """
    task = submission.get()
    if task is None:
        return None
    try:
        # Shielded: a cancelled flow run must not take the decision's answer with it.
        return await asyncio.shield(task)
    except ExecutorGone:
        return None
