"""Decisions of the fast door, told to Prefect afterwards so that they are seen there too.

Each becomes a run of ``signal-intake/live`` with the same signal, the tag ``fast-door`` and the
signal's id as idempotency key. The run submits the signal again and gets the outcome that exists
already, so this call is harmless and the only one of the desk that is repeated until it works.
"""

from __future__ import annotations

import asyncio
import logging
from collections import deque

from flows.prefect_api import PrefectApi, PrefectRefused, PrefectSilent
from tasks.signal import Signal
from tasks.switch_guard import SIGNAL_INTAKE

log = logging.getLogger(__name__)

FAST_DOOR_TAG = "fast-door"
CAPACITY = 1_000
FIRST_PAUSE_S = 0.5
LONGEST_PAUSE_S = 30.0


class DecisionReports:
    """A bounded queue between the desk's loop and Prefect's. When it is full the oldest report
    goes: the journal, not Prefect, is the record."""

    def __init__(self, api_url: str | None = None, *, capacity: int = CAPACITY) -> None:
        self._api_url = api_url
        self._waiting: deque[Signal] = deque()
        self._capacity = capacity
        self._loop: asyncio.AbstractEventLoop | None = None
        self._news = asyncio.Event()
        self.lost = 0
        """Reports given up because the queue was full."""

    @property
    def waiting(self) -> int:
        return len(self._waiting)

    def add(self, signal: Signal) -> None:
        """Queue a report. Returns at once; may be called from any thread."""
        if len(self._waiting) >= self._capacity:
            self._waiting.popleft()
            self.lost += 1
        self._waiting.append(signal)
        if self._loop is not None and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._news.set)

    async def run(self) -> None:
        """Report until cancelled; what is queued meanwhile waits while Prefect is away."""
        self._loop = asyncio.get_running_loop()
        api = PrefectApi(self._api_url)
        pause_s = FIRST_PAUSE_S
        try:
            while True:
                self._news.clear()
                while self._waiting:
                    if await self._report_first(api):
                        pause_s = FIRST_PAUSE_S
                        continue
                    await asyncio.sleep(pause_s)
                    pause_s = min(2 * pause_s, LONGEST_PAUSE_S)
                await self._news.wait()
        finally:
            await api.aclose()

    async def _report_first(self, api: PrefectApi) -> bool:
        """True when the oldest report is done with."""
        signal = self._waiting[0]
        body = {
            "parameters": {"signal": signal.to_json()},
            "tags": [FAST_DOOR_TAG],
            "idempotency_key": signal.id,
        }
        try:
            key = await api.deployment_id(SIGNAL_INTAKE)
            await api.ask("POST", f"/deployments/{key}/create_flow_run", body)
        except PrefectSilent as error:
            log.debug("Prefect is away, %d reports wait: %s", len(self._waiting), error)
            return False
        except PrefectRefused as error:
            log.warning("Prefect refused the report of signal %s: %s", signal.id, error)
        # A full queue may have dropped it while it was being sent.
        if self._waiting and self._waiting[0] is signal:
            self._waiting.popleft()
        return True
