"""Journal against venues: what is booked, what is alarmed, and what a venue's lag must not do."""

from __future__ import annotations

import asyncio
from decimal import Decimal
from pathlib import Path

import pytest

from exchanges.instrument import Venue
from exchanges.side import Side
from tasks.outcome import OutcomeStatus
from tasks.pair import LegName
from tasks.pair_transitions import PairState
from tests.tasks.desks import Bench, assert_agreed, assert_cash_is_conserved, entered, pair_of, run
from tests.tasks.reconciling.accounts import CASH, conjure, force_close, trade_by_hand
from tests.tasks.reconciling.comparing import compared
from warehouse.records import RecordType

BOTH_WAYS = pytest.mark.parametrize("direction", ["long_premium", "short_premium"])
BOTH_VENUES = pytest.mark.parametrize("perpetual", [Venue.BINANCE, Venue.HYPERLIQUID])


@BOTH_VENUES
@BOTH_WAYS
def test_a_leg_traded_by_hand_is_taken_over_and_the_other_one_follows(
    tmp_path: Path, perpetual: Venue, direction: str
) -> None:
    async def scenario(bench: Bench) -> None:
        async with bench.still_desk() as desk:
            opened = await entered(desk, direction=direction)
            leaving = pair_of(desk, opened).side(LegName.PERPETUAL, purpose_is_entry=False)
            await trade_by_hand(desk, LegName.PERPETUAL, leaving, "0.010")

            agreed, [difference] = await compared(desk)

            pair = pair_of(desk, opened)
            assert agreed is True
            assert difference["kind"] == "fill"
            assert difference["explained"] == f"taken over as manual_trade: {pair.pair_id}"
            assert pair.state is PairState.CLOSED
            assert [pair.held(leg) for leg in LegName] == [0, 0]
            assert_cash_is_conserved(bench, desk, coin="1")
            await assert_agreed(desk)

    run(tmp_path, scenario, coin="1", perpetual_venue=perpetual)


@BOTH_VENUES
def test_an_auto_deleveraged_short_is_taken_over_when_no_stream_told_of_it(
    tmp_path: Path, perpetual: Venue
) -> None:
    async def scenario(bench: Bench) -> None:
        async with bench.still_desk() as desk:
            opened = await entered(desk)
            force_close(bench, "0.004")

            agreed, [difference] = await compared(desk)

            pair = pair_of(desk, opened)
            assert agreed is True
            assert difference["difference"] == "0.004"
            assert difference["explained"] == f"taken over as adl: {pair.pair_id}"
            assert pair.state is PairState.HEDGED
            assert [pair.held(leg) for leg in LegName] == [Decimal("0.006")] * 2
            assert_cash_is_conserved(bench, desk)
            await assert_agreed(desk)

    run(tmp_path, scenario, perpetual_venue=perpetual)


@BOTH_VENUES
def test_a_start_does_not_ask_for_orders_whose_trades_the_journal_holds(
    tmp_path: Path, perpetual: Venue
) -> None:
    async def scenario(bench: Bench) -> None:
        async with bench.still_desk() as desk:
            opened = [await entered(desk) for _ in range(3)]
            bench.spot_at(66_000_000)
            await asyncio.sleep(3)  # until the rate limits have room
            await desk.parts.feeds.read_all()
            closed = await desk.submit(action="EXIT", pair_id=opened[0].pair_id)
            assert closed.status is OutcomeStatus.CLOSED
            assert [pair_of(desk, one).state for one in opened[1:]] == [PairState.HEDGED] * 2
        until = len(bench.simulation.requests.requests())

        async with bench.still_desk() as desk:
            agreed, differences = await compared(desk)

        assert (agreed, differences) == (True, [])
        asked = [seen.path for seen in bench.simulation.requests.requests()[until:]]
        assert "/v1/orders/closed" in asked
        assert not {"/v1/order", "/fapi/v1/order"} & {*asked}

    run(tmp_path, scenario, perpetual_venue=perpetual)


def test_a_pair_closed_by_hand_on_both_legs_is_closed_and_nothing_is_sent(tmp_path: Path) -> None:
    async def scenario(bench: Bench) -> None:
        async with bench.still_desk() as desk:
            opened = await entered(desk)
            await trade_by_hand(desk, LegName.SPOT, Side.SELL, "0.010")
            await trade_by_hand(desk, LegName.PERPETUAL, Side.BUY, "0.010")
            sent = [name for name in bench.orders_placed() if name.startswith("kimp-")]

            agreed, _ = await compared(desk)

            assert agreed is True
            assert pair_of(desk, opened).state is PairState.CLOSED
            assert [name for name in bench.orders_placed() if name.startswith("kimp-")] == sent

    run(tmp_path, scenario)


def test_coin_of_others_is_what_a_hand_sells_before_the_coin_of_a_pair(tmp_path: Path) -> None:
    async def scenario(bench: Bench) -> None:
        async with bench.still_desk() as desk:
            opened = await entered(desk)
            await trade_by_hand(desk, LegName.SPOT, Side.SELL, "0.3")
            await compared(desk)
            untouched = pair_of(desk, opened)
            await trade_by_hand(desk, LegName.SPOT, Side.SELL, "0.004")
            agreed, _ = await compared(desk)

            assert untouched.state is PairState.HEDGED
            assert untouched.held(LegName.SPOT) == Decimal("0.010")
            assert agreed is True
            pair = pair_of(desk, opened)
            assert pair.held(LegName.SPOT) == pair.held(LegName.PERPETUAL) == Decimal("0.006")
            await assert_agreed(desk)

    run(tmp_path, scenario, coin="0.3")


@BOTH_VENUES
@pytest.mark.parametrize("leg", list(LegName))
@pytest.mark.parametrize("sign", [1, -1])
def test_coin_that_no_trade_explains_is_never_explained(
    tmp_path: Path, perpetual: Venue, leg: LegName, sign: int
) -> None:
    async def scenario(bench: Bench) -> None:
        async with bench.still_desk() as desk:
            await entered(desk)
            await assert_agreed(desk)
            least = Decimal("0.001" if leg is LegName.PERPETUAL else "0.0001")
            conjure(bench, leg, sign * least)
            agreed, differences = await compared(desk)

            assert agreed is False
            unexplained = [item for item in differences if item["explained"] is None]
            assert [Decimal(item["difference"]) for item in unexplained] == [sign * least]
            assert (await entered(desk)).status is OutcomeStatus.DENIED
        async with bench.still_desk() as desk:
            assert (await compared(desk))[0] is False
            conjure(bench, leg, -sign * least)
            await assert_agreed(desk)
            assert (await entered(desk)).status is OutcomeStatus.DENIED  # a person has to ask
            assert (await desk.parts.stopping.resuming.resume("it is gone"))["resumed"] is True
            assert (await entered(desk)).status is OutcomeStatus.HEDGED

    run(tmp_path, scenario, perpetual_venue=perpetual)


@BOTH_VENUES
@pytest.mark.parametrize("leg", list(LegName))
def test_coin_that_a_person_accepts_is_booked_with_the_reason(
    tmp_path: Path, perpetual: Venue, leg: LegName
) -> None:
    async def scenario(bench: Bench) -> None:
        async with bench.still_desk() as desk:
            await entered(desk)
            await compared(desk)
            conjure(bench, leg, "0.005")
            blocked, _ = await compared(desk)
            record = await desk.parts.operations.reconcile("moved from cold storage")

            assert (blocked, record["agreed"]) == (False, True)
            # A position that no trade made leaves its price in the cash.
            accepted = [item["symbol"] for item in record["differences"]]
            cash = [] if leg is LegName.SPOT else [CASH[perpetual]]
            assert accepted == ["BTC", *cash]
            assert {item["explained"] for item in record["differences"]} == {
                "accepted: moved from cold storage"
            }
        async with bench.still_desk() as desk:
            await assert_agreed(desk)
            assert (await desk.parts.stopping.resuming.resume("accepted"))["resumed"] is True
            assert (await entered(desk)).status is OutcomeStatus.HEDGED
            conjure(bench, leg, "0.005")
            assert (await compared(desk))[0] is False

    run(tmp_path, scenario, perpetual_venue=perpetual)


def test_a_position_that_was_there_before_the_books_is_for_a_person_to_close(
    tmp_path: Path,
) -> None:
    async def scenario(bench: Bench) -> None:
        conjure(bench, LegName.PERPETUAL, "-0.5")
        async with bench.still_desk() as desk:
            agreed, [difference] = await compared(desk)
            assert agreed is False
            assert (difference["kind"], difference["difference"]) == ("position", "-0.5")

            await trade_by_hand(desk, LegName.PERPETUAL, Side.BUY, "0.5")
            assert (await compared(desk))[0] is True
            assert desk.parts.trading.pairs.adoptions() == []
            await assert_agreed(desk)

    run(tmp_path, scenario)


def test_a_trade_under_an_id_of_ours_that_was_never_given_out_is_for_a_person(
    tmp_path: Path,
) -> None:
    async def scenario(bench: Bench) -> None:
        async with bench.still_desk() as desk:
            name = "kimp-p0123456789ab-p001"
            await trade_by_hand(desk, LegName.PERPETUAL, Side.SELL, "0.010", name)

            agreed, differences = await compared(desk)

            assert agreed is False
            assert [item["kind"] for item in differences] == ["fill", "position"]
            assert name in differences[0]["venue_says"]

            accepted = await desk.parts.operations.reconcile("an older desk's order")
            assert accepted["agreed"] is True
            await assert_agreed(desk)
            assert desk.parts.books.expected(Venue.BINANCE, "BTC") == bench.position()

    run(tmp_path, scenario)


def test_an_order_that_was_never_received_and_traded_is_found_by_its_trades(tmp_path: Path) -> None:
    async def scenario(bench: Bench) -> None:
        async with bench.still_desk() as desk:
            bench.fault(Venue.UPBIT, "reject")
            bench.fault(Venue.BINANCE, "lose_request")
            outcome = await entered(desk)
            assert outcome.status is OutcomeStatus.FAILED
            lost = desk.parts.trading.pairs.leg_order(f"kimp-{outcome.pair_id}-p001").order
            await desk.parts.trading.venues[LegName.PERPETUAL].exchange.submit(lost)

            agreed, [difference] = await compared(desk)

            assert agreed is True
            assert difference["explained"] == "late: settled again"
            pair = pair_of(desk, outcome)
            assert pair.held(LegName.SPOT) == pair.held(LegName.PERPETUAL)
            assert pair.state is not PairState.FAILED
            await assert_agreed(desk)
            assert_cash_is_conserved(bench, desk)

    run(tmp_path, scenario)


def test_trades_made_while_no_desk_ran_are_taken_over_at_start(tmp_path: Path) -> None:
    async def scenario(bench: Bench) -> None:
        async with bench.still_desk() as desk:
            opened = await entered(desk)
            exchange_desk = desk
            await trade_by_hand(exchange_desk, LegName.SPOT, Side.SELL, "0.010")
        async with bench.still_desk() as desk:
            assert pair_of(desk, opened).state is PairState.CLOSED
            await assert_agreed(desk)
            assert_cash_is_conserved(bench, desk)
        async with bench.still_desk() as desk:
            assert len(desk.parts.trading.pairs.adoptions()) == 1

    run(tmp_path, scenario)


def test_a_crash_between_an_adoption_and_its_event_leaves_no_pair_hedged_by_name_only(
    tmp_path: Path,
) -> None:
    async def scenario(bench: Bench) -> None:
        async with bench.still_desk() as desk:
            opened = await entered(desk)
            await trade_by_hand(desk, LegName.PERPETUAL, Side.BUY, "0.010")
            unknown = desk.parts.operations._reconciliation._unknown
            unknown._tell = lambda *_: (_ for _ in ()).throw(MemoryError())  # type: ignore[method-assign]
            with pytest.raises(MemoryError):
                await compared(desk)
            torn = pair_of(desk, opened)
            assert torn.state is PairState.HEDGED
            assert torn.held(LegName.PERPETUAL) == 0
        async with bench.still_desk() as desk:
            assert pair_of(desk, opened).state is PairState.CLOSED
            await assert_agreed(desk)

    run(tmp_path, scenario)


def test_an_undecided_order_explains_what_it_may_have_traded_and_no_more(tmp_path: Path) -> None:
    async def scenario(bench: Bench) -> None:
        async with bench.still_desk() as desk:
            bench.fault(Venue.BINANCE, "lose_request")
            bench.fault(Venue.BINANCE, "http_500", times=10_000, endpoint="GET /fapi/v1/order")
            outcome = await entered(desk)
            assert pair_of(desk, outcome).state is PairState.UNKNOWN
            conjure(bench, LegName.PERPETUAL, "-0.010")
            agreed, [difference] = await compared(desk)
            conjure(bench, LegName.PERPETUAL, "-0.001")
            too_much, _ = await compared(desk)

            assert agreed is True
            assert (difference["kind"], difference["difference"]) == ("position", "-0.01")
            assert "undecided" in (difference["explained"] or "")
            assert too_much is False

    run(tmp_path, scenario)


def test_agreement_is_written_down_and_disagreement_is_not(tmp_path: Path) -> None:
    async def scenario(bench: Bench) -> None:
        async with bench.still_desk() as desk:
            await entered(desk)
            await compared(desk)
            agreed = len(bench.records(RecordType.WATERMARK))
            conjure(bench, LegName.SPOT, "-0.001")
            await compared(desk)

            assert agreed == 2
            assert len(bench.records(RecordType.WATERMARK)) == agreed

    run(tmp_path, scenario)
