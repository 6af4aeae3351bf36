"""What no order of the desk explains, divided among the pairs that it touches."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from exchanges.fill import Fill
from exchanges.instrument import Venue
from exchanges.side import Side
from tasks.adoption import Adoption, AdoptionKind, adopt_fill, adoption_id
from tasks.day_results import DayResults
from tasks.pair import LegName, Pair
from tasks.pair_book import PairBook
from tasks.pair_transitions import PairState
from tasks.signal import Direction
from tests.exchanges.manual_clock import ManualClock
from tests.tasks.pairs import fees, flow, pair_of, quantities, reference
from warehouse.records import RecordType

NOTHING = flow("0", "0")


def trade(quantity: Decimal, side: Side = Side.BUY, fee: Decimal = Decimal("0.3")) -> Fill:
    return Fill(
        "t-1", "v-1", None, "BTC", side, Decimal(50_000), quantity, fee, "USDT",
        datetime(2026, 2, 1, tzinfo=UTC),
    )  # fmt: skip


def hedged(number: int, held: Decimal) -> Pair:
    entry = replace(NOTHING, quantity=held)
    pair = pair_of(Direction.LONG_PREMIUM, reference(1, "1", 1), (entry, NOTHING), (entry, NOTHING))
    return replace(pair, pair_id=f"p{number:012x}")


def adopted(fill: Fill, pairs: list[Pair]) -> list[Adoption]:
    kind = AdoptionKind.MANUAL_TRADE
    return adopt_fill(fill, Venue.BINANCE, LegName.PERPETUAL, kind, pairs, "by hand")


@given(st.lists(quantities, max_size=5), quantities, fees)
def test_shares_of_a_trade_add_up_to_it_and_take_no_more_than_a_pair_holds(
    held: list[Decimal], quantity: Decimal, fee: Decimal
) -> None:
    pairs = [hedged(number, each) for number, each in enumerate(held)]

    shares = adopted(trade(quantity, fee=fee), pairs)

    assert sum(share.quantity for share in shares) == quantity
    assert sum(share.fee for share in shares) == fee
    assert all(share.quantity > 0 for share in shares)
    holds = {pair.pair_id: pair.held(LegName.PERPETUAL) for pair in pairs}
    assert all(share.quantity <= holds[share.pair_id] for share in shares if share.pair_id)
    assert len({share.adoption_id for share in shares}) == len(shares)


def test_what_is_found_again_gets_the_id_that_it_had_however_it_is_found() -> None:
    """By another process, at another time: the journal of before must know it."""
    pairs = [hedged(1, Decimal(2)), hedged(2, Decimal(3))]

    first = [share.adoption_id for share in adopted(trade(Decimal(6)), pairs)]
    again = [share.adoption_id for share in adopted(trade(Decimal(6)), pairs)]

    assert again == first
    assert first == ["xdf6463fec4af40dd", "x9d3ec25da1636301", "xf3b8eee7ad3853c2"]
    assert adoption_id(Venue.UPBIT, "KRW", "1 2 3", None) == "x8dc73e0502581671"


def test_trade_that_adds_to_a_leg_is_no_pairs() -> None:
    [share] = adopted(trade(Decimal(1), Side.SELL), [hedged(1, Decimal(2))])

    assert (share.pair_id, share.leg, share.signed_quantity) == (None, None, Decimal(-1))


def test_oldest_pair_gives_first_and_the_rest_stands_beside_the_pairs() -> None:
    pairs = [hedged(1, Decimal(2)), hedged(2, Decimal(3))]

    shares = adopted(trade(Decimal(6)), pairs)

    assert [(share.pair_id, share.quantity) for share in shares] == [
        (pairs[0].pair_id, Decimal(2)),
        (pairs[1].pair_id, Decimal(3)),
        (None, Decimal(1)),
    ]


def test_trade_that_makes_a_naked_pair_whole_is_its_own() -> None:
    spot_only = replace(hedged(1, Decimal(2)), state=PairState.NAKED)
    spot_only = spot_only.with_leg(LegName.PERPETUAL, replace(spot_only.perpetual, entry=NOTHING))

    shares = adopted(trade(Decimal(3), Side.SELL), [hedged(2, Decimal(5)), spot_only])

    assert [(share.pair_id, share.quantity) for share in shares] == [
        (spot_only.pair_id, Decimal(2)),
        (None, Decimal(1)),
    ]


def test_adoption_reads_back_as_it_was_written() -> None:
    [share] = adopted(trade(Decimal(1)), [hedged(1, Decimal(2))])

    assert Adoption.from_snapshot(share.snapshot()) == share


def test_adoption_counts_once_and_before_it_counts_it_is_written() -> None:
    written: list[tuple[RecordType, Any]] = []

    def write(record_type: RecordType, body: Any) -> int:
        written.append((record_type, body))
        return len(written)

    book = PairBook(write, ManualClock(), DayResults())
    pair = hedged(1, Decimal(0))
    book.open(pair, "for a test")
    mine = replace(adopted(trade(Decimal(1)), [hedged(1, Decimal(2))])[0], kind=AdoptionKind.ADL)
    beside = adopted(trade(Decimal(4), Side.SELL), [])[0]

    first = [book.adopt(mine), book.adopt(mine), book.adopt(beside)]

    leg = book[pair.pair_id].perpetual
    assert first == [True, False, True]
    assert [body["kind"] for kind, body in written if kind is RecordType.ADOPTION] == [
        "adl",
        "manual_trade",
    ]
    assert (leg.exit.quantity, leg.exit.value, leg.exit.fee) == (
        Decimal(1),
        Decimal(50_000),
        Decimal("0.3"),
    )
    assert book.outside(Venue.BINANCE, "BTC") == -4
    assert book.adoptions() == [mine, beside]
