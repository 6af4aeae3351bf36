"""A signal given to an executor that may die meanwhile: asked again until its outcome is known.

Asking again is safe because a signal counts once by its id: the executor that is back has read its
journal and answers with what became of the signal, or decides it now if it never arrived. Then the
signal's own life time holds, so that nothing is traded that is too old.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Mapping

from tasks.errors import BadSignal, ExecutorAbsent, ExecutorGone
from tasks.executor_client import Door, ExecutorClient
from tasks.outcome import Outcome
from tasks.signal import parse_signal

PAUSE_S = 0.25
PATIENCE_S = 300.0
"""An executor's time to be back when it may have acted on the signal."""

Told = Callable[[str], None]


async def submit_surely(
    executor: ExecutorClient,
    signal: Mapping[str, object],
    *,
    door: Door,
    told: Told,
    on_sent: Callable[[], None] | None = None,
    patience_s: float = PATIENCE_S,
) -> Outcome:
    """What became of ``signal``. ``told`` hears a sentence for each trouble on the way,
    ``on_sent`` when it is first on the wire.

    Raises:
        ExecutorAbsent: nobody took it while it was valid; nothing was done.
        ExecutorGone: it may have been acted on, and no executor has said so within ``patience_s``.
        ExecutorRefused: the executor's definite no to this signal.
    """
    began = time.monotonic()
    valid_s = _valid_s(signal)
    in_doubt = False
    last = ""
    while True:
        try:
            outcome = await executor.submit(signal, door=door, on_sent=on_sent)
        except ExecutorGone as error:
            in_doubt = in_doubt or not isinstance(error, ExecutorAbsent)
            waited = time.monotonic() - began
            if waited > (patience_s if in_doubt else valid_s):
                raise
            if str(error) != last:
                told(f"{error}; it is asked again")
                last = str(error)
            await asyncio.sleep(PAUSE_S)
            continue
        if not last:
            return outcome
        told(f"the executor has answered after {time.monotonic() - began:.1f} s")
        # The duplicate is our own asking again: the first outcome is the answer to it.
        return outcome.settled if in_doubt else outcome


def _valid_s(signal: Mapping[str, object]) -> float:
    """How long the signal may be acted on; one that cannot be read is not worth waiting for."""
    try:
        return parse_signal(dict(signal)).ttl_ms / 1_000
    except BadSignal:
        return 0.0
