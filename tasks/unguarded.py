"""How long nobody looked after the pairs, between one executor and the next."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime

from exchanges.clock import Clock
from warehouse import Record
from warehouse.records import RecordType


class Unguarded:
    """Notes when the executor before last wrote. A living one writes each second at least (the
    premium), so without an orderly end the figure is right to a second."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._last: datetime | None = None
        self._in_order = False

    def restoring(self, records: Iterable[Record]) -> Iterator[Record]:
        """Every record, noted on its way through."""
        for record in records:
            # Our own lease may stand in the journal already.
            if record.type != RecordType.LEASE_TAKEN:
                self._last = record.at
                self._in_order = record.type == RecordType.LEASE_RELEASED
            yield record

    def sentence(self) -> str:
        """For the log, at the moment at which this executor begins to guard."""
        if self._last is None:
            return "this is the first executor of this journal"
        seconds = (self._clock.now() - self._last).total_seconds()
        how = "gave the lease back in order" if self._in_order else "ended without a word"
        return f"nobody guarded for {seconds:.3f} s: the executor before {how}"
