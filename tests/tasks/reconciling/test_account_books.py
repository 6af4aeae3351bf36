"""What a venue must show, out of the journal's records."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from exchanges.fill import Fill
from exchanges.instrument import Venue
from exchanges.side import Side
from tasks.reconciling.account_books import AccountBooks
from warehouse import Position, Record
from warehouse.records import RecordType

QUOTES = {Venue.UPBIT: "KRW", Venue.BINANCE: "USDT"}
AMOUNTS = st.decimals("0.001", "1000", places=3)
Entry = tuple[RecordType, Mapping[str, Any]]


def fill(number: int, side: str, quantity: Decimal, price: Decimal) -> Entry:
    return RecordType.FILL, {
        "venue": "binance", "symbol": "BTC", "trade_id": str(number), "side": side,
        "venue_order_id": f"order-{number % 3}", "client_order_id": f"kimp-{number % 3}",
        "quantity": str(quantity),
        "price": str(price), "fee": "0.5", "fee_currency": "USDT",
    }  # fmt: skip


def share(number: int, of: int, side: str, quantity: Decimal, price: Decimal | None) -> Entry:
    """Of the adopted trade ``of``; without a price a transfer of coin."""
    return RecordType.ADOPTION, {
        "adoption_id": f"x{number}", "venue": "binance", "symbol": "BTC", "side": side,
        "trade_id": None if price is None else f"by-hand-{of}", "quantity": str(quantity),
        "price": None if price is None else str(price), "fee": "0", "fee_currency": "USDT",
    }  # fmt: skip


def funding(number: int, amount: Decimal) -> Entry:
    return RecordType.FUNDING, {
        "venue": "binance", "transaction_id": str(number), "currency": "USDT",
        "amount": str(amount),
    }  # fmt: skip


NUMBERS, SIDES = st.integers(1, 50), st.sampled_from(["buy", "sell"])
ENTRIES = st.one_of(
    st.builds(fill, NUMBERS, SIDES, AMOUNTS, AMOUNTS),
    st.builds(share, NUMBERS, NUMBERS, SIDES, AMOUNTS, st.none() | AMOUNTS),
    st.builds(funding, NUMBERS, AMOUNTS),
)


@given(st.lists(ENTRIES, unique_by=lambda entry: (entry[0], str(list(entry[1].values())[:3]))))
def test_a_restarted_desk_expects_the_same_and_what_is_told_twice_counts_once(
    entries: list[Entry],
) -> None:
    live, again = AccountBooks(QUOTES), AccountBooks(QUOTES)
    for kind, body in entries:
        live.written(kind, body)
        live.written(kind, body)
    records = [
        Record(seq, "2026-02-01T00:00:00.000000Z", 1, kind, dict(body), Position(1, seq))
        for seq, (kind, body) in enumerate(entries)
    ]

    passed_on = list(again.restoring(records))

    assert passed_on == records
    for asset in ("BTC", "USDT"):
        assert live.expected(Venue.BINANCE, asset) == again.expected(Venue.BINANCE, asset)
    assert live.executed(Venue.BINANCE, "BTC") == again.executed(Venue.BINANCE, "BTC")


def test_a_trade_moves_coin_cash_and_fee_and_is_known_whole() -> None:
    books = AccountBooks(QUOTES)
    trade = Fill(
        "7", "v", None, "BTC", Side.SELL, Decimal(50_000), Decimal("0.2"), Decimal("0.5"), "USDT",
        datetime(2026, 2, 1, tzinfo=UTC),
    )  # fmt: skip
    assert books.missing(Venue.BINANCE, trade) == Decimal("0.2")

    books.written(*fill(7, "sell", trade.quantity, trade.price))

    assert books.missing(Venue.BINANCE, trade) == 0
    assert books.expected(Venue.BINANCE, "BTC") == Decimal("-0.2")
    assert books.expected(Venue.BINANCE, "USDT") == Decimal("9999.5")


def test_trades_of_an_order_add_up_to_what_it_executed_each_counted_once() -> None:
    books = AccountBooks(QUOTES)

    for number, quantity in ((3, "0.1"), (6, "0.2"), (6, "0.2"), (7, "0.5")):
        books.written(*fill(number, "buy", Decimal(quantity), Decimal(1)))

    executed = {"order-0": Decimal("0.3"), "order-1": Decimal("0.5")}
    assert books.executed(Venue.BINANCE, "BTC") == executed
    assert books.executed(Venue.BINANCE, "BTC", "kimp-0") == {"order-1": Decimal("0.5")}
    assert books.executed(Venue.UPBIT, "BTC") == {}


def test_what_of_a_trade_is_not_adopted_yet_is_missing() -> None:
    books = AccountBooks(QUOTES)
    whole = Fill(
        "by-hand-1", "v", None, "BTC", Side.BUY, Decimal(1), Decimal(5), Decimal(0), "USDT",
        datetime(2026, 2, 1, tzinfo=UTC),
    )  # fmt: skip

    books.written(*share(1, 1, "buy", Decimal(2), Decimal(1)))

    assert books.missing(Venue.BINANCE, whole) == 3


def test_a_watermark_opens_the_books_and_passes_over_what_was_before() -> None:
    books = AccountBooks(QUOTES)
    read_until = datetime(2026, 2, 1, tzinfo=UTC)
    assert not books.has_begun(Venue.UPBIT, "KRW")

    openings = {(Venue.UPBIT, "KRW"): Decimal(1_000)}
    mark = books.watermark(read_until, openings, [(Venue.BINANCE, "BTC", "7")])
    books.written(RecordType.WATERMARK, mark)
    later = books.watermark(read_until, {(Venue.BINANCE, "BTC"): Decimal(0)}, [])
    books.written(RecordType.WATERMARK, later)

    assert books.read_until == read_until
    assert books.expected(Venue.UPBIT, "KRW") == 1_000
    assert books.has_begun(Venue.BINANCE, "BTC")
    before = Fill(
        "7", "v", None, "BTC", Side.BUY, Decimal(1), Decimal(5), Decimal(0), "USDT", read_until
    )
    assert books.missing(Venue.BINANCE, before) == 0
