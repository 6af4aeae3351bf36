"""Pairs for the tests of money rules: built by hand, or any that hypothesis thinks of."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal

from hypothesis import strategies as st

from exchanges.instrument import Venue
from tasks.pair import LegFlow, Pair, PairLeg, PriceReference
from tasks.pair_transitions import PairState
from tasks.signal import Direction

quantities = st.decimals(min_value="0.00000001", max_value=100, places=8)
values_krw = st.decimals(min_value=0, max_value=10**11, places=4)
values_usdt = st.decimals(min_value=0, max_value=10**8, places=6)
fees = st.decimals(min_value=0, max_value=10**6, places=8)
usdt = st.decimals(min_value=-(10**6), max_value=10**6, places=8)


@st.composite
def references(draw: st.DrawFn) -> PriceReference:
    return reference(
        draw(st.decimals(min_value=1, max_value=10**9, places=2)),
        draw(st.decimals(min_value="0.01", max_value=10**6, places=4)),
        draw(st.decimals(min_value=1, max_value=10**4, places=2)),
    )


def flows(
    values: st.SearchStrategy[Decimal], quantity: st.SearchStrategy[Decimal] = quantities
) -> st.SearchStrategy[LegFlow]:
    return st.builds(LegFlow, quantity, values, fees)


def reference(
    spot_price: Decimal | str | int, perpetual_price: Decimal | str, krw_per_usdt: Decimal | int
) -> PriceReference:
    return PriceReference(
        spot_price=Decimal(spot_price),
        perpetual_price=Decimal(perpetual_price),
        krw_per_usdt=Decimal(krw_per_usdt),
        krw_per_usd=None,
        premium_pct=Decimal(0),
        premium_fx_pct=None,
    )


def flow(quantity: str, value: str, fee: str = "0") -> LegFlow:
    return LegFlow(Decimal(quantity), Decimal(value), Decimal(fee))


def pair_of(
    direction: Direction,
    entry_reference: PriceReference | None,
    spot: tuple[LegFlow, LegFlow],
    perpetual: tuple[LegFlow, LegFlow],
) -> Pair:
    """A pair whose legs have traded (entry, exit)."""
    return Pair(
        pair_id="p0123456789ab",
        signal_id="s-1",
        strategy=None,
        symbol="BTC",
        direction=direction,
        state=PairState.HEDGED,
        target_quantity=spot[0].quantity,
        opened_at=datetime(2026, 1, 31, tzinfo=UTC),
        closed_at=None,
        spot=PairLeg(Venue.UPBIT, "KRW", 2, *spot),
        perpetual=PairLeg(Venue.BINANCE, "USDT", 2, *perpetual),
        entry_reference=entry_reference,
    )
