"""How orders meet the book and one another, and what that does to money. No I/O.

Other people's liquidity is the market's book. An account's own resting orders stand behind others
at the same price; what happens when they are met is the taker's ``smp_type`` (Upbit docs,
Self-Match Prevention).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from decimal import Decimal
from itertools import takewhile

from exchanges.instrument import Venue
from exchanges.side import Side
from exchanges.simulator.market import Market
from exchanges.simulator.random_ids import RandomIds
from exchanges.simulator.upbit.account import UpbitAccount
from exchanges.simulator.upbit.events import AssetEvent, News, OrderEvent, OrderNews
from exchanges.simulator.upbit.order import OrderState, SimulatedOrder, Trade
from exchanges.simulator.upbit.order_request import (
    FEE,
    OrderKind,
    Smp,
    Tif,
    floor_volume,
)
from exchanges.simulator.venue_clock import VenueClock

ZERO = Decimal(0)
Level = tuple[Decimal, Decimal]
"""(price, quantity)"""
Record = Callable[[str, Decimal, Decimal, Side], None]
"""Notes a public trade: market, price, volume, taker's side."""


class Matching:
    def __init__(
        self, market: Market, clock: VenueClock, news: News, ids: RandomIds, record: Record
    ) -> None:
        self._market = market
        self._clock = clock
        self._news = news
        self._ids = ids
        self._record = record

    def take_in(self, account: UpbitAccount, order: SimulatedOrder) -> None:
        """Lock what the order needs and hold it among the open ones."""
        request = order.request
        account.ledger.lock(request.pays_with, order.locked)
        account.orders[order.uuid] = order
        account.open[order.uuid] = order
        if request.identifier is not None:
            account.identifiers[request.identifier] = order
        self._tell_order(account, order, OrderNews.WAIT)
        self.tell_assets(account, request.pays_with)

    def match_new(
        self, account: UpbitAccount, order: SimulatedOrder, *, bounded: bool, rests: bool
    ) -> None:
        """Let a new order trade; what may not rest ends. ``bounded``: not even the rest rests.
        ``rests``: it does all the same."""
        request = order.request
        levels = self._reachable(order)
        own = self._own_counterparts(account, order)
        if request.tif is Tif.POST_ONLY:
            if levels or own:
                self.end(account, order, OrderState.CANCEL)
        elif request.tif is not Tif.FOK or self._fills_whole(order, levels, own):
            self._walk(account, order, levels, own)
        may_rest = request.kind is OrderKind.LIMIT and request.tif in (None, Tif.POST_ONLY)
        if order.state is OrderState.WAIT and (bounded or not may_rest) and not rests:
            self.end(account, order, OrderState.CANCEL)

    def match_resting(self, account: UpbitAccount, order: SimulatedOrder) -> None:
        """A resting order trades at its own price once the book reaches it."""
        limit = order.request.limit
        if limit is None:
            return
        available = sum((quantity for _, quantity in self._reachable(order)), ZERO)
        volume = min(available, order.room(limit))
        if volume:
            self._record(order.request.market, limit, volume, order.request.side.opposite)
            self._fill(account, order, limit, volume, is_maker=True)

    def end(self, account: UpbitAccount, order: SimulatedOrder, state: OrderState) -> None:
        """Free what is still locked; the order is over."""
        freed = order.locked
        self._release(account, order, freed)
        order.state = state
        account.open.pop(order.uuid, None)
        done = state is OrderState.DONE
        self._tell_order(account, order, OrderNews.DONE if done else OrderNews.CANCEL)
        if freed:
            self.tell_assets(account, order.request.pays_with)

    # ---- meeting the book

    def _reachable(self, order: SimulatedOrder) -> list[Level]:
        """Others' levels that ``order`` may take."""
        request = order.request
        levels = self._market.levels(Venue.UPBIT, request.market, request.side.opposite)
        if request.kind is OrderKind.BEST:
            levels = levels[:1]
        return list(takewhile(lambda level: order.crosses(level[0]), levels))

    @staticmethod
    def _own_counterparts(account: UpbitAccount, order: SimulatedOrder) -> list[SimulatedOrder]:
        """The account's resting orders that ``order`` crosses, oldest first."""
        request = order.request
        return [
            other
            for other in account.open.values()
            if other.request.market == request.market
            and other.request.side is not request.side
            and other.request.limit is not None
            and order.crosses(other.request.limit)
        ]

    def _walk(
        self,
        account: UpbitAccount,
        order: SimulatedOrder,
        levels: Iterable[Level],
        own: Iterable[SimulatedOrder],
    ) -> None:
        """Best price first; others before own orders, older own orders before newer ones."""
        worse = 1 if order.request.side is Side.BUY else -1
        queue: list[tuple[Decimal, int, Decimal, SimulatedOrder | None]] = [
            (worse * price, 0, quantity, None) for price, quantity in levels
        ]
        queue += [
            (worse * (maker.request.limit or ZERO), place, ZERO, maker)
            for place, maker in enumerate(own, start=1)
        ]
        if order.request.kind is OrderKind.BEST and queue:
            touch = min(price for price, *_ in queue)
            queue = [met for met in queue if met[0] == touch]
        for key, _, quantity, maker in sorted(queue, key=lambda met: met[:2]):
            price = abs(key)
            room = order.room(price)
            if not room or order.state is not OrderState.WAIT:
                break
            if maker is None:
                volume = min(quantity, room)
                self._record(order.request.market, price, volume, order.request.side)
                self._fill(account, order, price, volume, is_maker=False)
            else:
                self._meet_own(account, order, maker, price)

    def _meet_own(
        self, account: UpbitAccount, taker: SimulatedOrder, maker: SimulatedOrder, price: Decimal
    ) -> None:
        overlap = min(taker.room(price), maker.room(price))
        match taker.request.smp:
            case Smp.NONE:
                trade_uuid = self._ids.take()
                self._record(taker.request.market, price, overlap, taker.request.side)
                self._fill(account, taker, price, overlap, is_maker=False, trade_uuid=trade_uuid)
                self._fill(account, maker, price, overlap, is_maker=True, trade_uuid=trade_uuid)
            case Smp.CANCEL_MAKER:
                self._prevent(account, maker, maker.remaining_volume, price)
            case Smp.CANCEL_TAKER:
                left = taker.remaining_volume
                if taker.request.budget is not None:
                    left = floor_volume(taker.value_left / price)
                self._prevent(account, taker, left, price, all_of_it=True)
            case Smp.REDUCE:
                self._prevent(account, maker, overlap, price)
                self._prevent(account, taker, overlap, price)

    @staticmethod
    def _fills_whole(order: SimulatedOrder, levels: list[Level], own: list[SimulatedOrder]) -> bool:
        """Own orders count only for one that may trade with them."""
        offers = list(levels)
        if order.request.smp is Smp.NONE:
            offers += [(other.request.limit or ZERO, other.remaining_volume) for other in own]
        if order.request.budget is not None:
            return sum(price * quantity for price, quantity in offers) >= order.request.budget
        return sum(quantity for _, quantity in offers) >= (order.request.volume or 0)

    # ---- money

    def _fill(
        self,
        account: UpbitAccount,
        order: SimulatedOrder,
        price: Decimal,
        volume: Decimal,
        *,
        is_maker: bool,
        trade_uuid: str | None = None,
    ) -> None:
        request = order.request
        funds = price * volume
        trade_uuid = trade_uuid or self._ids.take()
        trade = Trade(trade_uuid, price, volume, funds * FEE, self._clock.now(), is_maker)
        ledger = account.ledger
        account.changes += 1
        if request.side is Side.BUY:
            account.remember_cost(request.coin, funds, volume)
            spent = funds + trade.fee
            ledger.spend_locked("KRW", spent)
            ledger.credit(request.coin, volume)
        else:
            spent = volume
            ledger.spend_locked(request.coin, spent)
            ledger.credit("KRW", funds - trade.fee)
        order.locked -= spent
        order.trades.append(trade)
        order.executed_volume += volume
        order.executed_funds += funds
        order.paid_fee += trade.fee
        self._release(account, order, order.locked - order.needed_lock)
        self._tell_order(account, order, OrderNews.TRADE, trade)
        self.tell_assets(account, "KRW", request.coin)
        if order.is_used_up:
            self.end(account, order, OrderState.DONE)

    def _prevent(
        self,
        account: UpbitAccount,
        order: SimulatedOrder,
        volume: Decimal,
        price: Decimal,
        *,
        all_of_it: bool = False,
    ) -> None:
        """Take ``volume`` away from an order, unfilled. ``all_of_it``: crumbs too."""
        request = order.request
        account.changes += 1
        if request.side is Side.SELL:
            order.prevented_locked += volume
        elif request.budget is not None:
            order.prevented_locked += order.value_left if all_of_it else price * volume
        else:
            order.prevented_locked += (request.limit or ZERO) * volume
        order.prevented_volume += volume
        self._release(account, order, order.locked - order.needed_lock)
        if order.is_used_up:
            self.end(account, order, OrderState.CANCEL)
        else:
            self._tell_order(account, order, OrderNews.PREVENTED)
        self.tell_assets(account, request.pays_with)

    @staticmethod
    def _release(account: UpbitAccount, order: SimulatedOrder, amount: Decimal) -> None:
        account.ledger.unlock(order.request.pays_with, amount)
        order.locked -= amount

    # ---- telling

    def _tell_order(
        self,
        account: UpbitAccount,
        order: SimulatedOrder,
        news: OrderNews,
        trade: Trade | None = None,
    ) -> None:
        if self._news.is_heard:
            seen = replace(order, trades=list(order.trades))
            now = self._clock.now_ms()
            self._news.tell(OrderEvent(account.key, news, seen, trade, now))

    def tell_assets(self, account: UpbitAccount, *currencies: str) -> None:
        if self._news.is_heard:
            ledger = account.ledger
            assets = tuple(
                (name, ledger.available(name), ledger.locked(name)) for name in currencies
            )
            self._news.tell(AssetEvent(account.key, assets, self._clock.now_ms()))
