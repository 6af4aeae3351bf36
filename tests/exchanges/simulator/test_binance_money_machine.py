"""Whatever an account does and suffers, in any order: no hundred-millionth of a USDT is lost."""

from __future__ import annotations

import contextlib
from decimal import Decimal
from typing import Any

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from exchanges.side import Side
from exchanges.simulator.binance.account import VenueAccount
from exchanges.simulator.binance.call import Call
from exchanges.simulator.binance.front import ROUTES
from exchanges.simulator.binance.order import PriceMatch, SelfTrade, VenueTimeInForce
from exchanges.simulator.binance.position import PositionSide
from exchanges.simulator.binance.refusal import Refused
from tests.exchanges.manual_clock import ManualClock
from tests.exchanges.simulator.binance_venue import KEY, SYMBOL, move_market, quiet_simulation

ZERO = Decimal(0)
SIDES = st.sampled_from(["BUY", "SELL"])
HOLDING_SIDES = st.sampled_from(["LONG", "SHORT"])
QUANTITIES = st.one_of(st.integers(1, 500), st.sampled_from([1, 1_000, 2_000, 40_000])).map(
    lambda n: str(Decimal(n).scaleb(-3))
)
OFFSETS = st.one_of(st.integers(-30, 30), st.integers(-20_000, 20_000)).map(
    lambda n: Decimal(n).scaleb(-1)
)
FRACTIONS = st.sampled_from([None, None, None, ZERO, Decimal("0.35")])


class Money(RuleBasedStateMachine):
    """One account under all that can happen to it, through the endpoints that a client uses."""

    def __init__(self) -> None:
        super().__init__()
        self.clock = ManualClock()
        self.simulation = quiet_simulation(self.clock, Decimal(30_000))
        self.engine = self.simulation.binance
        self.middle = Decimal(50_000)

    @property
    def account(self) -> VenueAccount:
        return self.engine.account(KEY)

    @initialize(hedge=st.booleans(), isolated=st.booleans(), leverage=st.sampled_from([1, 7, 125]))
    def begin(self, hedge: bool, isolated: bool, leverage: int) -> None:
        self.call("POST", "/fapi/v1/positionSide/dual", dualSidePosition=str(hedge).lower())
        self.call("POST", "/fapi/v1/marginType", marginType="ISOLATED" if isolated else "CROSSED")
        self.call("POST", "/fapi/v1/leverage", leverage=leverage)

    def call(
        self, method: str, path: str, fraction: Decimal | None = None, **params: object
    ) -> Any:
        """The answer, or None when the venue refuses."""
        texts = {"symbol": SYMBOL} | {k: str(v) for k, v in params.items() if v is not None}
        with contextlib.suppress(Refused):
            return ROUTES[method, path].handler(Call(self.engine, texts, self.account, fraction))
        return None

    def open_ids(self) -> list[int]:
        return [order.order_id for order in self.account.orders.open()]

    @rule(
        side=SIDES,
        holding=HOLDING_SIDES,
        quantity=QUANTITIES,
        offset=OFFSETS,
        in_force=st.sampled_from(VenueTimeInForce),
        reduce_only=st.sampled_from([None, "false", "true"]),
        self_trade=st.sampled_from(SelfTrade),
        match=st.sampled_from([PriceMatch.NONE, PriceMatch.NONE, *PriceMatch]),
        fraction=FRACTIONS,
    )
    def limit(
        self,
        side: str,
        holding: str,
        quantity: str,
        offset: Decimal,
        in_force: VenueTimeInForce,
        reduce_only: str | None,
        self_trade: SelfTrade,
        match: PriceMatch,
        fraction: Decimal | None,
    ) -> None:
        hedge, matched = self.account.hedge_mode, match is not PriceMatch.NONE
        lasts_until = self.engine.now_ms() + 700_000
        self.call(
            "POST",
            "/fapi/v1/order",
            fraction,
            side=side,
            positionSide=holding if hedge else None,
            type="LIMIT",
            timeInForce=in_force.value,
            quantity=quantity,
            price=None if matched else self.middle + offset,
            priceMatch=match.value if matched else None,
            reduceOnly=None if hedge else reduce_only,
            selfTradePreventionMode=self_trade.value,
            goodTillDate=lasts_until if in_force is VenueTimeInForce.GTD else None,
        )

    @rule(
        side=SIDES,
        holding=HOLDING_SIDES,
        quantity=QUANTITIES,
        reduce_only=st.sampled_from([None, "true"]),
        self_trade=st.sampled_from(SelfTrade),
        fraction=FRACTIONS,
    )
    def market(
        self,
        side: str,
        holding: str,
        quantity: str,
        reduce_only: str | None,
        self_trade: SelfTrade,
        fraction: Decimal | None,
    ) -> None:
        hedge = self.account.hedge_mode
        self.call(
            "POST",
            "/fapi/v1/order",
            fraction,
            side=side,
            positionSide=holding if hedge else None,
            type="MARKET",
            quantity=quantity,
            reduceOnly=None if hedge else reduce_only,
            selfTradePreventionMode=self_trade.value,
        )

    @rule(
        side=SIDES,
        holding=HOLDING_SIDES,
        kind=st.sampled_from(["STOP_MARKET", "TAKE_PROFIT_MARKET", "STOP", "TAKE_PROFIT"]),
        quantity=QUANTITIES,
        offset=OFFSETS,
        closes=st.booleans(),
    )
    def conditional(
        self, side: str, holding: str, kind: str, quantity: str, offset: Decimal, closes: bool
    ) -> None:
        price = self.middle + offset
        is_market = kind.endswith("MARKET")
        closes = closes and is_market
        self.call(
            "POST",
            "/fapi/v1/algoOrder",
            algoType="CONDITIONAL",
            side=side,
            positionSide=holding if self.account.hedge_mode else None,
            type=kind,
            quantity=None if closes else quantity,
            closePosition="true" if closes else None,
            triggerPrice=price,
            price=None if is_market else price,
            timeInForce=None if is_market else "GTC",
        )

    @rule(which=st.integers(0, 9), quantity=QUANTITIES, offset=OFFSETS)
    def amend(self, which: int, quantity: str, offset: Decimal) -> None:
        orders = self.account.orders.open()
        if orders:
            order = orders[which % len(orders)]
            self.call(
                "PUT",
                "/fapi/v1/order",
                orderId=order.order_id,
                side=order.side.name,
                quantity=quantity,
                price=self.middle + offset,
            )

    @rule(which=st.integers(0, 9))
    def cancel(self, which: int) -> None:
        ids = self.open_ids()
        if ids:
            self.call("DELETE", "/fapi/v1/order", orderId=ids[which % len(ids)])

    @rule(milliseconds=st.sampled_from([0, 1_000, 100_000]))
    def count_down(self, milliseconds: int) -> None:
        self.call("POST", "/fapi/v1/countdownCancelAll", countdownTime=milliseconds)

    @rule(seconds=st.sampled_from([1, 300, 30_000]))
    def time_passes(self, seconds: int) -> None:
        self.clock.advance(seconds)
        self.engine.advance()

    @rule(leverage=st.sampled_from([1, 3, 20, 75, 150]))
    def change_leverage(self, leverage: int) -> None:
        self.call("POST", "/fapi/v1/leverage", leverage=leverage)

    @rule(kind=st.sampled_from(["ISOLATED", "CROSSED"]), hedge=st.booleans())
    def change_modes(self, kind: str, hedge: bool) -> None:
        self.call("POST", "/fapi/v1/marginType", marginType=kind)
        self.call("POST", "/fapi/v1/positionSide/dual", dualSidePosition=str(hedge).lower())

    @rule(
        holding=HOLDING_SIDES,
        amount=st.integers(1, 10**10).map(lambda n: Decimal(n).scaleb(-7)),
        kind=st.sampled_from([1, 2]),
    )
    def change_isolated_margin(self, holding: str, amount: Decimal, kind: int) -> None:
        hedge = self.account.hedge_mode
        self.call(
            "POST",
            "/fapi/v1/positionMargin",
            positionSide=holding if hedge else None,
            amount=amount,
            type=kind,
        )

    @rule(offset=OFFSETS, size=st.sampled_from(["0.003", "2", "0.0005"]))
    def market_moves(self, offset: Decimal, size: str) -> None:
        self._move(self.middle + offset, Decimal(size))

    @rule(factor=st.sampled_from(["0.7", "0.93", "0.99", "1.01", "1.06", "1.5"]))
    def market_jumps(self, factor: str) -> None:
        middle = (self.middle * Decimal(factor)).quantize(Decimal("0.1"))
        self._move(min(max(middle, Decimal(9_000)), Decimal(200_000)), Decimal(2))

    def _move(self, middle: Decimal, size: Decimal) -> None:
        self.middle = middle
        move_market(self.simulation, middle - 1, middle + 1, size)

    @rule(rate=st.integers(-3_000_000, 3_000_000).map(lambda n: Decimal(n).scaleb(-8)))
    def settle_funding(self, rate: Decimal) -> None:
        self.engine.settle_funding(rate)

    @rule(reason=st.sampled_from(["ADL", "liquidation"]), share=st.sampled_from(["0.4", "1"]))
    def force_close(self, reason: str, share: str) -> None:
        held = max((abs(p.quantity) for _, _, p in self.account.held()), default=ZERO)
        quantity = (held * Decimal(share)).quantize(Decimal("0.001"))
        if quantity:
            self.engine.force_close(KEY, SYMBOL, quantity, reason)

    @invariant()
    def the_wallet_is_the_start_and_all_income(self) -> None:
        income = [one.amount for one in self.account.income]
        assert self.account.usdt == 30_000 + sum(income, ZERO)
        assert all(amount == round(amount, 8) for amount in income)

    @invariant()
    def positions_are_what_was_traded(self) -> None:
        for side in PositionSide:
            held = self.account.position(SYMBOL, side)
            trades = [one for one in self.account.trades if one.position_side is side]
            bought = [one.quantity * (1 if one.side is Side.BUY else -1) for one in trades]
            paid = [
                one.price * one.quantity * (1 if one.side is Side.BUY else -1) for one in trades
            ]
            realized = sum((one.realized for one in trades), ZERO)
            assert held.quantity == sum(bought, ZERO)
            assert held.cost == sum(paid, ZERO) + realized
            assert held.quantity or not (held.cost or held.isolated_margin)
            assert side is not PositionSide.LONG or held.quantity >= 0
            assert side is not PositionSide.SHORT or held.quantity <= 0

    @invariant()
    def nothing_is_set_aside_where_nothing_is_isolated(self) -> None:
        for symbol, side in self.account.positions:
            margin = self.account.position(symbol, side).isolated_margin
            assert not margin or symbol in self.account.isolated

    @invariant()
    def orders_have_executed_what_was_traded_and_no_more_than_they_asked(self) -> None:
        traded: dict[int, Decimal] = {}
        for one in self.account.trades:
            traded[one.order_id] = traded.get(one.order_id, ZERO) + one.quantity
        for order in self.account.orders:
            assert order.executed == traded.get(order.order_id, ZERO)
            assert order.executed <= order.quantity or order.amendments

    @invariant()
    def all_that_a_client_can_read_can_be_written(self) -> None:
        for path in ("/fapi/v3/account", "/fapi/v2/positionRisk", "/fapi/v3/balance"):
            assert ROUTES["GET", path].handler(Call(self.engine, {}, self.account))


TestMoney = Money.TestCase
TestMoney.settings = settings(max_examples=20, stateful_step_count=40, deadline=None)
