from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from exchanges.account import Balance
from exchanges.instrument import Venue
from tasks.margin_reserve import MarginReserve, TopUp
from tasks.pair import Pair, PairLeg
from tasks.pair_transitions import PairState
from tasks.signal import Direction

NOON = datetime(2026, 11, 2, 12, tzinfo=UTC)


def pair(symbol: str = "BTC", opened_at: datetime = NOON) -> Pair:
    return Pair(
        f"p-{symbol}", "s", None, symbol, Direction.LONG_PREMIUM, PairState.HEDGED, Decimal(1),
        opened_at, None, PairLeg(Venue.UPBIT, "KRW"), PairLeg(Venue.BINANCE, "USDT"),
    )  # fmt: skip


def top_up(amount: str, status: str = "added", symbol: str = "BTC", name: str = "m-1") -> TopUp:
    return TopUp(name, symbol, Decimal(amount), status, NOON + timedelta(minutes=1))


def wallet(total: str, available: str | None = None) -> Balance:
    return Balance("USDT", Decimal(total), Decimal(available or total))


def test_only_the_reserve_may_be_added() -> None:
    assert MarginReserve(Decimal(5)).left(wallet("1000"), [pair()]) == 50


def test_no_more_than_the_wallet_has_free() -> None:
    assert MarginReserve(Decimal(5)).left(wallet("1000", "12.9"), [pair()]) == 12


def test_without_a_wallet_there_is_nothing() -> None:
    assert MarginReserve(Decimal(5)).left(None, [pair()]) == 0


@pytest.mark.parametrize(
    ("status", "left"), [("intended", 20), ("added", 20), ("unknown", 20), ("refused", 50)]
)
def test_what_was_or_may_have_been_added_is_used(status: str, left: int) -> None:
    reserve = MarginReserve(Decimal(5))
    reserve.note(top_up("30", status))

    assert reserve.left(wallet("1000"), [pair()]) == left


def test_last_word_on_a_top_up_counts_once() -> None:
    reserve = MarginReserve(Decimal(5))
    reserve.note(top_up("30", "intended"))
    reserve.note(top_up("30", "added"))

    assert reserve.used([pair()]) == 30


def test_position_that_was_closed_has_given_it_back() -> None:
    reserve = MarginReserve(Decimal(5))
    reserve.note(top_up("30"))
    reserve.note(top_up("7", symbol="ETH", name="m-2"))

    assert reserve.used([]) == 0
    assert reserve.used([pair("ETH")]) == 7
    assert reserve.used([pair(opened_at=NOON + timedelta(hours=1))]) == 0


def test_nothing_is_left_of_a_reserve_that_was_used_up() -> None:
    reserve = MarginReserve(Decimal(5))
    reserve.note(top_up("80"))

    assert reserve.left(wallet("1000"), [pair()]) == 0
