"""The account's coin as a witness to an order that the venue claims not to know."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import timedelta
from decimal import Decimal

import pytest

from exchanges.account import Balance
from exchanges.endpoints import Endpoints
from exchanges.factory import create_exchange
from exchanges.instrument import Venue
from exchanges.side import Side
from tasks.adoption import Adoption, AdoptionKind
from tasks.circuit_breaker import CircuitBreaker
from tasks.coin_evidence import CoinEvidence
from tasks.day_results import DayResults
from tasks.leg_venue import LegVenue
from tasks.pair import LegName, Pair
from tasks.pair_book import PairBook
from tasks.signal import Direction
from tests.exchanges.manual_clock import ManualClock
from tests.tasks.pairs import flow, pair_of
from tests.tasks.settled_orders import ended, sent, undecided

TOLERANCE = Decimal("0.0001")
VENUES = {LegName.SPOT: Venue.UPBIT, LegName.PERPETUAL: Venue.BINANCE}
NONE = flow("0", "0")


@dataclass
class Desk:
    """Evidence, and what it hears of."""

    clock: ManualClock = field(default_factory=ManualClock)
    pairs: list[Pair] = field(default_factory=list)
    book: PairBook = field(init=False)

    def __post_init__(self) -> None:
        endpoints = Endpoints("http://127.0.0.1:1")
        self.venues = {
            leg: LegVenue(
                leg,
                create_exchange(
                    venue,
                    adapter="direct",
                    credentials=None,
                    endpoints=endpoints,
                    clock=self.clock,
                ),
                CircuitBreaker(self.clock),
            )
            for leg, venue in VENUES.items()
        }
        self.book = PairBook(lambda record_type, body: 1, self.clock, DayResults())
        self.evidence = CoinEvidence(
            self.venues, lambda symbol: self.pairs, self.book.outside, self.clock
        )

    def balances(self, coin: str | None) -> None:
        """The spot account's, asked for now."""
        spot = self.venues[LegName.SPOT]
        spot.balances = {} if coin is None else {"BTC": Balance("BTC", Decimal(coin), Decimal(0))}
        spot.balances_asked_at = self.clock.monotonic()

    def traded_by_hand(self, leg: LegName, side: Side, quantity: str) -> None:
        venue = VENUES[leg]
        self.book.adopt(
            Adoption(
                f"x-{leg}-{quantity}",
                AdoptionKind.MANUAL_TRADE,
                venue,
                "BTC",
                side,
                Decimal(quantity),
                Decimal(1),
                Decimal(0),
                "KRW",
                "t",
                "o",
                self.clock.now(),
                None,
                None,
                "by hand",
            )
        )

    def beside(self, leg: LegName) -> Decimal | None:
        return self.evidence.baseline(sent(self.clock.now(), leg=leg)).beside


def holding(spot: str, perpetual: str) -> Pair:
    """Spot bought and the perpetual sold."""
    return pair_of(
        Direction.LONG_PREMIUM, None, (flow(spot, "1"), NONE), (flow(perpetual, "1"), NONE)
    )


@pytest.mark.parametrize(
    ("side", "held", "executed"),
    [
        (Side.BUY, "1.010", "0.010"),
        (Side.BUY, "1.004", "0.004"),
        (Side.BUY, "1.0001", "0.0001"),
        (Side.BUY, "1.00009", None),
        (Side.BUY, "1", None),
        (Side.BUY, "0.990", None),
        (Side.BUY, "1.5", None),
        (Side.SELL, "0.990", "0.010"),
        (Side.SELL, "1.010", None),
        (Side.SELL, "0.5", None),
    ],
)
def test_coin_shows_what_an_order_can_have_executed_and_nothing_else(
    side: Side, held: str, executed: str | None
) -> None:
    desk = Desk()
    order = sent(desk.clock.now(), side=side, beside="1")

    shown = desk.evidence.shows(order, Decimal(held), TOLERANCE)

    assert shown == (None if executed is None else Decimal(executed))


def test_an_order_smaller_than_the_tolerance_is_shown_whole() -> None:
    desk = Desk()
    order = sent(desk.clock.now(), beside="0")
    small = replace(order, order=replace(order.order, quantity=Decimal("0.00005")))

    assert desk.evidence.shows(small, Decimal("0.00005"), TOLERANCE) == Decimal("0.00005")
    assert desk.evidence.shows(small, Decimal("0.00004"), TOLERANCE) is None


def test_what_pairs_hold_and_what_was_adopted_meanwhile_is_no_trace_of_an_order() -> None:
    desk = Desk()
    desk.traded_by_hand(LegName.SPOT, Side.BUY, "5")  # before: it is in what stood beside
    desk.clock.advance(1)
    order = sent(desk.clock.now(), beside="5")
    desk.pairs.append(holding("0.3", "0.3"))
    desk.traded_by_hand(LegName.SPOT, Side.BUY, "0.004")
    desk.traded_by_hand(LegName.PERPETUAL, Side.BUY, "0.005")

    assert desk.evidence.shows(order, Decimal("5.304"), TOLERANCE) is None
    assert desk.evidence.shows(order, Decimal("5.306"), TOLERANCE) == Decimal("0.002")


def test_without_a_baseline_coin_says_nothing() -> None:
    desk = Desk()
    order = sent(desk.clock.now())

    assert desk.evidence.shows(order, Decimal("0.010"), TOLERANCE) is None
    without = replace(order, baseline=None)
    assert desk.evidence.shows(without, Decimal("0.010"), TOLERANCE) is None


def test_a_position_is_the_desks_but_for_what_was_adopted() -> None:
    desk = Desk()
    desk.pairs.append(holding("0.3", "0.3"))

    assert desk.beside(LegName.PERPETUAL) == 0
    desk.traded_by_hand(LegName.PERPETUAL, Side.SELL, "0.2")
    desk.traded_by_hand(LegName.SPOT, Side.SELL, "7")
    assert desk.beside(LegName.PERPETUAL) == Decimal("-0.2")


def test_a_close_dated_before_the_order_is_no_trace_of_it_once_it_is_in_the_books() -> None:
    desk = Desk()
    desk.pairs.append(holding("0.010", "0.010"))
    at = desk.clock.now() + timedelta(microseconds=640)  # venues tell milliseconds, or seconds
    order = sent(at, leg=LegName.PERPETUAL, beside="0")
    held = Decimal("-0.009")

    before = desk.evidence.shows(order, held, TOLERANCE)
    desk.traded_by_hand(LegName.PERPETUAL, Side.BUY, "0.001")
    after = desk.evidence.shows(order, held, TOLERANCE)

    assert (before, after) == (Decimal("0.001"), None)


def test_coin_beside_the_pairs_is_known_from_balances_younger_than_the_last_trade() -> None:
    desk = Desk()
    desk.pairs.append(holding("0.3", "0.3"))
    assert desk.beside(LegName.SPOT) is None

    desk.balances("1.5")
    assert desk.beside(LegName.SPOT) == Decimal("1.2")

    desk.clock.advance(1)
    desk.evidence.settled(ended(sent(desk.clock.now(), leg=LegName.PERPETUAL)))
    assert desk.beside(LegName.SPOT) == Decimal("1.2")
    desk.evidence.settled(undecided(sent(desk.clock.now())))
    assert desk.beside(LegName.SPOT) is None
    desk.clock.advance(1)
    desk.balances(None)
    assert desk.beside(LegName.SPOT) == Decimal("-0.3")
