"""The orders of one step of a repair, at prices that the live books and the bounds allow."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import ROUND_CEILING, Decimal

from exchanges.book import Book
from exchanges.errors import ExchangeError
from exchanges.side import Side
from tasks.leg_orders import leg_order, price_bound, within_bound
from tasks.leg_venue import LegVenue
from tasks.net_position import net_position, reduces
from tasks.pair import LegName, Pair
from tasks.pair_book import held_text
from tasks.recovery_cost import bps_text, most_cost, price_text, undoing_cost, worst_price
from tasks.repair_moves import LegRoom, Move, Way, leftovers, moves
from tasks.settled_order import LegOrder, Purpose
from tasks.trading import Trading

EMERGENCY_BOUND_BPS = 500
"""How far an emergency hedge may go from the touch: 5 %, what Binance itself allows a market
order (``marketTakeBound`` 0.05 of BTCUSDT, exchangeInfo)."""

_NEVER = Decimal("Infinity")


@dataclass(frozen=True, slots=True)
class Bound:
    """How far a price may go, and what set it."""

    price: Decimal
    reason: str


@dataclass(frozen=True, slots=True)
class Step:
    """Orders to be sent together; none with the reason why."""

    orders: tuple[LegOrder, ...]
    told: str
    """A sentence's worth: the bounds of the orders, or why there is none."""


class RepairPlanner:
    """Reads both books afresh at each step; sends nothing."""

    def __init__(self, trading: Trading) -> None:
        self._trading = trading

    async def plan(self, pair: Pair, way: Way, purpose: Purpose, floor: Decimal | None) -> Step:
        """The orders that would make the legs equal now.

        ``purpose`` hedge: bound by what the other leg's undoing would cost; unwind: by
        ``EMERGENCY_BOUND_BPS`` from the touch. ``floor`` stands in place of both for spot that is
        shrunk.
        """
        books, problems = await self._books(pair)
        wanted = _leg_of(pair, way)
        if wanted not in books:
            return Step((), problems[wanted])
        chosen = moves(self._room(pair, books), way)
        if not chosen:
            return Step((), f"{held_text(pair)} differ by less than any order that is taken now")
        if len(chosen) > 1 or chosen[0].way is not way:
            purpose = Purpose.UNWIND
        return self._step(pair, books, chosen, purpose, floor)

    async def plan_leftovers(self, pair: Pair, floor: Decimal | None) -> Step:
        """The orders that take what flat legs still hold below a lot; mostly none."""
        books, _ = await self._books(pair)
        chosen = leftovers(self._room(pair, books))
        return self._step(pair, books, chosen, Purpose.UNWIND, floor)

    async def _books(self, pair: Pair) -> tuple[dict[LegName, Book], dict[LegName, str]]:
        """Both books with two sides, and why there is none of a leg."""
        books: dict[LegName, Book] = {}
        problems: dict[LegName, str] = {}

        async def read(leg: LegName) -> None:
            venue = self._trading.venues[leg]
            problem = "it is empty"
            try:
                book: Book | None = await venue.call(venue.exchange.book(pair.symbol, urgent=True))
            except ExchangeError as error:
                book, problem = self._pushed(venue, pair.symbol), str(error)
            if book is not None and book.bids and book.asks:
                books[leg] = book
            else:
                problems[leg] = f"{leg}: no book to trade on: {problem}"

        await asyncio.gather(*(read(leg) for leg in LegName))
        return books, problems

    def _pushed(self, venue: LegVenue, symbol: str) -> Book | None:
        """The last book that the venue's stream or the feed brought, unless it is stale."""
        book = venue.books.get(symbol)
        oldest_s = self._trading.settings.max_book_age_ms / 1000
        is_fresh = book and self._trading.clock.monotonic() - book.received <= oldest_s
        return book if is_fresh else None

    def _position(self, pair: Pair) -> Decimal:
        return net_position(self._trading.pairs, pair.perpetual.venue, pair.symbol)

    def _room(self, pair: Pair, books: Mapping[LegName, Book]) -> dict[LegName, LegRoom]:
        return {
            leg: LegRoom(
                pair.held(leg),
                self._trading.venues[leg].rules[pair.symbol].quantity_step,
                self._least(pair, leg, Way.GROW, books),
                self._least(pair, leg, Way.SHRINK, books),
            )
            for leg in LegName
        }

    def _least(self, pair: Pair, leg: LegName, way: Way, books: Mapping[LegName, Book]) -> Decimal:
        """The smallest order that the venue takes at any price this repair may bound it with. A
        reduce-only order needs no least value at Binance (error -4164, Binance docs, Error Codes)
        nor at Hyperliquid."""
        rules = self._trading.venues[leg].rules[pair.symbol]
        least = max(rules.min_quantity, rules.quantity_step)
        if leg not in books:
            return _NEVER
        side = pair.side(leg, purpose_is_entry=way is Way.GROW)
        shrinks_perpetual = leg is LegName.PERPETUAL and way is Way.SHRINK
        if shrinks_perpetual and reduces(self._position(pair), side, pair.unhedged):
            return least
        price = price_bound(Side.SELL, books[leg].bids[0].price, EMERGENCY_BOUND_BPS)
        steps = (rules.min_notional / price / rules.quantity_step).to_integral_value(ROUND_CEILING)
        return max(least, steps * rules.quantity_step)

    def _step(
        self,
        pair: Pair,
        books: Mapping[LegName, Book],
        chosen: tuple[Move, ...],
        purpose: Purpose,
        floor: Decimal | None,
    ) -> Step:
        orders: list[LegOrder] = []
        told: list[str] = []
        for move in chosen:
            side = pair.side(move.leg, purpose_is_entry=move.way is Way.GROW)
            bound = self._bound(pair, books, move, side, purpose, floor)
            rules = self._trading.venues[move.leg].rules[pair.symbol]
            quantity = rules.quantity_down(_offered(books[move.leg], side, move.quantity, bound))
            if move.leg is LegName.PERPETUAL and rules.max_market_quantity is not None:
                quantity = min(quantity, rules.max_market_quantity)
            least = self._least(pair, move.leg, move.way, books)
            if quantity < least or (quantity < move.quantity and len(chosen) > 1):
                touch = books[move.leg].side_taken(side)[0].price
                return Step((), f"{move.leg}: {price_text(touch)} is beyond {_text(bound)}")
            attempt = self._trading.pairs.next_attempt(pair.pair_id, move.leg)
            orders.append(
                leg_order(
                    pair, move.leg, attempt, purpose,
                    side=side, quantity=quantity, bound=bound.price, rules=rules,
                    position=self._position(pair),
                )
            )  # fmt: skip
            told.append(_text(bound))
        return Step(tuple(orders), " and ".join(told))

    def _bound(
        self,
        pair: Pair,
        books: Mapping[LegName, Book],
        move: Move,
        side: Side,
        purpose: Purpose,
        floor: Decimal | None,
    ) -> Bound:
        touch = books[move.leg].side_taken(side)[0].price
        emergency = price_bound(side, touch, EMERGENCY_BOUND_BPS)
        if floor is not None and (move.leg, move.way) == (LegName.SPOT, Way.SHRINK):
            nearer = max(emergency, floor) if side is Side.SELL else min(emergency, floor)
            return Bound(nearer, f"the worst price after a forced close is {price_text(floor)}")
        if purpose is not Purpose.HEDGE:
            return Bound(emergency, f"an emergency goes {EMERGENCY_BOUND_BPS / 100:g} % at most")
        reference = pair.exit_reference if move.way is Way.SHRINK else pair.entry_reference
        if reference is None:
            return Bound(emergency, "the pair was decided on at no price")
        spot = move.leg is LegName.SPOT
        decided = reference.spot_price if spot else reference.perpetual_price
        undoing = self._undoing(pair, books, move)
        most = most_cost(undoing, self._trading.settings.max_recovery_cost_bps)
        fee = self._trading.venues[move.leg].rules[pair.symbol].taker_fee
        return Bound(
            worst_price(side, decided, fee, most),
            f"it may cost {bps_text(most)} of {price_text(decided)} with its fee, undoing "
            f"{move.leg.other} "
            + ("cannot be priced" if undoing is None else f"costs {bps_text(undoing)}"),
        )

    def _undoing(self, pair: Pair, books: Mapping[LegName, Book], move: Move) -> Decimal | None:
        """What trading the other leg back would cost, with the book as it is; None: it cannot."""
        leg, grown = move.leg.other, move.way is Way.GROW
        flow = pair.leg(leg).entry if grown else pair.leg(leg).exit
        traded_at = flow.average_price
        side = pair.side(leg, purpose_is_entry=grown)
        now = books[leg].executable(side.opposite, move.quantity) if leg in books else None
        if traded_at is None or now is None:
            return None
        fee = self._trading.venues[leg].rules[pair.symbol].taker_fee
        return undoing_cost(side, traded_at, now.average_price, fee)


def _leg_of(pair: Pair, way: Way) -> LegName:
    """The leg that ``way`` trades."""
    spot_is_larger = pair.held(LegName.SPOT) > pair.held(LegName.PERPETUAL)
    return LegName.SPOT if spot_is_larger is (way is Way.SHRINK) else LegName.PERPETUAL


def _offered(book: Book, side: Side, quantity: Decimal, bound: Bound) -> Decimal:
    """As much of ``quantity`` as the book offers inside the bound."""
    inside = (
        level.quantity
        for level in book.side_taken(side)
        if within_bound(side, level.price, bound.price)
    )
    return min(quantity, sum(inside, Decimal(0)))


def _text(bound: Bound) -> str:
    return f"{price_text(bound.price)} ({bound.reason})"
