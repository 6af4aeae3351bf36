"""A run that finds no executor ends red with one sentence, not with a trace of this program."""

from __future__ import annotations

from collections.abc import Awaitable
from typing import Any

from prefect import get_run_logger
from prefect.client.schemas.objects import State
from prefect.states import Failed

from tasks.errors import ExecutorGone

NO_EXECUTOR = "NoExecutor"


async def or_no_executor(work: Awaitable[State[Any]]) -> State[Any]:
    """The state that ``work`` ends in; ``NoExecutor`` where nobody answers at the socket."""
    try:
        return await work
    except ExecutorGone as error:
        sentence = f"{error}."
        get_run_logger().error(sentence)
        return Failed(name=NO_EXECUTOR, message=sentence[:1].upper() + sentence[1:])
