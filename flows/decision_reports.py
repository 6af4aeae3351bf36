"""Decisions of the fast door, told to Prefect afterwards so that they are seen there too.

Each becomes a run of ``signal-intake/live`` with the same signal, the tag ``fast-door`` and the
signal's id as idempotency key. The run submits the signal again and gets the outcome that exists
already, so this call is harmless and the only one of the desk that is repeated until it works.
The journal is the backlog: it outlasts Prefect's absence and the executor's end, and it is whole.
"""

from __future__ import annotations

import asyncio
import logging

from flows.prefect_api import PrefectApi, PrefectRefused, PrefectSilent
from flows.untold_decisions import UntoldDecisions
from tasks.signal import Signal
from tasks.switch_guard import SIGNAL_INTAKE
from warehouse import JournalCorrupt

log = logging.getLogger(__name__)

FAST_DOOR_TAG = "fast-door"
LOOK_S = 0.5
"""How often the journal is looked at."""
BETWEEN_S = 0.05
"""A backlog is told no faster than one by one with this pause: each becomes a run, and signals
that come through Prefect now go first."""
FIRST_PAUSE_S = 0.5
LONGEST_PAUSE_S = 10.0
"""Before Prefect is asked again that was silent."""


class DecisionReports:
    """Tells what ``untold`` knows, oldest first."""

    def __init__(self, untold: UntoldDecisions, api_url: str | None = None) -> None:
        self._untold = untold
        self._api_url = api_url

    async def run(self) -> None:
        """Tell until cancelled; while Prefect is away the journal keeps what there is to tell."""
        api = PrefectApi(self._api_url)
        pause_s, away = FIRST_PAUSE_S, ""
        try:
            while True:
                signal = await self._next()
                if signal is None:
                    await asyncio.sleep(LOOK_S)
                    continue
                silence = await _report(api, signal)
                if silence is None:
                    self._untold.told()
                    if away:
                        log.warning("decisions of the fast door are told to Prefect again")
                    pause_s, away = FIRST_PAUSE_S, ""
                    await asyncio.sleep(BETWEEN_S)
                    continue
                if not away:
                    log.warning("decisions of the fast door wait in the journal: %s", silence)
                away = silence
                await asyncio.sleep(pause_s)
                pause_s = min(2 * pause_s, LONGEST_PAUSE_S)
        finally:
            await api.aclose()

    async def _next(self) -> Signal | None:
        try:
            return await self._untold.next()
        except (JournalCorrupt, OSError) as error:
            log.error("decisions of the fast door cannot be told: %s", error)
            await asyncio.sleep(LONGEST_PAUSE_S)
            return None


async def _report(api: PrefectApi, signal: Signal) -> str | None:
    """None when the report is done with, else why it must be tried again."""
    try:
        key = await api.deployment_id(SIGNAL_INTAKE)
    except (PrefectSilent, PrefectRefused) as error:
        return str(error)  # a refusal too: it may not be registered yet
    body = {
        "parameters": {"signal": signal.to_json()},
        "tags": [FAST_DOOR_TAG],
        "idempotency_key": signal.id,
    }
    try:
        await api.ask("POST", f"/deployments/{key}/create_flow_run", body)
    except PrefectSilent as error:
        return str(error)
    except PrefectRefused as error:
        # Prefect answers and has the deployment: asked again it would say the same.
        log.error("Prefect refused the report of signal %s: %s", signal.id, error)
    return None
