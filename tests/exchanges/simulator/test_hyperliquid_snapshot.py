"""Whatever was ordered, a Hyperliquid that was remembered is the Hyperliquid that was."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from exchanges.instrument import Venue
from exchanges.side import Side
from exchanges.simulator.hyperliquid.actions import (
    CancelOrders,
    OrderWish,
    PlaceOrders,
    Tif,
    Trigger,
    UpdateLeverage,
)
from exchanges.simulator.hyperliquid.engine import HyperliquidEngine
from exchanges.simulator.hyperliquid.refusal import ActionRefused
from exchanges.simulator.hyperliquid.snapshot import HyperliquidSnapshot
from exchanges.simulator.market import Market, Quote
from exchanges.simulator.snapshot_json import to_json
from tests.exchanges.manual_clock import ManualClock
from tests.exchanges.simulator.hyperliquid_venue import AGENT, MAIN
from tests.exchanges.simulator.still_market import still_path

prices = st.integers(49_990, 50_010).map(Decimal)
wishes = st.builds(
    OrderWish,
    asset=st.just(0),
    side=st.sampled_from(Side),
    price=prices,
    size=st.integers(100, 90_000).map(lambda lots: Decimal(lots).scaleb(-5)),
    reduce_only=st.sampled_from([False, False, True]),
    kind=st.sampled_from(Tif)
    | st.builds(Trigger, is_market=st.booleans(), price=prices, takes_profit=st.booleans()),
    cloid=st.none() | st.integers(0, 20).map(lambda number: f"0x{number:032x}"),
)
one_step = st.one_of(
    st.tuples(st.just("order"), st.lists(wishes, min_size=1, max_size=3)),
    st.tuples(st.just("order"), st.lists(wishes, min_size=1, max_size=3)),
    st.tuples(st.just("cancel"), st.integers(0, 3)),
    st.tuples(st.just("move"), st.integers(49_980, 50_020)),
    st.tuples(st.just("leverage"), st.integers(1, 40)),
    st.tuples(st.just("funding"), st.integers(-300, 300)),
    st.tuples(st.just("schedule"), st.integers(6, 60)),
    st.tuples(st.just("save"), st.none()),
)
waiting = st.tuples(st.just("wait"), st.integers(1, 4_000))


@settings(max_examples=40, deadline=None)
@given(
    before=st.lists(one_step, min_size=5, max_size=20),
    after=st.lists(one_step | waiting, min_size=5, max_size=20),
)
def test_a_remembered_venue_is_the_same_and_goes_on_the_same(
    before: list[tuple[Any, ...]], after: list[tuple[Any, ...]]
) -> None:
    clock = ManualClock()
    original, market = opened(clock)
    carry_out(original, market, clock, before)

    saved = to_json(original.snapshot())
    remembered = HyperliquidEngine(market, clock, schedule_cancel_volume=Decimal(0))
    remembered.restore(HyperliquidSnapshot.model_validate_json(saved))
    again = to_json(remembered.snapshot())
    nobody = remembered.signs_for(AGENT)
    remembered.add_account(MAIN, AGENT, {"USDC": Decimal(7)})

    assert again == saved
    assert nobody is None
    assert remembered.signs_for(AGENT) is not None
    assert remembered.state() == original.state()
    assert AGENT.encode() not in saved

    both = (original, remembered)
    for step in after:
        for engine in both:
            carry_out(engine, market, clock, [step] if step[0] not in ("move", "wait") else [])
        if step[0] in ("move", "wait"):
            carry_out(original, market, clock, [step])
            remembered.catch_up()
    assert shown(remembered) == shown(original)


def test_what_the_venue_does_by_itself_is_noticed() -> None:
    clock = ManualClock()
    engine, market = opened(clock)
    wish = OrderWish(0, Side.BUY, Decimal(50_010), Decimal("0.1"), False, Tif.IOC, None)
    rests = OrderWish(0, Side.BUY, Decimal(49_000), Decimal("0.1"), False, Tif.GTC, None)
    carry_out(engine, market, clock, [("order", [wish, rests]), ("schedule", 60)])

    for step in (("funding", 10), ("wait", 60), ("wait", 3_600)):
        changes = engine.changes
        carry_out(engine, market, clock, [step])

        assert engine.changes > changes


def test_a_resting_order_that_the_market_reaches_is_a_change() -> None:
    clock = ManualClock()
    engine, market = opened(clock)
    wish = OrderWish(0, Side.BUY, Decimal(49_000), Decimal("0.1"), False, Tif.GTC, None)
    carry_out(engine, market, clock, [("order", [wish])])
    changes = engine.changes

    carry_out(engine, market, clock, [("move", 49_500)])
    assert engine.changes == changes
    carry_out(engine, market, clock, [("move", 48_900)])
    assert engine.changes == changes + 1


def opened(clock: ManualClock) -> tuple[HyperliquidEngine, Market]:
    market = Market(still_path(), clock)
    engine = HyperliquidEngine(market, clock, schedule_cancel_volume=Decimal(0))
    engine.add_account(MAIN, AGENT, {"USDC": Decimal(5_000)})
    return engine, market


def carry_out(
    engine: HyperliquidEngine, market: Market, clock: ManualClock, steps: list[tuple[Any, ...]]
) -> None:
    account = engine.account(MAIN)
    assert account is not None
    for kind, value in steps:
        try:
            match kind:
                case "order":
                    engine.place(account, PlaceOrders(tuple(value), "na", None))
                case "cancel":
                    chosen = account.orders.open()[value : value + 1]
                    ids = tuple((order.asset, order.oid) for order in chosen)
                    engine.cancel(account, CancelOrders(ids, by_cloid=False))
                case "move":
                    quote = Quote(Decimal(value), Decimal(value + 1), Decimal("0.3"))
                    market.set_quote(Venue.HYPERLIQUID, "BTC", quote)
                case "leverage":
                    engine.update_leverage(account, UpdateLeverage(0, True, value))
                case "funding":
                    engine.settle_funding(Decimal(value).scaleb(-5))
                case "schedule":
                    engine.schedule_cancel(account, engine.now_ms() + value * 1_000)
                case "wait":
                    clock.advance(value)
                    engine.catch_up()
                case "save":
                    engine.snapshot()
        except ActionRefused:
            continue


def shown(engine: HyperliquidEngine) -> Any:
    """The state but for the ids of trades, which everybody's trades share: the public tape is not
    remembered."""
    state = engine.state()
    for account in state["accounts"].values():
        for fill in account["fills"]:
            del fill["trade_id"]
    return state
