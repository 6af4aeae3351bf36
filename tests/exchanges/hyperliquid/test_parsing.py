from __future__ import annotations

import json
from collections.abc import Callable
from contextlib import suppress
from copy import deepcopy
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exchanges.account import Balance
from exchanges.book import Level
from exchanges.errors import BadReply, OrderNotFound
from exchanges.hyperliquid import order_parsing, parsing
from exchanges.order import OrderStatus
from exchanges.side import Side
from tests.exchanges.hyperliquid import samples
from tests.exchanges.test_reply import JSON

MADE = datetime(2026, 11, 2, 3, 4, 5, tzinfo=UTC)


def dump(value: object) -> bytes:
    return json.dumps(value).encode()


def state(**changes: Any) -> dict[str, Any]:
    return {**deepcopy(samples.STATE), **changes}


def holding(**changes: Any) -> dict[str, Any]:
    changed = deepcopy(samples.STATE)
    changed["assetPositions"][0]["position"].update(changes)  # type: ignore[index]
    return changed


def order(status: str = "filled", **changes: Any) -> Any:
    body = dump(samples.order_status(status, **changes))
    return order_parsing.parse_order_status(body, "BTC", "BTC").report


def test_market_is_named_by_its_place_in_the_universe() -> None:
    market = parsing.parse_market(dump(samples.META), "BTC")

    assert market == parsing.Market(asset=2, size_decimals=5, is_trading=True)
    assert not parsing.parse_market(dump(samples.META), "MATIC").is_trading


def test_rules_have_the_accounts_fees() -> None:
    market = parsing.Market(asset=2, size_decimals=5, is_trading=True)

    rules = parsing.parse_rules(market, dump(samples.FEES), "BTC")

    assert rules.tick(Decimal(50_000)) == 1
    assert rules.quantity_step == rules.min_quantity == Decimal("0.00001")
    assert rules.min_notional == 10
    assert (rules.maker_fee, rules.taker_fee) == (Decimal("0.00015"), Decimal("0.00045"))


@pytest.mark.parametrize(
    "universe", [[], [{"name": "BTC"}], [{"name": "BTC", "szDecimals": 7}], [{"szDecimals": 5}]]
)
def test_market_that_is_not_listed_or_has_no_precision_is_a_bad_reply(universe: object) -> None:
    with pytest.raises(BadReply):
        parsing.parse_market(dump({"universe": universe}), "BTC")


def test_balance_leaves_open_profit_out() -> None:
    (balance,) = parsing.parse_balances(dump(samples.STATE))

    assert balance == Balance("USDC", Decimal("1003.0"), Decimal("955.25"))


def test_balance_has_no_more_available_than_there_is() -> None:
    (balance,) = parsing.parse_balances(dump(holding(unrealizedPnl="900")))

    assert balance == Balance("USDC", Decimal("105.5"), Decimal("105.5"))


def test_balance_of_an_account_with_one_margin_for_all() -> None:
    told = {
        "assetPositions": [],
        "crossMarginSummary": {"accountValue": "210.5"},
        "withdrawable": "30.5",
    }

    (balance,) = parsing.parse_balances(dump(told))

    assert (balance.total, balance.available) == (Decimal("210.5"), Decimal("30.5"))


def test_short_position_is_negative_and_its_mark_is_value_for_a_coin() -> None:
    position = parsing.parse_position(dump(samples.STATE), "BTC", "BTC")

    assert position.quantity == Decimal("-0.01")
    assert position.entry_price == 50_500
    assert position.mark_price == 50_250
    assert position.liquidation_price == Decimal("148900.123")
    assert position.unrealized_pnl == Decimal("2.5")


def test_position_without_a_liquidation_price_has_none() -> None:
    body = dump(holding(liquidationPx=None, entryPx=None))

    position = parsing.parse_position(body, "BTC", "BTC")

    assert position.liquidation_price is None
    assert position.entry_price is None


@pytest.mark.parametrize("told", [state(assetPositions=[]), holding(szi="0.0")])
def test_absent_or_zero_row_is_flat(told: dict[str, Any]) -> None:
    position = parsing.parse_position(dump(told), "BTC", "BTC")

    assert position.quantity == 0
    assert position.mark_price is None


def test_book_is_read_exactly() -> None:
    book = parsing.parse_book(dump(samples.BOOK), "BTC", "BTC", 7.0)

    assert book.bids == (
        Level(Decimal(50_000), Decimal("1.5")),
        Level(Decimal(49_999), Decimal(2)),
    )
    assert book.best_ask == Level(Decimal(50_002), Decimal("0.001"))
    assert (book.venue_time, book.received) == (MADE, 7.0)


@pytest.mark.parametrize(
    "change",
    [
        {"coin": "ETH"},
        {"levels": []},
        {"levels": [[], [], []]},
        {"levels": [5, 6]},
        {"levels": [[{"px": "0", "sz": "1"}], []]},
        {"levels": [[{"px": "1", "sz": "1"}, {"px": "2", "sz": "1"}], []]},
        {"time": "now"},
    ],
)
def test_book_that_is_none_is_a_bad_reply(change: dict[str, Any]) -> None:
    with pytest.raises(BadReply):
        parsing.parse_book(dump({**samples.BOOK, **change}), "BTC", "BTC", 7.0)


CANCELLED_FOR = [
    "margin",
    "selfTrade",
    "reduceOnly",
    "siblingFilled",
    "delisted",
    "liquidated",
    "openInterestCap",
    "vaultWithdrawal",
    "whyever",
]
REJECTED_FOR = [
    "tick",
    "minTradeNtl",
    "perpMargin",
    "reduceOnly",
    "badAloPx",
    "badTriggerPx",
    "marketOrderNoLiquidity",
    "positionIncreaseAtOpenInterestCap",
    "insufficientSpotBalance",
    "oracle",
    "perpMaxPosition",
    "whyever",
]


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        ("open", OrderStatus.NEW),
        ("triggered", OrderStatus.NEW),
        ("canceled", OrderStatus.CANCELLED),
        ("rejected", OrderStatus.REJECTED),
        ("iocCancelRejected", OrderStatus.EXPIRED),
        ("scheduledCancel", OrderStatus.CANCELLED),
        *((f"{why}Canceled", OrderStatus.CANCELLED) for why in CANCELLED_FOR),
        *((f"{why}Rejected", OrderStatus.REJECTED) for why in REJECTED_FOR),
    ],
)
def test_status_has_our_name(status: str, expected: OrderStatus) -> None:
    report = order(status, sz="0.01")

    assert report.status is expected
    assert report.filled == 0


def test_filled_order_has_our_id_and_no_trades_yet() -> None:
    report = order()

    assert report.client_order_id == samples.ID
    assert report.venue_order_id == str(samples.OID)
    assert (report.side, report.status) == (Side.SELL, OrderStatus.FILLED)
    assert (report.quantity, report.filled, report.fills) == (Decimal("0.01"), Decimal("0.01"), ())


def test_order_that_filled_in_part_and_is_gone_has_expired() -> None:
    report = order("filled", sz="0.004")

    assert (report.status, report.filled) == (OrderStatus.EXPIRED, Decimal("0.006"))


def test_filled_order_told_as_it_was_made_is_filled() -> None:
    report = order("filled", sz="0.01")

    assert (report.status, report.filled) == (OrderStatus.FILLED, Decimal("0.01"))


def test_cancelled_order_keeps_what_it_traded() -> None:
    report = order("canceled", sz="0.004")

    assert (report.status, report.filled) == (OrderStatus.CANCELLED, Decimal("0.006"))


def test_order_of_another_program_shows_its_cloid_or_none() -> None:
    assert order(cloid=samples.OTHER_CLOID).client_order_id == samples.OTHER_CLOID
    assert order(cloid=None).client_order_id == ""


def test_trades_of_an_open_order_count_before_its_status_does() -> None:
    """An open order is told as it was when it opened."""
    fills = order_parsing.parse_fills(dump(samples.FILLS), "BTC", "BTC")

    report = order_parsing.with_fills(order("open", sz="0.01"), fills[:1])

    assert (report.status, report.filled) == (OrderStatus.PARTIALLY_FILLED, Decimal("0.006"))
    assert report.fills_complete


def test_trades_complete_the_report() -> None:
    rows = [*samples.FILLS, samples.fill(oid=5, sz="?"), samples.fill(coin="ETH", tid=7)]
    fills = order_parsing.parse_order_fills(dump(rows), "BTC", "BTC", samples.OID)

    report = order_parsing.with_fills(order(), fills)

    assert report.fills_complete
    assert report.value == Decimal("0.006") * 50_000 + Decimal("0.004") * 49_999
    assert report.fee_in("USDC") == Decimal("0.224999")
    assert {fill.client_order_id for fill in report.fills} == {samples.ID}
    assert {fill.fee_currency for fill in report.fills} == {"USDC"}


def test_unknown_order_is_not_found() -> None:
    with pytest.raises(OrderNotFound):
        order_parsing.parse_order_status(dump(samples.NO_ORDER), "BTC", "BTC")


def test_open_orders_of_other_markets_are_left_out() -> None:
    rows = [samples.basic_order(sz="0.004"), samples.basic_order(coin="ETH", oid=5)]

    (report,) = order_parsing.parse_open_orders(dump(rows), "BTC", "BTC")

    assert (report.status, report.filled) == (OrderStatus.PARTIALLY_FILLED, Decimal("0.006"))


def test_order_told_without_its_first_size_has_what_is_left() -> None:
    row = samples.basic_order(sz="0.004")
    del row["origSz"]

    (report,) = order_parsing.parse_open_orders(dump([row]), "BTC", "BTC")

    assert (report.quantity, report.filled) == (Decimal("0.004"), Decimal(0))


def test_funding_is_signed_and_named_by_its_time() -> None:
    rows = [samples.funding(), samples.funding(coin="ETH"), samples.funding(type="other")]

    (payment,) = parsing.parse_funding(dump(rows), "BTC", "BTC")

    assert payment.transaction_id == f"BTC-{samples.MADE_MS}"
    assert (payment.amount, payment.currency) == (Decimal("0.0125"), "USDC")
    assert payment.time == MADE


@pytest.mark.parametrize(
    "change",
    [
        {"side": "S"},
        {"oid": "5"},
        {"coin": "ETH"},
        {"sz": "0.02"},
        {"sz": "-1"},
        {"origSz": "NaN"},
        {"timestamp": None},
        {"cloid": 5},
        {"cloid": "kimp-known"},
        {"cloid": "0x12"},
    ],
)
def test_bad_field_of_an_order_is_a_bad_reply(change: dict[str, Any]) -> None:
    with pytest.raises(BadReply):
        order(**change)


def test_status_that_nobody_knows_is_a_bad_reply() -> None:
    with pytest.raises(BadReply, match="status"):
        order("dreaming")


PARSERS: list[tuple[Callable[[bytes], object], object]] = [
    (lambda body: parsing.parse_market(body, "BTC"), samples.META),
    (parsing.parse_address_use, samples.RATE_LIMIT),
    (parsing.parse_time, samples.STATE),
    (parsing.parse_balances, samples.STATE),
    (lambda body: parsing.parse_position(body, "BTC", "BTC"), samples.STATE),
    (lambda body: parsing.parse_book(body, "BTC", "BTC", 1.0), samples.BOOK),
    (lambda body: parsing.parse_funding(body, "BTC", "BTC"), [samples.funding()]),
    (lambda body: parsing.parse_times("rows", body), [samples.funding()]),
    (
        lambda body: parsing.parse_rules(parsing.Market(0, 5, True), body, "BTC"),
        samples.FEES,
    ),
    (
        lambda body: order_parsing.parse_order_status(body, "BTC", "BTC"),
        samples.order_status(),
    ),
    (lambda body: order_parsing.parse_open_orders(body, "BTC", "BTC"), [samples.basic_order()]),
    (lambda body: order_parsing.parse_fills(body, "BTC", "BTC"), samples.FILLS),
]


@given(which=st.sampled_from(PARSERS), body=st.binary() | JSON.map(dump))
def test_any_body_is_understood_or_a_bad_reply(
    which: tuple[Callable[[bytes], object], object], body: bytes
) -> None:
    with suppress(BadReply, OrderNotFound):
        which[0](body)


@given(which=st.sampled_from(PARSERS), data=st.data(), value=JSON)
def test_any_change_to_a_valid_body_is_understood_or_a_bad_reply(
    which: tuple[Callable[[bytes], object], object], data: st.DataObject, value: object
) -> None:
    parse, sample = which
    parse(dump(sample))

    changed = altered(deepcopy(sample), data, value)

    with suppress(BadReply, OrderNotFound):
        parse(dump(changed))


def altered(sample: Any, data: st.DataObject, value: object) -> Any:
    """``sample`` with one of its parts, at any depth, replaced by ``value``."""
    if isinstance(sample, dict) and sample:
        key = data.draw(st.sampled_from(sorted(sample)))
    elif isinstance(sample, list) and sample:
        key = data.draw(st.sampled_from(range(len(sample))))
    else:
        return value
    sample[key] = value if data.draw(st.booleans()) else altered(sample[key], data, value)
    return sample
