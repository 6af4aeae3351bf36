"""The stop switches of the desk: Prefect's ``paused`` flags, as last heard.

The flag in Prefect is the one truth; this only keeps a fresh copy of it, and says how fresh. It is
heard of by event, where Prefect emits one, and by poll. Silence is no permission: the gate refuses
entries when the last word is older than ``switch_silence_s``.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Protocol

from exchanges.clock import Clock
from tasks.errors import SwitchesUnreadable
from tasks.stop_reason import GivenReason

log = logging.getLogger(__name__)

ENTRY = "entry/live"
SIGNAL_INTAKE = "signal-intake/live"
EXIT_VALIDATION = "exit-validation/live"
EXECUTOR = "executor/live"
HOT_POOL = "work-pool/hot"
BATCH_POOL = "work-pool/batch"

STOPS_ENTRIES = (ENTRY, SIGNAL_INTAKE, EXECUTOR, HOT_POOL, BATCH_POOL)
"""Any of these that is off keeps new pairs away, whichever door a signal comes through."""

UNSETTLED_S = 1.0
"""Prefect tells of a change just before it is to be read: no answer to a question of this time
after an event takes the pause back."""


@dataclass(frozen=True, slots=True)
class SwitchNews:
    """What was heard; nothing: whatever it is has to be read."""

    paused: Collection[str] = ()
    """Switches that are known to be paused now."""
    automated: Mapping[str, str] = field(default_factory=dict)
    """Switch that an automation of Prefect's has switched on → the automation's name."""


class Switches(Protocol):
    """Where the switches really are. Every method raises SwitchesUnreadable when Prefect cannot be
    asked, or says no."""

    async def read(self) -> Mapping[str, bool]:
        """Switch → paused, of all."""
        ...

    async def news(self) -> SwitchNews:
        """Wait until something may have changed."""
        ...

    async def pause(self, names: Iterable[str], reason: str) -> None:
        """Set the switches and leave the reason with each."""
        ...

    async def resume(self, names: Iterable[str]) -> None:
        """Take the pauses back."""
        ...

    async def note(self, name: str, text: str) -> None:
        """Leave ``text`` with a switch, for people."""
        ...

    async def given(self, name: str) -> GivenReason | None:
        """The reason that was left with the pause of ``name`` that stands now; None: none was."""
        ...


OnChange = Callable[[str, bool], None]
"""Hears of a switch that is now paused (True) or no longer is; must return at once."""


class SwitchGuard:
    """Polls the switches, hears of changes, and answers from memory."""

    def __init__(self, switches: Switches, clock: Clock, poll_s: float) -> None:
        self._switches = switches
        self._clock = clock
        self._poll_s = poll_s
        self._heard_at: float | None = None
        self._unreadable = False
        self._looking = asyncio.Lock()
        self._held: dict[str, float] = {}
        """Switch → answers to questions before this moment do not take its pause back."""
        self._freed: dict[str, float] = {}
        """Switch → answers to questions before this moment do not pause it again."""
        self.paused: Mapping[str, bool] = {}
        """As last heard; empty until the first word."""
        self.listeners: list[OnChange] = []
        self.on_automated: Callable[[str, str], None] = lambda name, automation: None
        """Hears of a switch that an automation has switched on, and that one's name, once the
        switch itself was looked at."""

    @property
    def age_s(self) -> float | None:
        """Seconds since Prefect last answered; None: never yet."""
        return None if self._heard_at is None else self._clock.monotonic() - self._heard_at

    def is_paused(self, name: str) -> bool:
        return self.paused.get(name, False)

    async def run(self) -> None:
        """Poll and listen until cancelled."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self._poll())
            group.create_task(self._listen())

    async def look(self) -> None:
        """Read the switches once."""
        async with self._looking:
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
            # The age counts from the question: the answer may describe that moment.
            self._heard_at = asked_at
            for name, paused in heard.items():
                self._take_in(name, self._as_it_stands(name, paused, asked_at))

    def hold(self, names: Iterable[str], *, for_s: float = float("inf")) -> None:
        """These are paused from now on, whatever Prefect says in the next ``for_s`` seconds."""
        until = self._clock.monotonic() + for_s
        for name in names:
            self._held[name] = max(until, self._held.get(name, until))
            self._freed.pop(name, None)
            self._take_in(name, True)

    def was_set(self, names: Iterable[str]) -> None:
        """Prefect has taken the pause of held switches: what it says from now on counts."""
        self._held.update(dict.fromkeys(names, self._clock.monotonic()))

    def free(self, names: Iterable[str]) -> None:
        """Prefect has taken these pauses back, as the desk asked it to."""
        for name in names:
            self._held.pop(name, None)
            self._freed[name] = self._clock.monotonic()
            self.paused = {**self.paused, name: False}

    def remember(self, name: str, *, paused: bool) -> None:
        """What an earlier executor last knew: a difference to Prefect's first word is a change."""
        self.paused = {**self.paused, name: paused}

    async def pause(self, names: Iterable[str], reason: str) -> None:
        names = tuple(names)
        self.hold(names)
        try:
            await self._switches.pause(names, reason)
        except SwitchesUnreadable as error:
            log.error("could not set the switches in Prefect: %s", error)
        else:
            self.was_set(names)

    def _as_it_stands(self, name: str, paused: bool, asked_at: float) -> bool:
        if not paused:
            return asked_at <= self._held.get(name, -1.0)
        return asked_at > self._freed.get(name, -1.0)

    def _take_in(self, name: str, paused: bool) -> None:
        was = self.paused.get(name)
        self.paused = {**self.paused, name: paused}
        if bool(was) is paused:
            return
        log.warning("%s was %s", name, "paused" if paused else "resumed")
        for listener in self.listeners:
            listener(name, paused)

    async def _poll(self) -> None:
        while True:
            await self.look()
            await asyncio.sleep(self._poll_s)

    async def _listen(self) -> None:
        while True:
            try:
                news = await self._switches.news()
            except SwitchesUnreadable as error:
                log.info("no events from Prefect, polling alone hears of a pause: %s", error)
                await asyncio.sleep(self._poll_s)
            else:
                self.hold(news.paused, for_s=UNSETTLED_S)
                await self.look()
                for name, automation in news.automated.items():
                    self.on_automated(name, automation)
