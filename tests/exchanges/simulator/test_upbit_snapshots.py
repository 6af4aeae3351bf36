"""What self-match prevention did is remembered; files from before it are read."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

from exchanges.instrument import Venue
from exchanges.simulator.snapshot_json import to_json
from exchanges.simulator.upbit.account import UpbitAccount
from exchanges.simulator.upbit.engine import UpbitEngine
from exchanges.simulator.upbit.order_request import parse_order_request
from exchanges.simulator.upbit.shapes import order_with_trades_json
from exchanges.simulator.upbit.snapshot import UpbitSnapshot
from tests.exchanges.manual_clock import ManualClock
from tests.exchanges.simulator.still_market import set_btc, still_market

KEY = "key"
ADDED = ("smp", "prevented_volume", "prevented_locked")
"""Fields that older files do not have."""


def traded() -> UpbitEngine:
    """Two orders that were prevented, one that traded, one that rests."""
    clock = ManualClock()
    market = still_market(clock)
    set_btc(market, "60000000", "60010000")
    engine = UpbitEngine(market, clock)
    engine.add_account(KEY, "secret", {"KRW": Decimal(100_000_000), "BTC": Decimal(1)})
    limit = {"ord_type": "limit", "price": "60005000"}
    for order in (
        limit | {"side": "ask", "volume": "0.1", "identifier": "maker"},
        limit | {"side": "bid", "volume": "0.3", "identifier": "taker", "smp_type": "reduce"},
        {"side": "ask", "ord_type": "market", "volume": "0.2"},
        limit | {"side": "bid", "volume": "0.1", "price": "59000000"},
    ):
        listing = market.listing(Venue.UPBIT, "KRW-BTC")
        engine.place(owner(engine), parse_order_request(order, listing))
    return engine


def owner(engine: UpbitEngine) -> UpbitAccount:
    account = engine.account(KEY)
    assert account is not None
    return account


def restored(saved: bytes) -> UpbitEngine:
    clock = ManualClock()
    engine = UpbitEngine(still_market(clock), clock)
    engine.restore(UpbitSnapshot.model_validate_json(saved))
    return engine


def orders(engine: UpbitEngine) -> list[Any]:
    return [order_with_trades_json(order) for order in owner(engine).orders.values()]


def test_what_was_prevented_is_remembered() -> None:
    engine = traded()

    again = restored(to_json(engine.snapshot()))

    assert orders(again) == orders(engine)
    assert {order["prevented_volume"] for order in orders(again)} == {"0.1", "0.3", "0"}
    assert [order["state"] for order in orders(again)] == ["cancel", "cancel", "done", "wait"]
    assert owner(again).pocket_uuid == owner(engine).pocket_uuid
    assert list(owner(again).open) == list(owner(engine).open)


def test_a_file_from_before_is_read() -> None:
    engine = traded()
    content = json.loads(to_json(engine.snapshot()))
    kept = content["accounts"][KEY]
    kept["orders"] = [order for order in kept["orders"] if order["state"] == "done"]
    kept["locked"] = dict.fromkeys(kept["locked"], "0")
    for order in kept["orders"]:
        for name in ADDED:
            order.pop(name, None)
            order["request"].pop(name, None)

    again = restored(json.dumps(content).encode())

    (sold,) = orders(again)
    assert (sold["state"], sold["prevented_volume"], sold["smp_type"]) == (
        "done", "0", "cancel_maker",
    )  # fmt: skip
