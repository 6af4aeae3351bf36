"""How far a venue's clock is from ours, from timed questions."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from datetime import datetime, timedelta

_SAMPLES = 8


@dataclass(frozen=True, slots=True)
class _Sample:
    offset: timedelta
    round_trip: timedelta


class ClockOffset:
    """The best of the last few samples: the one with the shortest round trip.

    The venue read its clock somewhere between our sending and our receiving, so half a round
    trip bounds the error of a sample.
    """

    def __init__(self) -> None:
        self._samples: deque[_Sample] = deque(maxlen=_SAMPLES)

    def observe(self, sent: datetime, venue_time: datetime, received: datetime) -> None:
        """Take in one question asked at ``sent`` and answered at ``received``, on our clock."""
        round_trip = received - sent
        if round_trip < timedelta(0):
            return  # our own clock was set back in between: the sample says nothing
        self._samples.append(_Sample(venue_time - sent - round_trip / 2, round_trip))

    @property
    def value(self) -> timedelta:
        """Venue minus ours; zero before the first sample."""
        if not self._samples:
            return timedelta(0)
        return min(self._samples, key=lambda sample: sample.round_trip).offset
