"""Measures every stretch in which a pair's legs may differ, from the records themselves.

It hears each record right after it was written and, at start-up, all that the journal holds; so a
restarted desk goes on measuring where the last one ended, over the time in which there was none.

A trade counts from the venue's time for it, held between what our own clock knows: not before its
order was written down, not after it was heard of. (Upbit dates trades to the second in REST, and
venues' clocks are not ours.)
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from itertools import islice
from typing import Any

from exchanges.clock import Clock
from exchanges.side import Side
from tasks.exposure import ZERO, Exposure, Traded, unhedged_krw_s
from tasks.pair_transitions import PairEvent, PairState
from tasks.wire_text import read_utc
from warehouse import JournalError, Record
from warehouse.records import ENDED_STATES, RecordType

log = logging.getLogger(__name__)

Write = Callable[[RecordType, Mapping[str, Any]], int]

SETTLED = (PairState.HEDGED, PairState.CLOSED, PairState.UNWOUND, PairState.FAILED)
"""The legs are equal as far as anybody knows: no stretch is open."""
DETECTIONS = (
    PairEvent.LEG_MISSING,
    PairEvent.OUTCOME_UNKNOWN,
    PairEvent.FORCED_CLOSE,
    PairEvent.MANUAL_TRADE,
    PairEvent.LATE_FILL,
)
"""With these the desk knows that the legs differ, or that it cannot say so."""


@dataclass(slots=True)
class _Stretch:
    exposure_id: str
    symbol: str
    began_with: str
    began_at: datetime
    trades_before: int
    detected_at: datetime | None = None
    attempts: int = 0


KEPT_FOR = timedelta(days=2)
"""How long the trades of a pair that has ended are remembered: one may come late, for a day after
its order (:mod:`tasks.order_watch`)."""


@dataclass(slots=True)
class _Life:
    """What is remembered of a pair. Once it has ended its trades add up to nothing."""

    krw_per_coin: Decimal = ZERO
    trades: dict[str, Traded] = field(default_factory=dict)
    intended_at: dict[str, datetime] = field(default_factory=dict)
    stretches: int = 0
    stretch: _Stretch | None = None
    unheard_since: datetime | None = None
    """The first trade since the last stretch was over."""

    def exposure_krw_s(self, stretch: _Stretch, ended: datetime) -> Decimal:
        return unhedged_krw_s(self.trades.values(), self.krw_per_coin, stretch.began_at, ended)


class ExposureMeter:
    """One per desk. ``on_over`` hears of every stretch that is over."""

    def __init__(self, write: Write, clock: Clock, on_over: Callable[[Exposure], None]) -> None:
        self._write = write
        self._clock = clock
        self._on_over = on_over
        self._lives: dict[str, _Life] = {}
        self._ended: dict[str, datetime] = {}
        """When the pairs ended whose lives are remembered, oldest first."""
        self._stretches: dict[str, int] = {}
        """How many stretches the forgotten lives had: their numbers are not given again."""
        self._unwritten: dict[str, Exposure] = {}
        self._readers: Mapping[str, Callable[[Mapping[str, Any], datetime], None]] = {
            RecordType.PAIR_EVENT: self._pair_event,
            RecordType.ORDER_INTENDED: self._order_intended,
            RecordType.FILL: self._fill,
            RecordType.ADOPTION: self._adoption,
            RecordType.EXPOSURE: self._exposure,
        }

    def restoring(self, records: Iterable[Record]) -> Iterator[Record]:
        """Every record, noted on its way through. What they leave unmeasured is written then."""
        yield from self.noting(records)
        for _ in self._write_measured():
            pass

    def noting(self, records: Iterable[Record]) -> Iterator[Record]:
        """Every record, noted on its way through; more will follow."""
        for record in records:
            if record.type in self._readers:
                self._note(record.type, record.body, record.at)
            yield record

    def written(self, record_type: RecordType, body: Mapping[str, Any]) -> None:
        """Note a record that the journal has just taken."""
        if record_type is RecordType.EXPOSURE:
            return
        self._note(record_type, body, self._clock.now())
        for exposure in self._write_measured():
            if exposure.is_over:
                self._on_over(exposure)

    def open_krw_s(self) -> Decimal:
        """KRW·s of all stretches that are not over, until now."""
        now = self._clock.now()
        return sum(
            (
                life.exposure_krw_s(life.stretch, now)
                for life in self._lives.values()
                if life.stretch is not None
            ),
            ZERO,
        )

    # ---- records

    def _note(self, record_type: str, body: Mapping[str, Any], time: datetime) -> None:
        reader = self._readers.get(record_type)
        if reader is None:
            return
        try:
            reader(body, time)
        except Exception:
            # A figure that cannot be had must not keep a pair from being repaired.
            log.exception("the exposure of %s is not measured", body.get("pair_id"))

    def _pair_event(self, body: Mapping[str, Any], time: datetime) -> None:
        life = self._life(body)
        event, state = body["event"], PairState(body["to_state"])
        self._note_end(body["pair_id"], state, time)
        detected = event in DETECTIONS
        reference = body["pair"]["exit_reference"] or body["pair"]["entry_reference"]
        if reference is not None:
            life.krw_per_coin = Decimal(reference["spot_price"])
        if life.stretch is None and state not in SETTLED:
            life.stretches += 1
            life.stretch = _Stretch(
                f"{body['pair_id']}-{life.stretches}",
                body["pair"]["symbol"],
                event,
                min(time, life.unheard_since or time) if detected else time,
                len(life.trades),
            )
        if life.stretch is None:
            return
        if detected and life.stretch.detected_at is None:
            life.stretch.detected_at = time
        if state in SETTLED or state is PairState.NAKED:
            self._measure(body["pair_id"], life, life.stretch, state, time)

    def _order_intended(self, body: Mapping[str, Any], time: datetime) -> None:
        life = self._life(body)
        life.intended_at[body["client_order_id"]] = time
        if life.stretch is not None and life.stretch.detected_at is not None:
            life.stretch.attempts += 1

    def _fill(self, body: Mapping[str, Any], time: datetime) -> None:
        if body["pair_id"] is None:
            return
        life = self._life(body)
        intended_at = life.intended_at.get(body["client_order_id"])
        self._traded(life, f"{body['venue']} {body['trade_id']}", body, time, intended_at)

    def _adoption(self, body: Mapping[str, Any], time: datetime) -> None:
        if body["pair_id"] is not None and Decimal(body["quantity"]):
            self._traded(self._life(body), body["adoption_id"], body, time, None)

    def _life(self, body: Mapping[str, Any]) -> _Life:
        pair_id = body["pair_id"]
        if pair_id not in self._lives:
            self._lives[pair_id] = _Life(stretches=self._stretches.pop(pair_id, 0))
        return self._lives[pair_id]

    def _note_end(self, pair_id: str, state: PairState, time: datetime) -> None:
        self._ended.pop(pair_id, None)
        if state not in ENDED_STATES:
            return
        self._ended[pair_id] = time
        for ended_id, ended_at in tuple(islice(self._ended.items(), 2)):
            if time - ended_at > KEPT_FOR:
                del self._ended[ended_id]
                self._stretches[ended_id] = self._lives.pop(ended_id).stretches

    def _traded(
        self,
        life: _Life,
        key: str,
        body: Mapping[str, Any],
        heard_at: datetime,
        intended_at: datetime | None,
    ) -> None:
        if key in life.trades:
            return
        at = min(read_utc(body["time"]), heard_at)
        if intended_at is not None:
            at = max(at, intended_at)
        coin = Decimal(body["quantity"])
        life.trades[key] = Traded(at, coin if body["side"] == Side.BUY else -coin)
        if life.stretch is None:
            life.unheard_since = min(at, life.unheard_since or at)

    def _exposure(self, body: Mapping[str, Any], time: datetime) -> None:
        self._unwritten.pop(body["exposure_id"], None)

    # ---- stretches

    def _measure(
        self, pair_id: str, life: _Life, stretch: _Stretch, state: PairState, time: datetime
    ) -> None:
        exposure = Exposure(
            stretch.exposure_id,
            pair_id,
            stretch.symbol,
            stretch.began_with,
            stretch.began_at,
            stretch.detected_at,
            time,
            state,
            life.exposure_krw_s(stretch, time),
            life.krw_per_coin,
            stretch.attempts,
        )
        if exposure.is_over:
            life.stretch = life.unheard_since = None
        if len(life.trades) > stretch.trades_before or stretch.detected_at is not None:
            self._unwritten[exposure.exposure_id] = exposure

    def _write_measured(self) -> Iterator[Exposure]:
        """Write what was measured; what the journal does not take now is written with the next
        record that it takes."""
        while self._unwritten:
            exposure_id, exposure = next(iter(self._unwritten.items()))
            try:
                self._write(RecordType.EXPOSURE, exposure.snapshot())
            except JournalError as error:
                log.error("exposure %s is not in the journal: %s", exposure_id, error)
                return
            del self._unwritten[exposure_id]
            yield exposure
