"""Whatever was ordered, venues that were remembered are the venues that were."""

from __future__ import annotations

import contextlib
import json
from dataclasses import replace
from decimal import Decimal
from typing import Any

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from exchanges.instrument import Venue
from exchanges.side import Side
from exchanges.simulator import snapshot_json
from exchanges.simulator.binance.account_settings import set_hedge_mode, set_leverage
from exchanges.simulator.binance.order import OrderRequest, VenueOrderType, VenueTimeInForce
from exchanges.simulator.binance.position import PositionSide
from exchanges.simulator.binance.refusal import Refused
from exchanges.simulator.market import Quote
from exchanges.simulator.simulation import Simulation, SimulationSnapshot
from exchanges.simulator.snapshot_json import ChangingRecords, to_json
from exchanges.simulator.upbit.order_request import parse_order_request
from exchanges.simulator.upbit.refusal import Refusal
from tests.exchanges.manual_clock import ManualClock
from tests.exchanges.simulator.still_market import set_btc, still_path

KEY, SECRET = "key", "hidden-secret"
KRW, BTC, USDT = Decimal("65000000.123"), Decimal("0.76543211"), Decimal(100_000)
SYMBOL = "BTCUSDT"

ids = st.integers(0, 30).map(lambda number: f"id-{number}")
sides = st.sampled_from(Side)
volumes = st.integers(8_000, 30_000_000).map(lambda units: str(Decimal(units).scaleb(-8)))
shares = st.sampled_from([None, None, Decimal("0.37")])
upbit_orders = st.fixed_dictionaries(
    {
        "side": st.sampled_from(["bid", "ask"]),
        "ord_type": st.just("limit"),
        "price": st.integers(59_997, 60_004).map(lambda thousands: str(thousands * 1000)),
        "volume": volumes,
        "identifier": ids,
    },
    optional={"time_in_force": st.sampled_from(["ioc", "post_only"])},
) | st.fixed_dictionaries(
    {
        "side": st.just("bid"),
        "ord_type": st.just("price"),
        "price": st.integers(5_000, 9_000_000).map(str),
        "identifier": ids,
    }
)
binance_orders = st.builds(
    OrderRequest,
    symbol=st.just(SYMBOL),
    side=sides,
    position_side=st.just(PositionSide.BOTH),
    type=st.just(VenueOrderType.LIMIT),
    quantity=st.integers(1, 900).map(lambda steps: Decimal(steps).scaleb(-3)),
    price=st.integers(-80, 80).map(lambda ticks: 50_000 + Decimal(ticks).scaleb(-1)),
    time_in_force=st.sampled_from(VenueTimeInForce),
    reduce_only=st.sampled_from([False, False, True]),
    reduce_only_sent=st.just(False),
    client_order_id=st.none() | ids,
    result_wanted=st.just(True),
)
steps = st.lists(
    st.one_of(
        st.tuples(st.just("upbit"), upbit_orders, shares),
        st.tuples(st.just("upbit"), upbit_orders, shares),
        st.tuples(st.just("binance"), binance_orders, shares),
        st.tuples(st.just("binance"), binance_orders, shares),
        st.tuples(st.just("cancel"), st.integers(0, 3), st.none()),
        st.tuples(st.just("move"), st.integers(59_997, 60_004), st.integers(49_990, 50_010)),
        st.tuples(st.just("leverage"), st.integers(1, 125), st.none()),
        st.tuples(st.just("hedge"), st.booleans(), st.none()),
        st.tuples(st.just("funding"), st.integers(-300, 300), st.none()),
        st.tuples(st.just("forced"), st.none(), st.none()),
        st.tuples(st.just("save"), st.none(), st.none()),
    ),
    min_size=10,
    max_size=30,
)


@settings(max_examples=60, deadline=None)
@given(before=steps, after=steps)
def test_remembered_venues_are_the_same_and_go_on_the_same(
    before: list[tuple[Any, ...]], after: list[tuple[Any, ...]]
) -> None:
    clock = ManualClock()
    original = Simulation(still_path(), clock)
    _open_accounts(original)
    _carry_out(original, before)

    saved = to_json(original.snapshot())
    remembered = Simulation(
        still_path(), clock, remembered=SimulationSnapshot.model_validate_json(saved)
    )
    again = to_json(remembered.snapshot())
    _open_accounts(remembered)

    assert again == saved
    assert SECRET.encode() not in saved
    assert remembered.upbit.state() == original.upbit.state()
    assert remembered.binance.state() == original.binance.state()

    _carry_out(original, after)
    _carry_out(remembered, after)
    assert _shown(remembered) == _shown(original)


def test_every_step_that_changes_something_is_noticed() -> None:
    simulation = Simulation(still_path(), ManualClock())
    _open_accounts(simulation)
    limit = {"ord_type": "limit", "price": "59990000", "volume": "0.1"}
    seen, last = simulation.changes, to_json(simulation.snapshot())

    for step in (
        ("upbit", limit | {"side": "bid", "identifier": "rests"}, None),
        ("move", 59_980, 50_000),  # it trades
        ("upbit", limit | {"side": "bid", "identifier": "rests"}, None),  # refused: used up
        ("upbit", limit | {"side": "bid", "volume": "9", "identifier": "dear"}, None),
        ("upbit", limit | {"side": "bid", "price": "59970000", "identifier": "open"}, None),
        ("cancel", 0, None),
        ("funding", 10, None),
    ):
        _carry_out(simulation, [step])
        now = to_json(simulation.snapshot())

        assert (simulation.changes != seen) == (now != last)
        seen, last = simulation.changes, now


def test_a_resting_order_that_the_market_reaches_is_a_change() -> None:
    simulation = Simulation(still_path(), ManualClock())
    _open_accounts(simulation)
    request = OrderRequest(
        symbol=SYMBOL,
        side=Side.BUY,
        position_side=PositionSide.BOTH,
        type=VenueOrderType.LIMIT,
        quantity=Decimal("0.100"),
        price=Decimal("49000.0"),
        time_in_force=VenueTimeInForce.GTC,
        reduce_only=False,
        reduce_only_sent=False,
        client_order_id="rests",
        result_wanted=True,
    )
    simulation.binance.orders.place(simulation.binance.account(KEY), request)
    changes = simulation.binance.changes

    _carry_out(simulation, [("move", 60_000, 49_500)])
    assert simulation.binance.changes == changes
    _carry_out(simulation, [("move", 60_000, 48_900)])
    assert simulation.binance.changes == changes + 1


def test_the_last_orders_are_kept_and_all_since_the_first_that_is_open(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(snapshot_json, "KEPT_ORDERS", 4)
    ended = {2, 3, 5, 6}
    writer = ChangingRecords(int, lambda number: number in ended)
    records = list(range(1, 7))

    def written() -> Any:
        return json.loads(orjson.dumps(writer.json(records)))

    assert written() == [1, 2, 3, 4, 5, 6]
    ended.add(1)
    assert written() == [3, 4, 5, 6]
    ended.update([4, 7])
    records.append(7)
    assert written() == [4, 5, 6, 7]
    records.extend([8, 9])
    assert written() == [6, 7, 8, 9]


def _open_accounts(simulation: Simulation) -> None:
    simulation.upbit.add_account(KEY, SECRET, {"KRW": KRW, "BTC": BTC})
    simulation.binance.add_account(KEY, SECRET, {"USDT": USDT})


def _carry_out(simulation: Simulation, steps: list[tuple[Any, ...]]) -> None:
    upbit, binance, market = simulation.upbit, simulation.binance, simulation.market
    investor, trader = upbit.account(KEY), binance.account(KEY)
    assert investor is not None
    listing = market.listing(Venue.UPBIT, "KRW-BTC")
    for kind, first, second in steps:
        with contextlib.suppress(Refusal, Refused, ValueError):
            match kind:
                case "upbit":
                    request = parse_order_request(first, listing)
                    upbit.use_identifier(investor, request.identifier)
                    upbit.place(investor, request, second)
                case "binance":
                    side = PositionSide.LONG if trader.hedge_mode else PositionSide.BOTH
                    binance.orders.place(
                        trader, replace(first, position_side=side), fraction=second
                    )
                case "cancel":
                    for chosen in list(investor.open.values())[first : first + 1]:
                        upbit.cancel(investor, chosen)
                    for order in trader.orders.open()[first : first + 1]:
                        binance.orders.cancel(trader, SYMBOL, order.order_id, None)
                case "move":
                    set_btc(market, str(first * 1000), str((first + 1) * 1000), "0.01")
                    quote = Quote(Decimal(second), second + Decimal(1), Decimal("0.1"))
                    market.set_quote(Venue.BINANCE, SYMBOL, quote)
                case "leverage":
                    set_leverage(trader, SYMBOL, first, (SYMBOL,), binance.mark)
                case "hedge":
                    set_hedge_mode(trader, hedge=first)
                case "funding":
                    binance.settle_funding(Decimal(first).scaleb(-5))
                case "forced":
                    held = max((abs(p.quantity) for _, _, p in trader.held()), default=Decimal(0))
                    binance.force_close(KEY, SYMBOL, held, "ADL")
                case "save":
                    simulation.snapshot()


def _shown(simulation: Simulation) -> Any:
    """Both venues' states but for the ids that Upbit draws by lot, and those of Binance's trades,
    which everybody's trades share: the public tape is not remembered."""
    upbit, binance = simulation.upbit.state(), simulation.binance.state()
    for account in upbit["accounts"].values():
        for order in account["orders"]:
            del order["venue_order_id"]
    for venue in (upbit, binance):
        for account in venue["accounts"].values():
            for fill in account["fills"]:
                del fill["trade_id"]
    return upbit, binance
