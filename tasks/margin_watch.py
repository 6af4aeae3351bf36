"""How far each position is from its liquidation, every ten seconds.

Coming near raises an alarm, once a level, and so does getting away again. At the critical level an
isolated position is given money from the venue's reserve, as far as the wallet has it; behind a
position that is not isolated the whole wallet stands already. Money that may or may not have been
moved counts as moved: the next reading of the position shows what it did.
"""

from __future__ import annotations

import asyncio
import logging
from decimal import Decimal

from exchanges.account import Balance, Position
from exchanges.errors import ExchangeError, OutcomeUnknown
from tasks.alert import Alert, AlertLevel, AlertType
from tasks.leg_execution import Write
from tasks.leg_venue import LegVenue
from tasks.margin_level import (
    RECOVERED_BY_PCT,
    MarginLevel,
    distance_pct,
    level_after,
    margin_wanted,
)
from tasks.margin_reserve import MarginReserve, TopUp
from tasks.pair import LegName
from tasks.trading import Trading
from tasks.unforeseen import Unforeseen
from tasks.wire_text import decimal_text
from warehouse.records import MarginRecord, RecordType

log = logging.getLogger(__name__)

EVERY_S = 10.0
AFTER_REFUSAL_S = 60.0
"""A venue that has refused money is not offered it again before."""


class MarginWatch:
    """Watches the positions of open pairs until cancelled."""

    def __init__(
        self, trading: Trading, reserve: MarginReserve, write: Write, unforeseen: Unforeseen
    ) -> None:
        self._trading = trading
        self._unforeseen = unforeseen
        self._reserve = reserve
        self._write = write
        self._levels: dict[str, MarginLevel] = {}
        """Of the last look; none in this life: the life before may have raised an alarm."""
        self._refused_at: dict[str, float] = {}
        self._used_up: set[str] = set()
        """Symbols for which it was said that nothing is left."""

    async def run(self) -> None:
        while True:
            await asyncio.sleep(EVERY_S)
            for symbol in self._trading.settings.symbols:
                with self._unforeseen.survived(f"the look at the margin of {symbol}"):
                    await self.look(symbol)

    async def look(self, symbol: str) -> None:
        """One reading, and what follows from it. Raises ExchangeError and what the journal
        raises."""
        if not self._trading.pairs.open_pairs(symbol):
            if self._levels.get(symbol) is not MarginLevel.FINE:
                self._levels[symbol] = MarginLevel.FINE
                told = f"{self._venue.venue}: no pair of {symbol} is open any more."
                self._trading.alert(self._about(symbol, AlertLevel.INFO, told, is_over=True))
            return
        venue = self._venue
        if not venue.breaker.allow():
            return
        position = await venue.call(venue.exchange.position(symbol))
        distance = distance_pct(position)
        level = self._note_level(symbol, position, distance)
        if level is MarginLevel.CRITICAL and distance is not None:
            await self._top_up(symbol, position, distance)

    @property
    def _venue(self) -> LegVenue:
        return self._trading.venues[LegName.PERPETUAL]

    def _note_level(self, symbol: str, position: Position, distance: Decimal | None) -> MarginLevel:
        settings = self._trading.settings
        known = self._levels.get(symbol)
        before = MarginLevel.FINE if known is None else known
        level = level_after(
            before, distance, settings.margin_warning_pct, settings.margin_critical_pct
        )
        self._levels[symbol] = level
        if level is not MarginLevel.CRITICAL:
            self._used_up.discard(symbol)
        if level is not before:
            how = "falls" if level < before else "rises"
            log.info("%s: the margin's alarm %s to %s", symbol, how, level.name)
        if level is not known:
            self._trading.alert(self._alarm(symbol, position, distance, before, level))
        return level

    def _alarm(
        self,
        symbol: str,
        position: Position,
        distance: Decimal | None,
        before: MarginLevel,
        level: MarginLevel,
    ) -> Alert:
        where = f"{self._venue.venue}: the position of {position.quantity:f} {symbol}"
        if distance is None:
            told = f"{where} is near no liquidation any more"
        else:
            told = (
                f"{where} is {distance:.1f} % from its liquidation at {position.liquidation_price}"
            )
        if level < before or level is MarginLevel.FINE:
            severity = AlertLevel.INFO if level is MarginLevel.FINE else AlertLevel.WARNING
            told = f"{told}: it has got away from it."
            return self._about(symbol, severity, told, is_over=level is MarginLevel.FINE)
        if level is MarginLevel.WARNING:
            advice = "Add margin, or close pairs."
        elif position.isolated_margin is None:
            advice = "The whole wallet stands behind it: pay in, or close pairs now."
        else:
            advice = "Margin is added from the reserve; pay in more, or close pairs now."
        severity = AlertLevel.WARNING if level is MarginLevel.WARNING else AlertLevel.CRITICAL
        return self._about(symbol, severity, f"{told}. {advice}")

    def _about(
        self, symbol: str, level: AlertLevel, message: str, *, is_over: bool = False
    ) -> Alert:
        subject = f"{self._venue.venue} {symbol}"
        return Alert(AlertType.MARGIN_LOW, level, message, None, subject, is_over)

    async def _top_up(self, symbol: str, position: Position, distance: Decimal) -> None:
        """Give an isolated position what brings it back above the warning level, if it is there."""
        now = self._trading.clock.monotonic()
        refused_at = self._refused_at.get(symbol)
        if position.isolated_margin is None:
            return
        if refused_at is not None and now - refused_at < AFTER_REFUSAL_S:
            return
        target = self._trading.settings.margin_warning_pct + RECOVERED_BY_PCT
        wanted = margin_wanted(position, distance, target)
        left = self._reserve.left(await self._wallet(symbol), self._trading.pairs.open_pairs())
        amount = min(wanted, left)
        if amount <= 0:
            if symbol not in self._used_up:
                self._used_up.add(symbol)
                told = f"nothing of the reserve is left for {symbol}"
                self._say(symbol, AlertLevel.CRITICAL, told)
            return
        await self._add(symbol, amount, distance, now)

    async def _add(self, symbol: str, amount: Decimal, distance: Decimal, now: float) -> None:
        venue, began = self._venue, self._trading.clock.now()
        margin_id = f"m-{symbol}-{int(began.timestamp() * 1000)}"
        self._record(margin_id, symbol, amount, "intended", distance, "the venue is asked")
        try:
            await venue.call(venue.exchange.add_margin(symbol, amount))
        except OutcomeUnknown as error:
            status, told = "unknown", str(error)
        except ExchangeError as error:
            status, told = "refused", str(error)
            self._refused_at[symbol] = now
        else:
            status, told = "added", f"{amount:f} {self._currency(symbol)} moved to the position"
        self._record(margin_id, symbol, amount, status, distance, told)
        level = AlertLevel.WARNING if status == "added" else AlertLevel.CRITICAL
        said = f"{amount:f} {self._currency(symbol)} for {symbol} {status}: {told}"
        self._say(symbol, level, said)

    def _record(
        self,
        margin_id: str,
        symbol: str,
        amount: Decimal,
        status: str,
        distance: Decimal,
        told: str,
    ) -> None:
        """Journal it, and count it."""
        self._write(
            RecordType.MARGIN,
            MarginRecord(
                margin_id=margin_id,
                venue=self._venue.venue,
                symbol=symbol,
                amount=decimal_text(amount),
                currency=self._currency(symbol),
                status=status,
                distance_pct=decimal_text(distance.quantize(Decimal("0.001"))),
                detail=told,
            ),
        )
        self._reserve.note(TopUp(margin_id, symbol, amount, status, self._trading.clock.now()))

    def _currency(self, symbol: str) -> str:
        return self._venue.exchange.instrument(symbol).quote

    async def _wallet(self, symbol: str) -> Balance | None:
        venue, currency = self._venue, self._currency(symbol)
        balances = await venue.call(venue.exchange.balances())
        return next((one for one in balances if one.currency == currency), None)

    def _say(self, symbol: str, level: AlertLevel, sentence: str) -> None:
        message = f"{self._venue.venue}: margin: {sentence}."
        self._trading.alert(self._about(symbol, level, message))
