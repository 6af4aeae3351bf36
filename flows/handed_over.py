"""The outcome that is already on its way when a warm worker starts a signal's flow.

The hot worker gives a claimed signal to the executor before it starts the flow. The flow then
waits for that answer instead of asking a second time; under any other runner nothing is handed
over and the flow submits the signal itself. Both are safe: a signal counts once by its id.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from concurrent.futures import Future
from contextvars import ContextVar
from dataclasses import dataclass, field

from prefect import get_run_logger

from flows.desk_access import executor
from tasks.outcome import Outcome
from tasks.sure_submission import submit_surely


@dataclass(frozen=True, slots=True)
class HandedOver:
    """A signal that the worker has given to the executor, from a loop of its own."""

    outcome: Future[Outcome]
    troubles: list[str] = field(default_factory=list)
    """What went wrong on the way so far, in sentences."""


submission: ContextVar[HandedOver | None] = ContextVar("submission", default=None)


async def outcome_of(signal: Mapping[str, object]) -> Outcome:
    """What became of ``signal``, which came through Prefect's door, handed over or not.

    Raises:
        ExecutorGone: nobody has said what became of it.
        ExecutorRefused: the executor's definite no to this signal.
    """
    logger = get_run_logger()
    handed_over = submission.get()
    if handed_over is None:
        async with executor() as desk:
            return await submit_surely(desk, signal, door="prefect", told=logger.warning)
    try:
        # Shielded: a cancelled flow run must not take the decision's answer with it.
        return await asyncio.shield(asyncio.wrap_future(handed_over.outcome))
    finally:
        for trouble in handed_over.troubles:
            logger.warning(trouble)
