"""Funding: each payment once, to those who held the position, and exactly."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from exchanges.funding import FundingPayment
from tasks.funding_ledger import FundingLedger
from tasks.pair import Pair
from tasks.pair_transitions import PairState
from tasks.signal import Direction
from tests.tasks.pairs import flow, pair_of, quantities, reference, usdt

OPENED = datetime(2026, 1, 31, tzinfo=UTC)
SETTLED = OPENED + timedelta(hours=8)


def holder(name: str, quantity: str = "1") -> Pair:
    leg = (flow(quantity, "1"), flow("0", "0"))
    pair = pair_of(Direction.LONG_PREMIUM, reference(1, "1", 1), leg, leg)
    return replace(pair, pair_id=name, opened_at=OPENED)


def payment(amount: str, name: str = "1") -> FundingPayment:
    return FundingPayment(name, "BTC", Decimal(amount), "USDT", SETTLED)


def share(ledger: FundingLedger, pair: Pair) -> Decimal | None:
    ledger.read("BTC", SETTLED + timedelta(seconds=5))
    return ledger.share(pair, SETTLED + timedelta(seconds=10), max_age_s=60)


@given(st.lists(quantities, min_size=1, max_size=5), usdt)
def test_the_shares_add_up_to_the_payment_exactly(held: list[Decimal], amount: Decimal) -> None:
    ledger = FundingLedger()
    pairs = [holder(str(index), str(quantity)) for index, quantity in enumerate(held)]
    ledger.note(payment(str(amount)), pairs)

    assert sum(share(ledger, pair) or 0 for pair in pairs) == amount


def test_a_payment_counts_once() -> None:
    ledger, pair = FundingLedger(), holder("a")
    for _ in range(3):
        ledger.note(payment("1.5"), [pair])

    assert ledger.knows(payment("1.5"))
    assert share(ledger, pair) == Decimal("1.5")


def test_only_who_was_open_at_the_settlement_gets_a_share() -> None:
    ledger = FundingLedger()
    there = holder("there")
    late = replace(holder("late"), opened_at=SETTLED + timedelta(seconds=1))
    gone = replace(holder("gone"), state=PairState.CLOSED, closed_at=SETTLED - timedelta(seconds=1))
    other = replace(holder("other"), symbol="ETH")
    ledger.note(payment("2"), [there, late, gone, other])

    assert share(ledger, there) == 2
    assert share(ledger, late) is None or share(ledger, late) == 0


def test_a_pair_that_was_closed_before_the_payment_was_heard_of_gets_its_share() -> None:
    """Its funding is not given to the pairs that are still open."""
    leg = (flow("1", "1"), flow("1", "1"))
    ended = replace(
        pair_of(Direction.LONG_PREMIUM, reference(1, "1", 1), leg, leg),
        pair_id="ended",
        state=PairState.CLOSED,
        opened_at=OPENED,
        closed_at=SETTLED + timedelta(seconds=3),
    )
    ledger, there = FundingLedger(), holder("there")
    ledger.note(payment("2"), [ended, there])

    assert share(ledger, there) == 1
    assert share(ledger, ended) == 1


def test_what_was_not_read_is_missing_and_never_zero() -> None:
    ledger, pair = FundingLedger(), holder("a")
    at = OPENED + timedelta(minutes=5)

    assert ledger.share(pair, at, max_age_s=60) is None
    ledger.read("BTC", OPENED - timedelta(seconds=1))
    assert ledger.share(pair, at, max_age_s=600) is None
    ledger.read("BTC", OPENED + timedelta(seconds=1))
    assert ledger.share(pair, at, max_age_s=60) is None
    assert ledger.share(pair, at, max_age_s=600) == 0
