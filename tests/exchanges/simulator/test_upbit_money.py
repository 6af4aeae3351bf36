"""Whatever is ordered, no won and no coin appears or disappears at the simulated Upbit."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from hypothesis import example, given, settings
from hypothesis import strategies as st

from exchanges.instrument import Venue
from exchanges.side import Side
from exchanges.simulator.faults import Fault, FaultKind, Faults
from exchanges.simulator.upbit.account import UpbitAccount
from exchanges.simulator.upbit.engine import UpbitEngine
from exchanges.simulator.upbit.exchange_api import ExchangeApi
from exchanges.simulator.upbit.fields import Fields
from exchanges.simulator.upbit.order import OrderState
from exchanges.simulator.upbit.order_request import FEE
from exchanges.simulator.upbit.refusal import Refusal
from tests.exchanges.manual_clock import ManualClock
from tests.exchanges.simulator.still_market import set_btc, still_market

START_KRW, START_BTC = Decimal("65000000.123"), Decimal("0.76543211")

volumes = st.one_of(
    st.integers(1, 300).map(lambda thousandths: str(Decimal(thousandths) / 1000)),
    st.integers(8_000, 80_000_000).map(lambda units: str(Decimal(units) / 100_000_000)),
)
prices = st.integers(59_997, 60_004).map(lambda thousands: str(thousands * 1000))
totals = st.integers(4_000, 30_000_000).map(str)
sides = st.sampled_from(["bid", "ask"])
smps = st.sampled_from(["reduce", "cancel_maker", "cancel_taker", "none"])
faults = st.sampled_from(
    [
        None,
        None,
        None,
        (FaultKind.PARTIAL, {"fraction": "0"}),
        (FaultKind.PARTIAL, {"fraction": "0.37"}),
        (FaultKind.PARTIAL, {"fraction": "0.999"}),
        (FaultKind.REJECT, {}),
        (FaultKind.INSUFFICIENT, {}),
    ]
)


def orders() -> st.SearchStrategy[dict[str, str]]:
    limit = st.fixed_dictionaries(
        {"side": sides, "ord_type": st.just("limit"), "price": prices, "volume": volumes},
        optional={"time_in_force": st.sampled_from(["ioc", "fok", "post_only"]), "smp_type": smps},
    )
    buy = st.fixed_dictionaries(
        {"side": st.just("bid"), "ord_type": st.just("price"), "price": totals},
        optional={"smp_type": smps},
    )
    sell = st.fixed_dictionaries(
        {"side": st.just("ask"), "ord_type": st.just("market"), "volume": volumes},
        optional={"smp_type": smps},
    )
    tif = st.sampled_from(["ioc", "fok"])
    best_buy = st.fixed_dictionaries(
        {
            "side": st.just("bid"),
            "ord_type": st.just("best"),
            "price": totals,
            "time_in_force": tif,
        },
        optional={"smp_type": smps},
    )
    best_sell = st.fixed_dictionaries(
        {
            "side": st.just("ask"),
            "ord_type": st.just("best"),
            "volume": volumes,
            "time_in_force": tif,
        },
        optional={"smp_type": smps},
    )
    return st.one_of(limit, limit, limit, limit, buy, sell, best_buy, best_sell)


def replacements() -> st.SearchStrategy[dict[str, str]]:
    """The new order of ``cancel_and_new``; it takes the side of the old one."""

    def of_new(order: dict[str, str]) -> dict[str, str]:
        return {f"new_{name}": value for name, value in order.items() if name != "side"}

    rest = st.fixed_dictionaries(
        {
            "new_ord_type": st.just("limit"),
            "new_price": prices,
            "new_volume": st.just("remain_only"),
        },
        optional={"new_smp_type": smps},
    )
    return st.one_of(rest, orders().map(of_new))


chosen = st.integers(0, 5)
order_steps = st.tuples(st.just("order"), orders(), faults)
move_steps = st.tuples(st.just("move"), st.integers(59_997, 60_004), st.integers(1, 4))
cancel_steps = st.tuples(st.just("cancel"), chosen, st.none())
reorder_steps = st.tuples(st.just("reorder"), chosen, st.tuples(replacements(), faults))
batch_steps = st.tuples(
    st.just("batch"), st.sampled_from(["all", "bid", "ask"]), st.integers(1, 3).map(str)
)
many_steps = st.tuples(st.just("many"), st.lists(chosen, min_size=1, max_size=3), st.none())
steps = st.one_of(
    order_steps, order_steps, move_steps, cancel_steps, reorder_steps, batch_steps, many_steps
)

RESTING_BUY = {"side": "bid", "ord_type": "limit", "price": "60002000", "volume": "0.065"}
"""Takes 0.05 one thousand below its limit; the rest waits for two moves of 0.01 each."""
OVER_AGAIN = {"new_ord_type": "price", "new_price": "3000000"}


def ask(api: ExchangeApi, account: UpbitAccount, call: str, fields: Any, fault: Any) -> None:
    """One call of the exchange API; ``fault`` is (kind, args) or None."""
    method, path = call.split()
    played = fault and Fault(Venue.UPBIT, "*", fault[0], 1, fault[1])
    api.answer(api.routes[method, path], account, Fields(fields), played)


def act(api: ExchangeApi, account: UpbitAccount, step: tuple[Any, ...]) -> None:
    """Raises Refusal."""
    kind, first, second = step
    if kind == "order":
        fields = [("market", "KRW-BTC"), *first.items()]
        ask(api, account, "POST /v1/orders", fields, second)
    elif kind == "batch":
        fields = [("cancel_side", first), ("count", second)]
        ask(api, account, "DELETE /v1/orders/open", fields, None)
    elif kind == "many":
        known = list(account.orders)
        uuids = [("uuids[]", known[place]) for place in first if place < len(known)]
        ask(api, account, "DELETE /v1/orders/uuids", uuids, None)
    for uuid in list(account.open)[first : first + 1] if kind == "cancel" else ():
        ask(api, account, "DELETE /v1/order", [("uuid", uuid)], None)
    for uuid in list(account.orders)[-1 - first :][:1] if kind == "reorder" else ():
        fields, fault = [("prev_order_uuid", uuid), *second[0].items()], second[1]
        ask(api, account, "POST /v1/orders/cancel_and_new", fields, fault)


@settings(max_examples=60, deadline=None)
@example([("order", RESTING_BUY, None), ("move", 59_998, 1), ("move", 59_997, 1)])
@example([("order", RESTING_BUY, None), ("cancel", 0, None), ("order", RESTING_BUY, None)])
@example([("order", RESTING_BUY, None), ("reorder", 0, (OVER_AGAIN, None))])
@example([("order", RESTING_BUY, None), ("batch", "all", "1")])
@example([("order", RESTING_BUY, None), ("many", [0], None)])
@given(st.lists(steps, min_size=10, max_size=30))
def test_money_and_coin_are_conserved_to_the_last_decimal(steps: list[tuple[Any, ...]]) -> None:
    market = still_market()
    set_btc(market, "60000000", "60001000", "0.05")
    engine = UpbitEngine(market, ManualClock())
    engine.add_account("a", "s", {"KRW": START_KRW, "BTC": START_BTC})
    account = engine.account("a")
    assert account is not None
    api = ExchangeApi(engine, Faults())

    for step in steps:
        try:
            if step[0] == "move":
                bid, spread = step[1:]
                set_btc(market, str(bid * 1000), str((bid + spread) * 1000), "0.01")
            else:
                act(api, account, step)
        except Refusal:
            pass  # a refusal must leave the books alone, which is checked below

        krw, btc, fees = START_KRW, START_BTC, Decimal(0)
        locked = {"KRW": Decimal(0), "BTC": Decimal(0)}
        for order in account.orders.values():
            buys = order.request.side is Side.BUY
            sign = 1 if buys else -1
            for trade in order.trades:
                assert trade.fee == trade.funds * FEE
                krw -= sign * trade.funds + trade.fee
                btc += sign * trade.volume
                fees += trade.fee
            assert sum(trade.volume for trade in order.trades) == order.executed_volume
            assert all(order.crosses(trade.price) for trade in order.trades)
            assert (order.prevented_volume > 0) <= (order.prevented_locked > 0)
            if order.request.volume is not None:
                used = order.executed_volume + order.prevented_volume
                assert used + order.remaining_volume == order.request.volume
                assert order.remaining_volume >= 0
            if order.state is OrderState.WAIT:
                assert order.locked == order.needed_lock
            else:
                assert order.locked == 0
            locked["KRW" if buys else "BTC"] += order.locked
        ledger = account.ledger
        assert (ledger.total("KRW"), ledger.total("BTC")) == (krw, btc)
        assert {currency: ledger.locked(currency) for currency in locked} == locked
        assert min(ledger.available("KRW"), ledger.available("BTC")) >= 0
        assert sum(order.paid_fee for order in account.orders.values()) == fees
