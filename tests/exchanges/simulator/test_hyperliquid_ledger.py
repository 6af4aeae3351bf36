"""Whatever is done at the simulated Hyperliquid, no USDC comes from nowhere and none is lost."""

from __future__ import annotations

import asyncio
import json
from decimal import Decimal
from typing import Any

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from exchanges.hyperliquid.signing import sign_action
from exchanges.instrument import Venue
from exchanges.side import Side
from exchanges.simulator.faults import ConnectionRefused, Fault, FaultKind, Faults, Vanish
from exchanges.simulator.hyperliquid.account import VenueAccount
from exchanges.simulator.hyperliquid.engine import HyperliquidEngine
from exchanges.simulator.hyperliquid.front import HyperliquidFront
from exchanges.simulator.hyperliquid.snapshot import HyperliquidSnapshot
from exchanges.simulator.market import Market, Quote
from exchanges.simulator.request_log import RequestLog
from exchanges.simulator.snapshot_json import to_json
from exchanges.transport import Request
from tests.exchanges.manual_clock import ManualClock
from tests.exchanges.simulator.hyperliquid_venue import (
    AGENT,
    JSON,
    KEY,
    MAIN,
    batch,
    limit,
    trigger,
)
from tests.exchanges.simulator.still_market import still_path

START = Decimal(20_000)
ZERO = Decimal(0)

sides = st.sampled_from(["buy", "sell"])
prices = st.integers(49_950, 50_050).map(str)
sizes = st.integers(20, 90_000).map(lambda lots: f"{Decimal(lots).scaleb(-5).normalize():f}")
reduces = st.sampled_from([False, False, False, False, True])
cloids = st.none() | st.integers(0, 8).map(lambda number: f"0x{number:032x}")


def named(wire: dict[str, Any], cloid: str | None) -> dict[str, Any]:
    return wire if cloid is None else {**wire, "c": cloid}


limits = st.builds(
    lambda side, price, size, tif, r, cloid: named(limit(side, price, size, tif, r=r), cloid),
    sides,
    prices,
    sizes,
    st.sampled_from(["Gtc", "Ioc", "Ioc", "Alo"]),
    reduces,
    cloids,
)
triggers = st.builds(
    lambda side, price, size, at, tpsl, market, r: trigger(
        side, price, size, at, tpsl, market=market, r=r
    ),
    sides,
    prices,
    sizes,
    prices,
    st.sampled_from(["tp", "sl"]),
    st.booleans(),
    reduces,
)
faults = st.sampled_from(
    [
        (FaultKind.REJECT, {}),
        (FaultKind.INSUFFICIENT, {}),
        (FaultKind.REFUSE_CONNECTION, {}),
        (FaultKind.LOSE_REQUEST, {}),
        (FaultKind.LOSE_REPLY, {}),
        (FaultKind.HTTP_500, {}),
        (FaultKind.HTTP_503_UNKNOWN, {}),
        (FaultKind.RATE_LIMITED, {}),
        (FaultKind.PARTIAL, {"fraction": "0.37"}),
        (FaultKind.PARTIAL, {"fraction": "0"}),
    ]
)


class Ledger(RuleBasedStateMachine):
    """Every action over the venue's front, and what the venue does by itself."""

    def __init__(self) -> None:
        super().__init__()
        self.runner = asyncio.Runner()
        self.clock = ManualClock()
        self.market = Market(still_path(), self.clock)
        self.faults = Faults()
        self.engine = HyperliquidEngine(self.market, self.clock, schedule_cancel_volume=Decimal(0))
        self.engine.add_account(MAIN, AGENT, {"USDC": START})
        self.nonce = 0
        self.serve()

    def teardown(self) -> None:
        self.runner.close()

    def serve(self) -> None:
        self.front = HyperliquidFront(self.engine, self.faults, self.clock, RequestLog())

    @property
    def account(self) -> VenueAccount:
        account = self.engine.account(MAIN)
        assert account is not None
        return account

    def send(self, path: str, body: dict[str, Any]) -> Any:
        """The answer, or None when there is none or it is no success."""
        self.clock.advance(1)  # else the weight of a minute is soon used up
        request = Request("POST", path, "", JSON, json.dumps(body).encode())
        try:
            response = self.runner.run(self.front.handle(request))
        except (Vanish, ConnectionRefused):
            return None
        return json.loads(response.body) if response.status == 200 else None

    def act(self, action: dict[str, Any]) -> Any:
        self.nonce = max(self.nonce + 1, self.engine.now_ms())
        signature = sign_action(action, self.nonce, KEY, is_mainnet=True).wire()
        return self.send(
            "/exchange", {"action": action, "nonce": self.nonce, "signature": signature}
        )

    # ---- what the account does

    @rule(orders=st.lists(limits | triggers, min_size=1, max_size=3))
    def order(self, orders: list[dict[str, Any]]) -> None:
        self.act(batch(*orders))

    @rule(order=limits)
    def one_order(self, order: dict[str, Any]) -> None:
        self.act(batch(order))

    @rule(
        parent=limits,
        children=st.lists(triggers, min_size=1, max_size=2),
        grouping=st.sampled_from(["normalTpsl", "positionTpsl"]),
    )
    def group(self, parent: dict[str, Any], children: list[dict[str, Any]], grouping: str) -> None:
        if grouping == "positionTpsl":
            self.act(batch(*({**child, "s": "0"} for child in children), grouping=grouping))
        else:
            self.act(batch(parent, *children, grouping=grouping))

    @rule(place=st.integers(0, 4), order=limits | triggers, by_cloid=st.booleans())
    def modify(self, place: int, order: dict[str, Any], by_cloid: bool) -> None:
        for old in self.account.orders.open()[place : place + 1]:
            oid = old.cloid if by_cloid and old.cloid is not None else old.oid
            change = {"oid": oid, "order": order}
            self.act({"type": "batchModify", "modifies": [change]})

    @rule(place=st.integers(0, 4))
    def cancel(self, place: int) -> None:
        for old in self.account.orders.open()[place : place + 1]:
            self.act({"type": "cancel", "cancels": [{"a": 0, "o": old.oid}]})

    @rule(leverage=st.integers(1, 40), is_cross=st.booleans())
    def leverage(self, leverage: int, is_cross: bool) -> None:
        self.act({"type": "updateLeverage", "asset": 0, "isCross": is_cross, "leverage": leverage})

    @rule(millionths=st.integers(-3_000_000_000, 3_000_000_000))
    def isolated_margin(self, millionths: int) -> None:
        self.act({"type": "updateIsolatedMargin", "asset": 0, "isBuy": True, "ntli": millionths})

    @rule(seconds=st.integers(5, 600))
    def schedule(self, seconds: int) -> None:
        self.act({"type": "scheduleCancel", "time": self.engine.now_ms() + seconds * 1_000})

    # ---- what happens to it

    @rule(bid=st.integers(49_940, 50_060), size=st.sampled_from(["0.00007", "0.3", "5"]))
    def move(self, bid: int, size: str) -> None:
        quote = Quote(Decimal(bid), Decimal(bid + 1), Decimal(size))
        self.market.set_quote(Venue.HYPERLIQUID, "BTC", quote)

    @rule(bid=st.integers(30_000, 80_000))
    def crash(self, bid: int) -> None:
        self.move(bid, "5")
        self.move(50_000, "5")

    @rule(hundred_thousandths=st.integers(-400, 400))
    def fund(self, hundred_thousandths: int) -> None:
        self.engine.settle_funding(Decimal(hundred_thousandths).scaleb(-5))

    @rule(seconds=st.integers(1, 8_000))
    def wait(self, seconds: int) -> None:
        self.clock.advance(seconds)
        self.engine.catch_up()

    @rule(share=st.integers(1, 10), reason=st.sampled_from(["ADL", "liquidation"]))
    def force(self, share: int, reason: str) -> None:
        held = abs(self.account.position(0).size)
        quantity = (held * share / 10).quantize(Decimal("0.00001"))
        if quantity:
            self.engine.force_close(MAIN, "BTC", quantity, reason)

    @rule(fault=faults)
    def break_something(self, fault: tuple[FaultKind, dict[str, Any]]) -> None:
        kind, args = fault
        self.faults.add(Fault(Venue.HYPERLIQUID, "POST /exchange", kind, 1, args))

    @rule()
    def restart(self) -> None:
        saved = HyperliquidSnapshot.model_validate_json(to_json(self.engine.snapshot()))
        self.engine = HyperliquidEngine(self.market, self.clock, schedule_cancel_volume=Decimal(0))
        self.engine.restore(saved)
        self.engine.add_account(MAIN, AGENT, {})
        self.serve()

    # ---- what is always so

    @invariant()
    def cash_is_what_came_in_and_what_was_told_of(self) -> None:
        account = self.account
        profits = sum((fill.closed_pnl for fill in account.fills), ZERO)
        fees = sum((fill.fee for fill in account.fills), ZERO)
        funding = sum((payment.amount for payment in account.funding), ZERO)

        assert account.cash == START + profits - fees + funding + account.forgiven
        assert account.cash == account.cash.quantize(Decimal("0.000001"))

    @invariant()
    def a_position_is_what_was_traded(self) -> None:
        account, position = self.account, self.account.position(0)
        signed = [
            (fill.size if fill.side is Side.BUY else -fill.size, fill.price)
            for fill in account.fills
        ]
        paid = sum((size * price for size, price in signed), ZERO)
        profits = sum((fill.closed_pnl for fill in account.fills), ZERO)

        assert position.size == sum((size for size, _ in signed), ZERO)
        assert position.cost == paid + profits
        if not position.size:
            assert position.cost == position.isolated_margin == 0
        if 0 not in account.isolated:
            assert position.isolated_margin == 0

    @invariant()
    def an_order_has_traded_what_its_fills_say(self) -> None:
        filled: dict[int, Decimal] = {}
        for fill in self.account.fills:
            filled[fill.oid] = filled.get(fill.oid, ZERO) + fill.size

        for order in self.account.orders:
            assert order.filled == filled.get(order.oid, ZERO)
            assert order.filled <= order.size

    @invariant()
    def no_account_owes(self) -> None:
        if not self.account.position(0).size:
            assert self.account.cash >= 0

    @invariant()
    def the_wire_shows_it(self) -> None:
        state = self.send("/info", {"type": "clearinghouseState", "user": MAIN})
        account, position = self.account, self.account.position(0)
        mark = self.market.last_price(Venue.HYPERLIQUID, "BTC")

        value = account.cash + position.unrealized(mark)
        assert Decimal(state["marginSummary"]["accountValue"]) == value
        assert 0 <= Decimal(state["withdrawable"]) <= max(value, ZERO)


TestLedger = Ledger.TestCase
TestLedger.settings = settings(max_examples=25, stateful_step_count=25, deadline=None)
