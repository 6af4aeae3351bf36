"""The stop switches of the desk: Prefect's ``paused`` flags, as last heard.

The flag in Prefect is the one truth; this only keeps a fresh copy of it, and
says how fresh. Silence is no permission: the gate refuses entries when the
last word is older than ``switch_silence_s``.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterable, Mapping
from typing import Protocol

from exchanges.clock import Clock
from tasks.errors import SwitchesUnreadable

log = logging.getLogger(__name__)

ENTRY = "entry/live"
SIGNAL_INTAKE = "signal-intake/live"
EXIT_VALIDATION = "exit-validation/live"
EXECUTOR = "executor/live"


class Switches(Protocol):
    """Where the switches really are."""

    async def read(self) -> Mapping[str, bool]:
        """Deployment (``flow/name``) → paused. Raises SwitchesUnreadable."""
        ...

    async def pause(self, names: Iterable[str], reason: str) -> None:
        """Set the switches; raises SwitchesUnreadable when that did not work."""
        ...


class SwitchGuard:
    """Polls the switches and answers from memory."""

    def __init__(self, switches: Switches, clock: Clock, poll_s: float) -> None:
        self._switches = switches
        self._clock = clock
        self._poll_s = poll_s
        self._heard_at: float | None = None
        self._unreadable = False
        self.paused: Mapping[str, bool] = {}
        """As last heard; empty until the first word."""

    @property
    def age_s(self) -> float | None:
        """Seconds since Prefect last answered; None: never yet."""
        return None if self._heard_at is None else self._clock.monotonic() - self._heard_at

    def is_paused(self, name: str) -> bool:
        return self.paused.get(name, False)

    async def run(self) -> None:
        """Poll until cancelled."""
        while True:
            await self.look()
            await asyncio.sleep(self._poll_s)

    async def look(self) -> None:
        """Read the switches once."""
        asked_at = self._clock.monotonic()
        try:
            heard = await self._switches.read()
        except SwitchesUnreadable as error:
            if not self._unreadable:
                log.warning("no word from Prefect, entries will stop: %s", error)
            self._unreadable = True
            return
        if self._unreadable:
            log.warning("Prefect answers again")
            self._unreadable = False
        for name, paused in heard.items():
            if self.paused.get(name) is not None and self.paused[name] is not paused:
                log.warning("%s was %s", name, "paused" if paused else "resumed")
        # The age counts from the question: the answer may describe that moment.
        self._heard_at = asked_at
        self.paused = heard

    async def pause(self, names: Iterable[str], reason: str) -> None:
        """Stop entries at once here, then set the switches so that the UI shows it."""
        names = tuple(names)
        self.paused = {**self.paused, **dict.fromkeys(names, True)}
        log.warning("pausing %s: %s", ", ".join(names), reason)
        try:
            await self._switches.pause(names, reason)
        except SwitchesUnreadable as error:
            log.error("could not set the switches in Prefect: %s", error)
