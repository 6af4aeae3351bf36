"""The simulated Binance loses and makes up no money."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from exchanges.side import Side
from exchanges.simulator.binance.account import VenueAccount
from exchanges.simulator.binance.leverage_brackets import maintenance_margin
from exchanges.simulator.binance.order import (
    OrderRequest,
    SelfTrade,
    VenueOrderStatus,
    VenueOrderType,
    VenueTimeInForce,
)
from exchanges.simulator.binance.position import PositionSide
from exchanges.simulator.binance.records import IncomeType
from exchanges.simulator.binance.refusal import Refused
from exchanges.simulator.simulation import Simulation
from tests.exchanges.manual_clock import ManualClock
from tests.exchanges.simulator.binance_venue import (
    KEY,
    MARK,
    START_USDT,
    SYMBOL,
    move_market,
    quiet_simulation,
    running_venue,
)

ZERO = Decimal(0)
BESIDES_TRADES = (IncomeType.FUNDING_FEE, IncomeType.INSURANCE_CLEAR)


@dataclass(frozen=True)
class PlaceOrder:
    side: Side
    position_side: PositionSide
    """LONG or SHORT in hedge mode; one-way mode knows only BOTH."""
    quantity: Decimal
    offset: Decimal | None
    """Limit price relative to the middle, None for a market order."""
    time_in_force: VenueTimeInForce
    reduce_only: bool
    fraction: Decimal | None
    self_trade: SelfTrade


@dataclass(frozen=True)
class MoveMarket:
    middle: Decimal


@dataclass(frozen=True)
class SettleFunding:
    rate: Decimal


@dataclass(frozen=True)
class ForceClose:
    share: Decimal
    reason: str


Step = PlaceOrder | MoveMarket | SettleFunding | ForceClose


def _decimals(low: int, high: int, places: int) -> st.SearchStrategy[Decimal]:
    return st.integers(low, high).map(lambda n: Decimal(n).scaleb(-places))


ORDERS = st.builds(
    PlaceOrder,
    side=st.sampled_from(Side),
    position_side=st.sampled_from([PositionSide.LONG, PositionSide.SHORT]),
    quantity=_decimals(1, 5_000, 3),
    offset=st.none() | _decimals(-100, 100, 1),
    time_in_force=st.sampled_from(VenueTimeInForce),
    reduce_only=st.sampled_from([False, False, True]),
    fraction=st.sampled_from([None, None, ZERO, Decimal("0.4")]),
    self_trade=st.sampled_from(SelfTrade),
)
STEPS: st.SearchStrategy[list[Step]] = st.lists(
    st.one_of(
        ORDERS,
        ORDERS,
        ORDERS,
        st.builds(MoveMarket, middle=_decimals(499_000, 501_000, 1)),
        st.builds(SettleFunding, rate=_decimals(-300, 300, 5)),
        st.builds(
            ForceClose,
            share=st.sampled_from([Decimal("0.5"), Decimal(1)]),
            reason=st.sampled_from(["ADL", "liquidation"]),
        ),
    ),
    min_size=15,
    max_size=40,
)


@settings(max_examples=100, deadline=None)
@given(steps=STEPS, hedge=st.booleans())
def test_the_wallet_is_what_the_trades_and_fundings_say_to_the_last_digit(
    steps: list[Step], hedge: bool
) -> None:
    simulation = quiet_simulation(ManualClock(), usdt=Decimal(3_000_000))
    account = simulation.binance.account(KEY)
    account.hedge_mode = hedge
    start = account.usdt

    for step in steps:
        _carry_out(simulation, step)
        other = sum((i.amount for i in account.income if i.type in BESIDES_TRADES), ZERO)
        realized = sum((t.realized for t in account.trades), ZERO)
        fees = sum((t.commission for t in account.trades), ZERO)

        assert account.usdt - start == realized - fees + other
        for side in PositionSide:
            _check_position(account, side)


def _check_position(account: VenueAccount, side: PositionSide) -> None:
    """What was paid for all fills is what is still held plus what was realised."""
    held = account.position(SYMBOL, side)
    trades = [trade for trade in account.trades if trade.position_side is side]
    signed = [(t.quantity if t.side is Side.BUY else -t.quantity, t.price) for t in trades]
    realized = sum((trade.realized for trade in trades), ZERO)
    assert sum((quantity for quantity, _ in signed), ZERO) == held.quantity
    assert sum((quantity * price for quantity, price in signed), ZERO) == held.cost - realized
    assert held.quantity != 0 or held.cost == 0
    assert side is not PositionSide.LONG or held.quantity >= 0
    assert side is not PositionSide.SHORT or held.quantity <= 0


@settings(max_examples=100, deadline=None)
@given(steps=STEPS)
def test_every_order_has_executed_what_its_trades_say_and_no_more_than_it_asked(
    steps: list[Step],
) -> None:
    simulation = quiet_simulation(ManualClock(), usdt=Decimal(3_000_000))
    account = simulation.binance.account(KEY)

    for step in steps:
        _carry_out(simulation, step)

    for order in account.orders:
        trades = [t for t in account.trades if t.order_id == order.order_id]
        assert sum((t.quantity for t in trades), ZERO) == order.executed <= order.quantity
        assert sum((t.quantity * t.price for t in trades), ZERO) == order.value
        assert (order.status is VenueOrderStatus.FILLED) == (order.executed == order.quantity)
        if order.price and order.forced_by is None:
            assert all(
                t.price <= order.price if order.side is Side.BUY else t.price >= order.price
                for t in trades
            )


@settings(max_examples=100, deadline=None)
@given(
    steps=STEPS,
    falls=st.lists(_decimals(250_000, 900_000, 1), min_size=1, max_size=4),
    isolated=st.booleans(),
)
def test_no_price_leaves_a_debt_or_a_position_that_its_margin_does_not_carry(
    steps: list[Step], falls: list[Decimal], isolated: bool
) -> None:
    simulation = quiet_simulation(ManualClock(), usdt=Decimal(20_000))
    engine, account = simulation.binance, simulation.binance.account(KEY)
    if isolated:
        account.isolated.add(SYMBOL)
    for step in steps:
        if not isinstance(step, SettleFunding):  # which may well make a debt
            _carry_out(simulation, step)

    for middle in falls:
        move_market(simulation, middle - 1, middle + 1)
        margin = engine.margin(account)
        held = list(account.held())

        assert margin.cross_balance >= 0
        assert held or account.usdt >= 0
        for _, _, position in held:
            behind = position.isolated_margin if isolated else account.usdt
            carried = maintenance_margin(abs(position.quantity) * engine.mark(SYMBOL))
            assert behind + position.unrealized(engine.mark(SYMBOL)) > carried
        flat = [p for p in account.positions.values() if not p.quantity]
        assert all(position.isolated_margin == 0 for position in flat)
        assert isolated or margin.isolated == 0


def _carry_out(simulation: Simulation, step: Step) -> None:
    engine = simulation.binance
    account = engine.account(KEY)
    match step:
        case PlaceOrder():
            limit = step.offset is not None
            request = OrderRequest(
                symbol=SYMBOL,
                side=step.side,
                position_side=step.position_side if account.hedge_mode else PositionSide.BOTH,
                type=VenueOrderType.LIMIT if limit else VenueOrderType.MARKET,
                quantity=step.quantity,
                price=None if step.offset is None else engine.mark(SYMBOL) + step.offset,
                time_in_force=step.time_in_force if limit else VenueTimeInForce.GTC,
                reduce_only=step.reduce_only and not account.hedge_mode,
                reduce_only_sent=step.reduce_only and not account.hedge_mode,
                client_order_id=None,
                result_wanted=True,
                self_trade=step.self_trade,
            )
            with contextlib.suppress(Refused):
                engine.orders.place(account, request, fraction=step.fraction)
        case MoveMarket():
            move_market(simulation, step.middle - 1, step.middle + 1)
        case SettleFunding():
            engine.settle_funding(step.rate)
        case ForceClose():
            held = max((abs(p.quantity) for _, _, p in account.held()), default=ZERO)
            quantity = (held * step.share).quantize(Decimal("0.001"))
            if quantity:
                engine.force_close(KEY, SYMBOL, quantity, step.reason)


@pytest.mark.parametrize(
    ("side", "rate", "expected"),
    [
        ("SELL", "0.0001", Decimal("5")),
        ("BUY", "0.0001", Decimal("-5")),
        ("SELL", "-0.0003", Decimal("-15")),
    ],
)
async def test_funding_moves_from_longs_to_shorts_at_a_positive_rate(
    side: str, rate: str, expected: Decimal
) -> None:
    async with running_venue() as venue:
        await venue.order(side=side, quantity="1.000")
        before = await venue.wallet()

        venue.simulation.binance.settle_funding(Decimal(rate))
        venue.simulation.binance.settle_funding(Decimal(rate))

        assert await venue.wallet() - before == 2 * expected
        rows = (
            await venue.signed(
                "GET",
                "/fapi/v1/income",
                symbol=SYMBOL,
                incomeType="FUNDING_FEE",
                startTime=1,
                endTime=venue.now_ms(),
            )
        ).json
        assert [Decimal(row["income"]) for row in rows] == [expected, expected]
        assert {row["asset"] for row in rows} == {"USDT"}
        assert rows[0]["tranId"] != rows[1]["tranId"]


async def test_what_one_account_pays_in_funding_another_receives() -> None:
    async with running_venue() as venue:
        engine = venue.simulation.binance
        engine.add_account("other-key", "other-secret", {"USDT": START_USDT})
        await venue.order(side="BUY", quantity="1.234")
        engine.orders.place(
            engine.account("other-key"),
            OrderRequest(
                symbol=SYMBOL,
                side=Side.SELL,
                position_side=PositionSide.BOTH,
                type=VenueOrderType.MARKET,
                quantity=Decimal("1.234"),
                price=None,
                time_in_force=VenueTimeInForce.GTC,
                reduce_only=False,
                reduce_only_sent=False,
                client_order_id=None,
                result_wanted=True,
            ),
        )

        engine.settle_funding(Decimal("0.00031"))

        paid = engine.account(KEY).income[-1].amount
        received = engine.account("other-key").income[-1].amount
        assert paid == -received == -Decimal("1.234") * MARK * Decimal("0.00031")


async def test_a_flat_account_is_not_funded_and_the_rate_is_published() -> None:
    async with running_venue() as venue:
        venue.simulation.binance.settle_funding(Decimal("0.0002"))

        assert await venue.wallet() == START_USDT
        rates = (await venue.get("/fapi/v1/fundingRate", symbol=SYMBOL)).json
        assert [(row["fundingRate"], row["fundingTime"]) for row in rates] == [
            ("0.00020000", venue.now_ms())
        ]
        index = (await venue.get("/fapi/v1/premiumIndex", symbol=SYMBOL)).json
        assert index["lastFundingRate"] == "0.00020000"


@pytest.mark.parametrize(
    ("reason", "prefix", "kind"),
    [("ADL", "adl_autoclose", "ADL"), ("liquidation", "autoclose-", "LIQUIDATION")],
)
async def test_a_forced_close_takes_the_position_at_the_mark_and_shows_as_such(
    reason: str, prefix: str, kind: str
) -> None:
    async with running_venue() as venue:
        await venue.order(side="SELL", quantity="1.000")
        await venue.limit("49000.0", newClientOrderId="rest")

        venue.simulation.binance.force_close(KEY, SYMBOL, Decimal("0.400"), reason)

        assert (await venue.position() or {})["positionAmt"] == "-0.600"
        trade = (await venue.signed("GET", "/fapi/v1/userTrades", symbol=SYMBOL)).json[-1]
        assert (trade["side"], trade["price"], trade["qty"]) == ("BUY", "50000.00", "0.400")
        assert Decimal(trade["realizedPnl"]) == Decimal("-0.4")
        forced = (
            await venue.signed("GET", "/fapi/v1/forceOrders", symbol=SYMBOL, autoCloseType=kind)
        ).json
        assert [order["orderId"] for order in forced] == [trade["orderId"]]
        assert forced[0]["clientOrderId"].startswith(prefix)
        assert (await venue.signed("GET", "/fapi/v1/openOrders", symbol=SYMBOL)).json == []


@pytest.mark.parametrize(
    ("account", "symbol", "quantity", "reason", "field"),
    [
        ("nobody", SYMBOL, "0.4", "ADL", "account"),
        (KEY, "DOGEUSDT", "0.4", "ADL", "symbol"),
        (KEY, SYMBOL, "0.4", "whim", "reason"),
        (KEY, SYMBOL, "1.1", "ADL", "quantity"),
        (KEY, SYMBOL, "0", "ADL", "quantity"),
    ],
)
async def test_a_forced_close_that_makes_no_sense_names_the_field(
    account: str, symbol: str, quantity: str, reason: str, field: str
) -> None:
    async with running_venue() as venue:
        await venue.order(side="SELL", quantity="1.000")

        with pytest.raises(ValueError, match=f"^{field}: "):
            venue.simulation.binance.force_close(account, symbol, Decimal(quantity), reason)


async def test_the_state_shows_accounts_with_everything_they_did_and_no_secret() -> None:
    async with running_venue() as venue:
        await venue.order(side="SELL", quantity="1.000", newClientOrderId="mine")

        state = venue.simulation.binance.state()

        account = state["accounts"][KEY]
        assert account["balances"]["USDT"]["total"] == "99975.0005"
        assert account["positions"][0]["quantity"] == "-1"
        assert account["orders"][0]["client_order_id"] == "mine"
        assert account["fills"][0]["fee"] == "24.9995"
        assert "secret" not in str(state)


@pytest.mark.parametrize("amount", [Decimal(-1), Decimal("NaN")])
def test_an_account_cannot_begin_with_less_than_nothing(amount: Decimal) -> None:
    simulation = quiet_simulation(ManualClock())

    with pytest.raises(ValueError, match="USDT: "):
        simulation.binance.add_account("second", "s", {"USDT": amount})


def test_a_key_has_one_account() -> None:
    simulation = quiet_simulation(ManualClock())

    with pytest.raises(ValueError, match="exists already"):
        simulation.binance.add_account(KEY, "s", {})
