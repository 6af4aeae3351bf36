"""Journal against venues: trades, orders, positions, balances. What is explained is booked.

A run looks up to three times, a moment apart, and believes only what two looks in a row show: a
venue tells of one trade in three places and not at the same time. A look for which the rate limits
had no room is none, if they have some within the minute: another is taken then, and held against
the last one that was whole. Coin and cash beyond what trades, fees and funding account for are
explained by the venue's own lists of what was moved, and by nothing else. Of a venue whose lists
the key may not see, cash alone is booked as paid in or out on the word of the balance, when all its
coin agrees. When everything does, a watermark is written: trades are read from there on the next
time, and cash that rounding has moved a little counts from where it stands.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from datetime import datetime, timedelta
from decimal import Decimal
from functools import partial
from uuid import uuid4

from exchanges.errors import ExchangeError, RateLimited
from exchanges.instrument import InstrumentKind, Venue
from exchanges.side import Side
from tasks.adoption import Adoption, AdoptionKind, adoption_id
from tasks.alert import Alert, AlertLevel, AlertType
from tasks.feeds import Feeds
from tasks.late_fills import LateFills
from tasks.leg_execution import Write
from tasks.pair import LegName
from tasks.reconciling import differences
from tasks.reconciling.account_books import AccountBooks, Asset
from tasks.reconciling.asking import Asking
from tasks.reconciling.comparison import Comparison
from tasks.reconciling.holdings import read_holdings
from tasks.reconciling.look import Look
from tasks.reconciling.resting_orders import RestingOrders
from tasks.reconciling.transfer_evidence import TransferEvidence
from tasks.reconciling.unknown_trades import OVERLAP, UnknownTrades
from tasks.stop_reason import time_text
from tasks.trading import Trading
from tasks.wire_text import decimal_text, short_decimal_text, utc_text
from warehouse.records import Difference, ReconciliationRecord, RecordType

log = logging.getLogger(__name__)

LOOKS = 3
BETWEEN_LOOKS_S = 1.0
LONGEST_WAIT_S = 61.0
"""For room in the rate limits, which count by the minute, in one run."""

LEFT_TO_THE_NEXT_RUN = "moves while it is looked at: left to the next run"
"""The explanation of cash that no two looks in a row have shown the same: it is not booked yet."""

Lock = Callable[[str], AbstractAsyncContextManager[object]]
AllLocks = Callable[[], AbstractAsyncContextManager[object]]


class Reconciliation:
    """Reads both venues afresh on each :meth:`run`; one run at a time."""

    def __init__(
        self,
        trading: Trading,
        books: AccountBooks,
        unknown: UnknownTrades,
        late_fills: LateFills,
        feeds: Feeds,
        write: Write,
        lock: Lock,
        all_locks: AllLocks,
    ) -> None:
        """``lock``: of a symbol, held by whoever trades it. ``all_locks``: of all."""
        self._trading = trading
        self._books = books
        self._unknown = unknown
        self._late_fills = late_fills
        self._feeds = feeds
        self._write = write
        self._lock = lock
        self._all_locks = all_locks
        self._asking = Asking(trading.clock)
        self._resting = RestingOrders(trading, late_fills, self._asking)
        self._transfers = TransferEvidence(trading, books, self._asking)
        self._comparison = Comparison(trading, books)
        self._running = asyncio.Lock()
        self.waits_for: str | None = None
        """What a run is waiting for, in words; a run that is cancelled leaves it as it was."""

    async def run(self, accept: str | None = None) -> ReconciliationRecord:
        """One comparison. A venue that cannot be read is itself a difference.

        ``accept``: a person's word why coin and cash that nothing explains, and trades under ids of
        ours that were never given out, are right as the venues show them. They are booked so.
        """
        async with self._running:
            self.waits_for = None
            explained: list[Difference] = []
            began, look, is_believed = await self._looks(explained, accept)
            if accept is not None and is_believed and (accepted := self._accept(look, accept)):
                # A position without a trade leaves its price in the cash, which is compared when
                # the position agrees.
                explained += accepted
                began, look, is_believed = await self._looks(explained, accept)
                explained += self._accept(look, accept) if is_believed else []
            if not look.open and look.is_settled:
                mark = self._books.watermark(began, look.openings, look.before)
                self._write(RecordType.WATERMARK, mark)
                self._trading.pairs.is_stale = False
        return ReconciliationRecord(
            reconciliation_id=str(uuid4()),
            agreed=not look.open,
            differences=explained + look.open,
        )

    async def _looks(
        self, explained: list[Difference], accept: str | None
    ) -> tuple[datetime, Look, bool]:
        """Look until two looks in a row show the same: when the last one began, what it showed and
        whether it is believed. What is explained goes to ``explained``."""
        before: Look | None = None
        looks, waited_s = 0, 0.0
        while True:
            began = self._trading.clock.now()
            look = await self._look(adopt_strays=accept is not None)
            explained += [item for item in look.explained if item not in explained]
            is_whole = not look.no_room
            is_believed = is_whole and before is not None and look.shows_the_same(before)
            has_time = waited_s + look.room_in_s <= LONGEST_WAIT_S
            looks += is_whole or not has_time
            if is_believed or not look.has_doubts or looks == LOOKS:
                break
            waited_s += await self._wait(look if has_time else None)
            before = look if is_whole else before
        for asset, amount in look.left_over.items():
            if not is_believed:
                explained.append(_moving(asset, amount))
            elif asset[0] in look.unlisted:
                explained.append(self._book(asset, amount))
            else:
                look.open.append(self._difference(asset, amount, None))
        return began, look, is_believed

    async def _wait(self, look: Look | None) -> float:
        """Until the next look, for so many seconds: if ``look`` is given, until there is room for
        what it could not ask. Not under a lock: a run has time, a signal has not."""
        wait_s = BETWEEN_LOOKS_S
        if look is not None and look.no_room:
            wait_s = max(wait_s, look.room_in_s)
            venues = " and ".join(look.no_room)
            room_at = self._trading.clock.now() + timedelta(seconds=wait_s)
            self.waits_for = f"room in the rate limits of {venues} at {time_text(room_at)}"
            log.warning("journal and venues: the comparison waits for %s", self.waits_for)
        await asyncio.sleep(wait_s)
        self.waits_for = None
        return wait_s

    async def _look(self, *, adopt_strays: bool) -> Look:
        look = Look()
        for symbol in self._trading.settings.symbols:
            async with self._lock(symbol):
                for leg in LegName:
                    trades = partial(self._look_at_trades, adopt_strays=adopt_strays)
                    await self._read(look, leg, symbol, "trades", trades)
                    await self._read(look, leg, symbol, "resting orders", self._look_at_orders)
        async with self._all_locks():
            for leg in LegName:
                await self._read(look, leg, "all", "holdings", self._look_at_holdings)
        return look

    async def _read(
        self,
        look: Look,
        leg: LegName,
        symbol: str,
        what: str,
        read: Callable[[Look, LegName, str], Awaitable[None]],
    ) -> None:
        try:
            await read(look, leg, symbol)
        except ExchangeError as error:
            venue = self._trading.venues[leg].venue
            look.add(differences.unreadable(venue, symbol, what, error))
            if isinstance(error, RateLimited) and not error.banned:
                look.found_no_room(venue, error.retry_after_s)

    async def _look_at_trades(
        self, look: Look, leg: LegName, symbol: str, *, adopt_strays: bool
    ) -> None:
        venue = self._trading.venues[leg].venue
        found = await self._unknown.take_over(leg, symbol, adopt_strays=adopt_strays)
        for fill, shares in found.adopted:
            look.add(differences.adopted(venue, fill, shares))
        if found.late:
            await self._late_fills.found(venue, found.late)
        for fill in found.late:
            done = not self._books.missing(venue, fill)
            look.add(differences.trade(venue, fill, "late: settled again" if done else None))
        for fill in found.stray:
            look.add(differences.trade(venue, fill, None))
        look.before += found.before

    async def _look_at_orders(self, look: Look, leg: LegName, symbol: str) -> None:
        for difference in await self._resting.differences(self._trading.venues[leg], symbol):
            look.add(difference)

    async def _look_at_holdings(self, look: Look, leg: LegName, _: str) -> None:
        venue, symbols = self._trading.venues[leg], self._trading.settings.symbols
        holdings = await read_holdings(self._asking, venue, symbols)
        is_perpetual = venue.exchange.kind is InstrumentKind.PERPETUAL
        if is_perpetual and self._comparison.left_over(venue, holdings) is not None:
            since = self._books.read_until  # perhaps funding that the feed has not read yet
            for symbol in symbols:
                read = partial(self._feeds.read_funding, symbol, since and since - OVERLAP)
                await self._asking.again(read)
        movable = list(self._comparison.movable(venue, holdings))
        listed = await self._transfers.listed(venue) if movable else ()
        if listed is None:
            look.unlisted.add(venue.venue)
        for currency, difference, tolerance in movable:
            for it in self._transfers.explaining(
                venue, listed or (), currency, difference, tolerance
            ):
                asset = (venue.venue, currency)
                row = self._difference(asset, it.change, f"booked: {it.called} {it.transfer_id}")
                sentence = self._transfers.take_over(venue, it)
                look.add(row)
                self._warn(f"{sentence}, as the venue's own list says: booked.")
        self._comparison.compare(venue, holdings, look)

    def _difference(self, asset: Asset, amount: Decimal, explained: str | None) -> Difference:
        expected = self._books.expected(*asset)
        return differences.amounts(
            differences.BALANCE, *asset, expected, expected + amount, explained
        )

    def _book(self, asset: Asset, amount: Decimal) -> Difference:
        """Take cash that nothing explains over as paid in or out, once."""
        venue, currency = asset
        verb = "paid in" if amount > 0 else "paid out"
        booked = self._difference(asset, amount, f"booked: {verb}")
        detail = f"{venue}: {short_decimal_text(abs(amount))} {currency} {verb}"
        self._adopt(asset, amount, detail)
        self._warn(
            f"{detail}, as the balance says: no trade, fee or funding explains it, and the key may "
            "not see the venue's list of what was moved. If nobody moved it, look at that list; a "
            "key with the permission to see it would tell."
        )
        return booked

    def _accept(self, look: Look, reason: str) -> list[Difference]:
        """Book coin and cash as the venue shows it, on a person's word."""
        accepted = []
        for item in [one for one in look.open if one["kind"] in differences.OF_AMOUNTS]:
            asset = Venue(item["venue"]), item["symbol"]
            detail = f"{item['venue']}: {item['difference']} {item['symbol']} accepted: {reason}"
            self._adopt(asset, Decimal(item["difference"]), detail)
            self._warn(f"{detail}.")
            look.open.remove(item)
            accepted.append(Difference(**{**item, "explained": f"accepted: {reason}"}))
        return accepted

    def _warn(self, message: str) -> None:
        self._trading.alert(Alert(AlertType.RECONCILE_MISMATCH, AlertLevel.WARNING, message))

    def _adopt(self, asset: Asset, amount: Decimal, detail: str) -> None:
        """The id tells what was expected, what was found, and since when: found again after a
        crash, it is the same; the same amount on another day is another."""
        venue, name = asset
        expected, since = self._books.expected(venue, name), self._books.read_until
        what = (decimal_text(expected), decimal_text(amount), since and utc_text(since))
        self._trading.pairs.adopt(
            Adoption(
                adoption_id=adoption_id(venue, name, " ".join(map(str, what)), None),
                kind=AdoptionKind.DEPOSIT if amount > 0 else AdoptionKind.WITHDRAWAL,
                venue=venue,
                symbol=name,
                side=Side.BUY if amount > 0 else Side.SELL,
                quantity=abs(amount),
                price=None,
                fee=Decimal(0),
                fee_currency=name,
                trade_id=None,
                venue_order_id=None,
                time=self._trading.clock.now(),
                pair_id=None,
                leg=None,
                detail=detail,
            )
        )


def _moving(asset: Asset, amount: Decimal) -> Difference:
    """No two looks in a row saw the same."""
    return Difference(
        kind=differences.BALANCE,
        venue=asset[0],
        symbol=asset[1],
        journal="a balance that stands still",
        venue_says="another at each look",
        difference=short_decimal_text(amount),
        explained=LEFT_TO_THE_NEXT_RUN,
    )
