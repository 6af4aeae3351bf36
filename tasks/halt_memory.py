"""Halts and the gaps after them outlive the process: how each market stands is in the journal.

That a person has seen the gaps is there as well: it is the ``resume`` of the switch.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from exchanges.clock import Clock
from exchanges.instrument import Venue
from tasks.leg_execution import Write
from tasks.price_gap import Flag, Halt, PriceGap, Stop
from tasks.wire_text import decimal_text, read_utc, utc_text
from warehouse import JournalError
from warehouse.block_records import HaltRecord
from warehouse.records import RecordType

log = logging.getLogger(__name__)


class HaltMemory:
    """The gaps of all markets, and what the journal has of them."""

    def __init__(self, write: Write, clock: Clock) -> None:
        self._write = write
        self._clock = clock
        self._gaps: dict[tuple[Venue, str], PriceGap] = {}
        self._written: dict[tuple[Venue, str], Halt] = {}
        self._fails = False

    def gap(self, venue: Venue, symbol: str) -> PriceGap:
        """That of a market, always the same."""
        return self._gaps.setdefault((venue, symbol), PriceGap(self._clock))

    def keep(self) -> None:
        """Write what has changed. What the journal does not take now is written the next time."""
        for (venue, symbol), gap in self._gaps.items():
            halt = gap.halt
            if halt == self._written.get((venue, symbol), Halt()):
                continue
            try:
                self._write(RecordType.HALT, _record(venue, symbol, halt))
            except JournalError as error:
                if not self._fails:
                    log.error(
                        "the halt of %s at %s is not in the journal: %s", symbol, venue, error
                    )
                self._fails = True
                return
            self._written[venue, symbol] = halt
        self._fails = False

    def acknowledge(self) -> None:
        """A person has seen the gaps that are flagged."""
        for gap in self._gaps.values():
            gap.acknowledge()

    def remember(self, body: Mapping[str, Any]) -> None:
        """Take a :class:`~warehouse.block_records.HaltRecord` in; that of a market that the desk no
        longer trades at says nothing."""
        market = Venue(body["venue"]), body["symbol"]
        if market in self._gaps:
            self._written[market] = _halt(body)
            self._gaps[market].restore(self._written[market])


def _record(venue: Venue, symbol: str, halt: Halt) -> HaltRecord:
    stop, flag = halt.stop, halt.flag
    return HaltRecord(
        venue=venue,
        symbol=symbol,
        stopped_at=None if stop is None else utc_text(stop.at),
        price=None if stop is None else decimal_text(stop.price),
        gap_pct=None if flag is None else decimal_text(flag.gap_pct),
        flagged_at=None if flag is None else utc_text(flag.at),
    )


def _halt(body: Mapping[str, Any]) -> Halt:
    stopped_at, flagged_at = body["stopped_at"], body["flagged_at"]
    return Halt(
        None if stopped_at is None else Stop(read_utc(stopped_at), Decimal(body["price"])),
        None if flagged_at is None else Flag(read_utc(flagged_at), Decimal(body["gap_pct"])),
    )
