"""Keeps signals in the order of their runs' creation while several are claimed at once."""

from __future__ import annotations

import asyncio
from collections import OrderedDict

PATIENCE_S = 2.0
"""A claim that the server sits on does not hold up those behind it for longer."""


class Place:
    """One signal's place in the lane. ``leave`` must be called, and may be called again."""

    def __init__(self, lane: SignalLane) -> None:
        self._lane = lane
        self._first = asyncio.Event()

    async def turn(self) -> None:
        """Returns when all that entered before have left, or have taken too long."""
        try:
            async with asyncio.timeout(PATIENCE_S):
                await self._first.wait()
        except TimeoutError:
            return

    def leave(self) -> None:
        self._lane.left(self)

    def come_first(self) -> None:
        self._first.set()


class SignalLane:
    """Places in the order in which they were taken."""

    def __init__(self) -> None:
        self._places: OrderedDict[Place, None] = OrderedDict()

    def __len__(self) -> int:
        return len(self._places)

    def enter(self) -> Place:
        place = Place(self)
        self._places[place] = None
        self._call_first()
        return place

    def left(self, place: Place) -> None:
        self._places.pop(place, None)
        self._call_first()

    def _call_first(self) -> None:
        if self._places:
            next(iter(self._places)).come_first()
