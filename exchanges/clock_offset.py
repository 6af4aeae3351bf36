"""How far a venue's clock is from ours, from timed questions."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from datetime import datetime, timedelta

_SAMPLES = 8
_DRIFT = timedelta(milliseconds=100)
"""How far two clocks may part, and a time be rounded, between the first sample and the last."""

_BELIEVED = timedelta(days=1)
"""No venue's clock is farther off: nothing that was signed with such a one would be taken."""


@dataclass(frozen=True, slots=True)
class _Sample:
    offset: timedelta
    round_trip: timedelta

    def contradicts(self, other: _Sample) -> bool:
        """Could one clock not have shown both?"""
        return abs(self.offset - other.offset) > (self.round_trip + other.round_trip) / 2 + _DRIFT


class ClockOffset:
    """The best of the last few samples: the one with the shortest round trip.

    The venue read its clock somewhere between our sending and our receiving, so half a round
    trip bounds the error of a sample. Samples that the latest one contradicts were taken before
    one of both clocks was set, and are forgotten.
    """

    def __init__(self) -> None:
        self._samples: deque[_Sample] = deque(maxlen=_SAMPLES)
        self.is_believed = True
        """False: the latest answer was days away, so one of both clocks is wrong."""

    def observe(self, sent: datetime, venue_time: datetime, received: datetime) -> None:
        """Take in one question asked at ``sent`` and answered at ``received``, on our clock. A
        time that is days away is passed over."""
        self.is_believed = abs(venue_time - sent) < _BELIEVED
        if not self.is_believed:
            return
        round_trip = received - sent
        if round_trip < timedelta(0):
            return  # our own clock was set back in between: the sample says nothing
        latest = _Sample(venue_time - sent - round_trip / 2, round_trip)
        if any(sample.contradicts(latest) for sample in self._samples):
            self._samples.clear()
        self._samples.append(latest)

    @property
    def value(self) -> timedelta:
        """Venue minus ours; zero before the first sample."""
        if not self._samples:
            return timedelta(0)
        return min(self._samples, key=lambda sample: sample.round_trip).offset
