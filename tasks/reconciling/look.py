"""One look at both venues, held against the books."""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal

from exchanges.instrument import Venue
from tasks.reconciling.account_books import Asset, TradeKey
from warehouse.records import Difference


@dataclass(slots=True)
class Look:
    """What one look found. A difference is believed when the next look shows the same."""

    explained: list[Difference] = field(default_factory=list)
    open: list[Difference] = field(default_factory=list)
    """Without an explanation so far."""
    left_over: dict[Asset, Decimal] = field(default_factory=dict)
    """Cash that the venue shows beyond what is expected, signed, where everything else agrees."""
    unlisted: set[Venue] = field(default_factory=set)
    """Venues that do not let the key see what was moved."""
    openings: dict[Asset, Decimal] = field(default_factory=dict)
    """What the books would begin with if they began now."""
    before: list[TradeKey] = field(default_factory=list)
    no_room: dict[Venue, float] = field(default_factory=dict)
    """Venues whose rate limits had no room for a question, and in how many seconds they have."""
    is_settled: bool = True
    """No order of ours is undecided."""

    def add(self, difference: Difference) -> None:
        (self.open if difference["explained"] is None else self.explained).append(difference)

    def found_no_room(self, venue: Venue, room_in_s: float) -> None:
        self.no_room[venue] = max(self.no_room.get(venue, 0.0), room_in_s)

    @property
    def room_in_s(self) -> float:
        """When the rate limits have room for all that could not be asked; 0: all was."""
        return max(self.no_room.values(), default=0.0)

    @property
    def has_doubts(self) -> bool:
        return bool(self.open or self.left_over)

    def shows_the_same(self, other: Look) -> bool:
        """The same differences, to the last digit?"""
        return (self.open, self.left_over) == (other.open, other.left_over)
