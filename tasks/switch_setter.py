"""Tells Prefect what the desk has decided about its switches, again and again until it is told."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Iterable

from tasks.errors import SwitchesUnreadable
from tasks.switch_guard import Switches, SwitchGuard

log = logging.getLogger(__name__)


class SwitchSetter:
    """Of each switch one pause and one note wait at most: the latest."""

    def __init__(self, switches: Switches, guard: SwitchGuard, retry_s: float) -> None:
        self._switches = switches
        self._guard = guard
        self._retry_s = retry_s
        self._pauses: dict[str, str] = {}
        self._notes: dict[str, str] = {}
        self._news = asyncio.Event()
        self._delivering = asyncio.Lock()
        self._failing = False
        self.on_set: list[Callable[[str], None]] = []
        """Hear of a switch that Prefect has paused."""

    @property
    def waiting(self) -> tuple[str, ...]:
        """Switches whose pause Prefect does not know of yet."""
        return tuple(self._pauses)

    def pause(self, name: str, reason: str) -> None:
        self._pauses[name] = reason
        self._notes.pop(name, None)  # what was to be said of the time before
        self._news.set()

    async def withdraw(self, names: Iterable[str]) -> None:
        """These pauses are no longer meant; returns when none of them is on its way any more."""
        for name in names:
            self._pauses.pop(name, None)
        async with self._delivering:
            pass

    def note(self, name: str, text: str) -> None:
        self._notes[name] = text
        self._news.set()

    async def run(self) -> None:
        """Deliver until cancelled."""
        while True:
            await self._news.wait()
            self._news.clear()
            if not await self.deliver():
                await asyncio.sleep(self._retry_s)
                self._news.set()

    async def deliver(self) -> bool:
        """Try everything that waits once; True when nothing waits any more."""
        async with self._delivering:
            await asyncio.gather(*(self._pause(*pause) for pause in self._pauses.items()))
            # A pause leaves a word of its own, and what is noted beside it is newer.
            await asyncio.gather(*(self._note(*note) for note in self._notes.items()))
        return not self._pauses and not self._notes

    async def _pause(self, name: str, reason: str) -> None:
        try:
            await self._switches.pause((name,), reason)
        except SwitchesUnreadable as error:
            self._failed(f"{name} is paused here and cannot be set in Prefect yet: {error}")
            return
        self._failing = False
        if self._pauses.get(name) == reason:
            del self._pauses[name]
        self._guard.was_set((name,))
        for listener in self.on_set:
            listener(name)

    async def _note(self, name: str, text: str) -> None:
        try:
            await self._switches.note(name, text)
        except SwitchesUnreadable as error:
            self._failed(f"Prefect could not be told of {name}: {error}")
            return
        self._failing = False
        if self._notes.get(name) == text:
            del self._notes[name]

    def _failed(self, sentence: str) -> None:
        """Once for each time that Prefect is away."""
        if not self._failing:
            log.error("%s; it is tried again", sentence)
        self._failing = True
