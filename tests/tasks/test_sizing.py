"""How much coin an entry trades."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exchanges.rules import Rules, TickBand
from tasks.signal import Signal
from tasks.sizing import coarser_lot, entry_quantity

steps = st.sampled_from([Decimal("0.00000001"), Decimal("0.001"), Decimal("0.1"), Decimal(1)])


def rules(step: Decimal | str) -> Rules:
    return Rules(
        symbol="BTC",
        tick_bands=(TickBand(Decimal(0), Decimal(1)),),
        quantity_step=Decimal(step),
        min_quantity=Decimal(step),
        max_market_quantity=None,
        min_notional=Decimal(0),
        maker_fee=Decimal(0),
        taker_fee=Decimal(0),
        is_trading=True,
    )


def enter(**size: object) -> Signal:
    return Signal.model_validate(
        {"id": "s", "action": "ENTER", "symbol": "BTC", "created_at": datetime.now(UTC), **size}
    )


@given(
    notional=st.decimals(min_value=1, max_value=10**10, places=2),
    price=st.decimals(min_value=1, max_value=10**9, places=2),
    spot_step=steps,
    perpetual_step=steps,
)
def test_a_notional_becomes_the_most_lots_that_it_pays_for(
    notional: Decimal, price: Decimal, spot_step: Decimal, perpetual_step: Decimal
) -> None:
    spot, perpetual = rules(spot_step), rules(perpetual_step)

    quantity = entry_quantity(enter(notional_krw=notional), price, spot, perpetual)

    assert quantity % spot_step == quantity % perpetual_step == 0
    assert quantity * price <= notional
    assert (quantity + coarser_lot(spot, perpetual)) * price > notional


def test_a_notional_below_one_lot_is_no_coin() -> None:
    signal = enter(notional_krw="99999")

    assert entry_quantity(signal, Decimal(10**8), rules("0.00000001"), rules("0.001")) == 0


def test_an_explicit_quantity_is_never_changed() -> None:
    signal = enter(quantity="0.0015")

    quantity = entry_quantity(signal, Decimal(10**8), rules("0.00000001"), rules("0.001"))

    assert quantity == Decimal("0.0015")


def test_a_signal_without_a_size_is_refused() -> None:
    leaving = Signal.model_validate(
        {"id": "s", "action": "EXIT", "symbol": "BTC", "created_at": datetime.now(UTC)}
    )

    with pytest.raises(ValueError, match="quantity: expected a signal with a size"):
        entry_quantity(leaving, Decimal(1), rules("1"), rules("1"))
