"""Keeps signals in the order of their runs' creation while several are claimed at once.

They are heard of in about that order: of two runs made within a few milliseconds the later one's
event may come first. So one that is heard of later goes ahead once its creation is known to be
earlier.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime

PATIENCE_S = 2.0
"""A claim that the server sits on does not hold up for longer one that waits behind it."""


class Place:
    """One signal's place in the lane. ``leave`` must be called, and may be called again."""

    def __init__(self, lane: SignalLane) -> None:
        self._lane = lane
        self.is_first = asyncio.Event()
        self.made_at: datetime | None = None
        """When its run was created, once that is known."""
        self.is_overdue = False
        """Passed over until its claim has an answer."""

    def made(self, at: datetime | None) -> None:
        """Its run was created then."""
        self.made_at = at
        self._lane.learned(self)

    @contextmanager
    def claiming(self) -> Iterator[None]:
        """While its run is being claimed."""
        self._lane.claiming(self)
        try:
            yield
        finally:
            self._lane.claimed(self)

    async def turn(self) -> None:
        """Returns when all that come before have left, or are passed over. For what is claimed."""
        # Called and going on are two moments: one that was made earlier may come between.
        while not self.is_first.is_set():
            with self._lane.waiting():
                await self.is_first.wait()

    def leave(self) -> None:
        self._lane.left(self)


class SignalLane:
    """Places in the order in which they were taken, put right by what is known of creation."""

    def __init__(self) -> None:
        self._places: OrderedDict[Place, None] = OrderedDict()
        self._known: dict[Place, datetime] = {}
        self._first: Place | None = None
        self._claiming: dict[Place, asyncio.TimerHandle | None] = {}
        """With what passes them over, while another waits for its turn."""
        self._waiting = 0

    def __len__(self) -> int:
        return len(self._places)

    def enter(self) -> Place:
        place = Place(self)
        self._places[place] = None
        self._call_first()
        return place

    def learned(self, place: Place) -> None:
        if place in self._places and place.made_at is not None:
            self._known[place] = place.made_at
            self._call_first()

    def left(self, place: Place) -> None:
        self._places.pop(place, None)
        self._known.pop(place, None)
        self._call_first()

    def claiming(self, place: Place) -> None:
        self._claiming[place] = None
        self._set_timers()

    def claimed(self, place: Place) -> None:
        timer = self._claiming.pop(place)
        if timer is not None:
            timer.cancel()
        place.is_overdue = False
        self._call_first()

    @contextmanager
    def waiting(self) -> Iterator[None]:
        """While a claimed one waits for its turn."""
        self._waiting += 1
        self._set_timers()
        try:
            yield
        finally:
            self._waiting -= 1
            self._set_timers()

    def _set_timers(self) -> None:
        """Patience begins when somebody waits: a server that stalls lets nobody overtake."""
        for place, timer in self._claiming.items():
            if timer is None and self._waiting:
                later = asyncio.get_running_loop().call_later
                self._claiming[place] = later(PATIENCE_S, self._pass_over, place)
            elif timer is not None and not self._waiting:
                timer.cancel()
                self._claiming[place] = None

    def _pass_over(self, place: Place) -> None:
        place.is_overdue = True
        self._call_first()

    def _call_first(self) -> None:
        first = next((place for place in self._places if not place.is_overdue), None)
        if first in self._known:
            # Of two made at once the one that was heard of first.
            known = ((at, n, it) for n, (it, at) in enumerate(self._known.items()))
            first = min(item for item in known if not item[2].is_overdue)[2]
        if first is not self._first:
            if self._first is not None:
                self._first.is_first.clear()
            if first is not None:
                first.is_first.set()
            self._first = first
