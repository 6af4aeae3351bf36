"""One order and what became of it, by the venue's evidence alone."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from exchanges.instrument import Venue
from exchanges.side import Side
from tasks.leg_orders import leg_order
from tasks.pair import LegName, Pair
from tasks.pair_transitions import PairState
from tasks.paper_desk import PaperDesk
from tasks.settled_order import LegOrder, Purpose
from tasks.signal import Direction
from tests.tasks.desks import Bench, entered, run
from tests.tasks.pairs import flow, pair_of, reference
from warehouse import Journal, LeaseLost
from warehouse.records import RecordType

READ = "GET /v1/order"


def opening() -> Pair:
    none = (flow("0", "0"), flow("0", "0"))
    pair = pair_of(Direction.LONG_PREMIUM, reference(60_000_000, "50000", 1150), none, none)
    return replace(pair, spot=replace(pair.spot, attempts=0))


def spot_order(desk: PaperDesk, attempt: int = 1, quantity: str = "0.010") -> LegOrder:
    trading = desk.parts.trading
    pair = opening()
    if trading.pairs.get(pair.pair_id) is None:
        trading.pairs.open(pair, "for a test")
    return leg_order(
        pair,
        LegName.SPOT,
        attempt,
        Purpose.ENTRY,
        side=Side.BUY,
        quantity=Decimal(quantity),
        bound=Decimal(60_100_000),
        rules=trading.venues[LegName.SPOT].rules["BTC"],
    )


def outcomes(bench: Bench) -> list[tuple[str, bool]]:
    return [
        (record.body["outcome"], record.body["final"])
        for record in bench.records(RecordType.ORDER_OUTCOME)
    ]


@pytest.mark.parametrize(
    ("kind", "args", "filled", "told"),
    [
        (None, {}, "0.010", [("reported", False), ("reported", True)]),
        ("partial", {"fraction": "0.4"}, "0.004", [("reported", False), ("reported", True)]),
        ("reject", {}, "0", [("rejected", True)]),
        ("lose_reply", {}, "0.010", [("unknown", False), ("reported", True)]),
        ("lose_request", {}, "0", [("unknown", False), ("not_found", True)]),
        ("http_500", {}, "0", [("unknown", False), ("not_found", True)]),
    ],
)
def test_an_order_is_journalled_as_what_the_venue_shows(
    tmp_path: Path,
    kind: str | None,
    args: dict[str, Any],
    filled: str,
    told: list[tuple[str, bool]],
) -> None:
    async def scenario(bench: Bench) -> None:
        async with bench.still_desk() as desk:
            if kind is not None:
                bench.fault(Venue.UPBIT, kind, **args)
            [settled] = await desk.parts.trading.execute([spot_order(desk)])

            assert settled.decided
            assert settled.filled == Decimal(filled)
            assert outcomes(bench) == told
            traded = sum(
                Decimal(record.body["quantity"]) for record in bench.records(RecordType.FILL)
            )
            assert traded == settled.filled == bench.coin()

    run(tmp_path, scenario)


def test_an_order_below_the_minimum_is_denied_and_never_sent(tmp_path: Path) -> None:
    async def scenario(bench: Bench) -> None:
        async with bench.still_desk() as desk:
            [settled] = await desk.parts.trading.execute([spot_order(desk, quantity="0.00001")])
            assert settled.filled == 0
            assert outcomes(bench) == [("denied", True)]
            assert bench.orders_placed() == []

    run(tmp_path, scenario)


def test_not_found_counts_only_after_the_grace(tmp_path: Path) -> None:
    """The request is slow, not lost: it arrives while the venue still says "no such order"."""

    async def scenario(bench: Bench) -> None:
        async with bench.still_desk() as desk:
            bench.fault(Venue.UPBIT, "delay", ms=5_500)
            [settled] = await desk.parts.trading.execute([spot_order(desk)])
            assert settled.filled == Decimal("0.010")

    run(tmp_path, scenario)


def test_an_order_that_was_acknowledged_is_never_declared_lost(tmp_path: Path) -> None:
    """The venue took it, cannot be read for a while, then claims not to know it."""

    async def scenario(bench: Bench) -> None:
        async with bench.still_desk() as desk:
            trading = desk.parts.trading
            order = spot_order(desk)
            bench.fault(Venue.UPBIT, "http_500", times=1_000, endpoint=READ)
            [settled] = await trading.execute([order])
            assert not settled.decided
            assert outcomes(bench) == [("reported", False), ("unknown", False)]

            bench.simulation.faults.clear()
            forgetful = {"code": "order_not_found", "message": "no such order"}
            bench.fault(Venue.UPBIT, "reject", times=1_000, endpoint=READ, **forgetful)
            assert not await trading.settle_again(order.pair_id)
        await asyncio.sleep(2)
        async with bench.still_desk() as desk:  # which has asked once more at its start
            assert desk.parts.trading.pairs.undecided(order.pair_id) == [order]
            bench.simulation.faults.clear()
            assert await desk.parts.trading.settle_again(order.pair_id)
            assert desk.parts.trading.pairs[order.pair_id].spot.held == Decimal("0.010")

    run(tmp_path, scenario)


def test_an_order_that_rests_is_cancelled_and_read_to_its_end(tmp_path: Path) -> None:
    async def scenario(bench: Bench) -> None:
        async with bench.still_desk() as desk:
            order = spot_order(desk)
            resting = replace(
                order, order=replace(order.order, price=Decimal(59_000_000), time_in_force=None)
            )
            [settled] = await desk.parts.trading.execute([resting])

            assert settled.decided
            assert settled.filled == 0
            assert bench.krw() == 100_000_000

    run(tmp_path, scenario)


def test_one_order_is_not_left_alone_when_the_other_one_fails_inside(tmp_path: Path) -> None:
    """The error is raised only when both ends are known."""

    async def scenario(bench: Bench) -> None:
        async with bench.still_desk() as desk:
            trading = desk.parts.trading
            unknown = replace(spot_order(desk, attempt=2), leg=LegName.PERPETUAL)
            broken = replace(unknown, order=replace(unknown.order, symbol="ETH"))
            bench.fault(Venue.UPBIT, "delay", ms=2_000)
            good = spot_order(desk)

            async def fails(*_: object) -> None:
                raise RuntimeError("inside")

            trading.venues[LegName.PERPETUAL].exchange.submit = fails  # type: ignore
            with pytest.raises(RuntimeError):
                await trading.execute([good, broken])
            assert bench.coin() == Decimal("0.010")
            assert trading.pairs[good.pair_id].spot.held == Decimal("0.010")

    run(tmp_path, scenario)


# ---- "no such order" that the account contradicts


NO_SUCH_ORDER = {"code": "order_not_found", "message": "no such order"}


def hide_the_order(bench: Bench) -> None:
    """The venue's lists of orders have forgotten what its accounts have not."""
    bench.fault(Venue.UPBIT, "reject", times=10_000, endpoint=READ, **NO_SUCH_ORDER)


def test_an_order_whose_coin_is_on_the_account_is_not_declared_lost(tmp_path: Path) -> None:
    """Order and trades cannot be seen; the balance has changed all the same."""

    async def scenario(bench: Bench) -> None:
        async with bench.still_desk() as desk:
            trading = desk.parts.trading
            hide_the_order(bench)
            bench.fault(Venue.UPBIT, "lose_reply")

            async def none(*_: object, **__: object) -> tuple[()]:
                return ()

            trading.venues[LegName.SPOT].exchange.fills = none  # type: ignore[method-assign]
            order = spot_order(desk)
            [settled] = await trading.execute([order])

            assert not settled.decided
            assert "as if 0.01 of it had been executed" in (settled.error or "")
            assert trading.pairs.undecided(order.pair_id) == [order]
            bench.simulation.faults.clear()
            assert await trading.settle_again(order.pair_id)
            assert trading.pairs[order.pair_id].spot.held == Decimal("0.010")

    run(tmp_path, scenario)


def test_coin_that_others_put_on_the_account_says_nothing_about_a_lost_order(
    tmp_path: Path,
) -> None:
    async def scenario(bench: Bench) -> None:
        async with bench.still_desk() as desk:
            bench.fault(Venue.UPBIT, "lose_request")
            executing = asyncio.create_task(desk.parts.trading.execute([spot_order(desk)]))
            await asyncio.sleep(0.5)
            account = bench.simulation.upbit.account("paper-upbit")
            assert account is not None
            account.ledger.credit("BTC", Decimal("0.5"))
            [settled] = await executing

            assert settled.never_received

    run(tmp_path, scenario, coin="1")


def test_trades_are_looked_for_from_the_sending_on_however_long_ago(tmp_path: Path) -> None:
    """A desk that was down for a day does not take yesterday's order for one that never was."""

    async def scenario(bench: Bench) -> None:
        async with bench.still_desk() as desk:
            order = spot_order(desk)
            bench.fault(Venue.UPBIT, "http_500", times=1_000, endpoint=READ)
            bench.fault(Venue.UPBIT, "lose_reply")
            await desk.parts.trading.execute([order])
        await asyncio.sleep(timedelta(days=1).total_seconds())
        bench.simulation.faults.clear()
        hide_the_order(bench)
        async with bench.still_desk() as desk:
            trading = desk.parts.trading

            assert trading.pairs.undecided(order.pair_id) == [order]

            bench.simulation.faults.clear()
            assert await trading.settle_again(order.pair_id)
            assert trading.pairs[order.pair_id].spot.held == Decimal("0.010")

    run(tmp_path, scenario)


def test_what_was_proven_of_an_order_is_not_forgotten_when_it_cannot_be_read(
    tmp_path: Path,
) -> None:
    async def scenario(bench: Bench) -> None:
        async with bench.still_desk() as desk:
            trading = desk.parts.trading
            order = spot_order(desk)
            resting = replace(order.order, price=Decimal(59_000_000), time_in_force=None)
            bench.fault(Venue.UPBIT, "reject", times=1_000, endpoint="DELETE /v1/order")
            executing = asyncio.create_task(trading.execute([replace(order, order=resting)]))
            await asyncio.sleep(0.5)
            bench.spot_at(58_999_000, size="0.004")  # the one level that it crosses
            await asyncio.sleep(0.1)
            bench.spot_at(60_000_000)
            [settled] = await executing
            assert not settled.decided
            proven = trading.pairs[order.pair_id].spot.held
            assert proven == Decimal("0.004")

            bench.fault(Venue.UPBIT, "http_500", times=1_000, endpoint=READ)
            assert not await trading.settle_again(order.pair_id)

            assert trading.pairs[order.pair_id].spot.held == proven
        async with bench.still_desk() as desk:
            assert desk.parts.trading.pairs[order.pair_id].spot.held == proven

    run(tmp_path, scenario)


# ---- zombies


def test_a_desk_that_was_replaced_between_journal_and_send_sends_nothing(tmp_path: Path) -> None:
    async def scenario(bench: Bench) -> None:
        successors: list[Journal] = []
        folder = bench.settings.journal_dir
        async with bench.still_desk() as desk:
            parts = desk.parts
            intended: list[str] = []

            def take_over(record_type: RecordType, body: Mapping[str, Any]) -> None:
                """Somebody has deleted the lock; another executor starts when both orders stand in
                the journal and neither is sent."""
                if record_type is RecordType.ORDER_INTENDED:
                    intended.append(body["client_order_id"])
                if len(intended) == 2 and not successors:
                    (folder / "lock").unlink()
                    successors.append(Journal.open(folder, bench.clock.now))

            parts.write.listeners.append(take_over)
            room = [venue.exchange.order_room() for venue in parts.trading.venues.values()]
            outcome = await entered(desk)

            assert len(intended) == 2
            assert bench.orders_placed() == []
            assert bench.records(RecordType.ORDER_OUTCOME) == []
            assert "LeaseLost" in (outcome.reason or "")
            assert room == [venue.exchange.order_room() for venue in parts.trading.venues.values()]
            with pytest.raises(LeaseLost):
                parts.write.check_lease()
            assert not parts.write.lease_held
        successors[0].close()
        async with bench.still_desk() as desk:
            [pair] = desk.parts.trading.pairs
            assert pair.state is PairState.FAILED
            assert bench.orders_placed() == []

    run(tmp_path, scenario)
