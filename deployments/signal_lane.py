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
"""A claim that the server sits on does not hold up those behind it for longer."""


class Place:
    """One signal's place in the lane. ``leave`` must be called, and may be called again."""

    def __init__(self, lane: SignalLane) -> None:
        self._lane = lane
        self.is_first = asyncio.Event()
        self.made_at: datetime | None = None
        """When its run was created, once that is known."""

    def made(self, at: datetime | None) -> None:
        """Its run was created then."""
        self.made_at = at
        self._lane.learned(self)

    @contextmanager
    def patience(self) -> Iterator[None]:
        """While its run is being claimed. When that takes too long, those behind go ahead."""
        too_long = asyncio.get_running_loop().call_later(PATIENCE_S, self.leave)
        try:
            yield
        finally:
            too_long.cancel()

    async def turn(self) -> None:
        """Returns when all that come before have left; at once when it has left itself."""
        if self in self._lane:
            await self.is_first.wait()

    def leave(self) -> None:
        self._lane.left(self)


class SignalLane:
    """Places in the order in which they were taken, put right by what is known of creation."""

    def __init__(self) -> None:
        self._places: OrderedDict[Place, None] = OrderedDict()
        self._known: dict[Place, datetime] = {}
        self._first: Place | None = None

    def __len__(self) -> int:
        return len(self._places)

    def __contains__(self, place: Place) -> bool:
        return place in self._places

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

    def _call_first(self) -> None:
        first = next(iter(self._places), None)
        if first in self._known:
            # Of two made at once the one that was heard of first.
            first = min((at, n, place) for n, (place, at) in enumerate(self._known.items()))[2]
        if first is not self._first:
            if self._first is not None:
                self._first.is_first.clear()
            if first is not None:
                first.is_first.set()
            self._first = first
