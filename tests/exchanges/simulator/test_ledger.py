"""The money of one simulated account."""

from __future__ import annotations

from decimal import Decimal

import pytest

from exchanges.simulator.ledger import InsufficientFunds, Ledger

TEN = Decimal(10)


def test_what_is_locked_is_not_available() -> None:
    ledger = Ledger({"KRW": TEN})

    ledger.lock("KRW", Decimal(4))

    assert (ledger.total("KRW"), ledger.locked("KRW"), ledger.available("KRW")) == (
        Decimal(10),
        Decimal(4),
        Decimal(6),
    )
    with pytest.raises(InsufficientFunds) as refused:
        ledger.lock("KRW", Decimal("6.1"))
    assert (refused.value.needed, refused.value.available) == (Decimal("6.1"), Decimal(6))
    with pytest.raises(InsufficientFunds):
        ledger.debit("KRW", Decimal("6.1"))
    assert ledger.available("KRW") == 6


def test_locked_money_is_spent_or_freed() -> None:
    ledger = Ledger({"KRW": TEN})
    ledger.lock("KRW", Decimal(4))

    ledger.spend_locked("KRW", Decimal(3))
    ledger.unlock("KRW", Decimal(1))
    ledger.credit("BTC", Decimal(2))
    ledger.debit("BTC", Decimal("0.5"))

    assert (ledger.total("KRW"), ledger.locked("KRW")) == (Decimal(7), Decimal(0))
    assert ledger.total("BTC") == Decimal("1.5")
    assert ledger.currencies() == ("KRW", "BTC")


@pytest.mark.parametrize("amount", [Decimal(-1), Decimal(11)])
def test_more_than_is_locked_cannot_be_freed(amount: Decimal) -> None:
    ledger = Ledger({"KRW": TEN})

    with pytest.raises(ValueError):
        ledger.unlock("KRW", amount)


@pytest.mark.parametrize("amount", ["-1", "NaN", "Infinity"])
def test_an_account_cannot_begin_with_less_than_nothing(amount: str) -> None:
    with pytest.raises(ValueError):
        Ledger({"KRW": Decimal(amount)})


def test_negative_amounts_are_refused_everywhere() -> None:
    ledger = Ledger({"KRW": TEN})

    for act in (ledger.lock, ledger.debit, ledger.credit):
        with pytest.raises(ValueError):
            act("KRW", Decimal(-1))
