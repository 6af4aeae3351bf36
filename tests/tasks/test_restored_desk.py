"""A desk whose journal comes from a backup: it trades on, and never trades twice."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import datetime
from decimal import Decimal
from pathlib import Path

from exchanges.instrument import Venue
from tasks.backing_up import back_up
from tasks.outcome import OutcomeStatus
from tasks.pair_book import STALE
from tasks.pair_transitions import PairState
from tasks.settings import Mode
from tests.tasks.desks import (
    Bench,
    assert_agreed,
    assert_cash_is_conserved,
    assert_legs_match,
    entered,
    pair_of,
    run,
    until,
)
from warehouse import Warehouse
from warehouse.restore import restore_backup


def save(bench: Bench) -> Path:
    """A backup, made while the desk is at work."""
    return back_up(bench.settings, Mode.PAPER, bench.clock.now()).backup.file


def put_back(bench: Bench, archive: Path) -> None:
    now: Callable[[], datetime] = bench.clock.now
    books = Warehouse(bench.settings.warehouse_file, bench.settings.journal_dir)
    restore_backup(archive, books, mode="paper", reason="the disk broke", clock_now=now)


def test_a_restored_desk_is_stopped_until_a_person_resumes_it_and_then_trades_on(
    tmp_path: Path,
) -> None:
    async def scenario(bench: Bench) -> None:
        async with bench.desk() as desk:
            first = pair_of(desk, await entered(desk)).pair_id
            archive = save(bench)
        put_back(bench, archive)
        async with bench.desk() as desk:
            assert [pair.pair_id for pair in desk.parts.trading.pairs] == [first]
            denied = await entered(desk)
            assert denied.status is OutcomeStatus.DENIED
            assert "restored from the backup" in (denied.reason or "")
            await assert_agreed(desk)

            assert (await desk.parts.stopping.resuming.resume("looked at both venues"))["resumed"]

            second = await entered(desk)
            assert second.status is OutcomeStatus.HEDGED
            bench.spot_at(63_000_000)
            await asyncio.sleep(2)
            for pair in list(desk.parts.trading.pairs):
                closed = await desk.submit(action="EXIT", pair_id=pair.pair_id)
                assert closed.status is OutcomeStatus.CLOSED
            await assert_agreed(desk)
            assert_cash_is_conserved(bench, desk)
        books = Warehouse(bench.settings.warehouse_file, bench.settings.journal_dir)
        books.ingest()
        assert books.report().total.pairs_closed == 2

    run(tmp_path, scenario)


def test_what_was_traded_after_the_backup_is_found_at_the_venues_and_never_done_again(
    tmp_path: Path,
) -> None:
    """One pair was closed and one was opened since: the journal that came back knows neither."""

    async def scenario(bench: Bench) -> None:
        async with bench.desk() as desk:
            closed_since = pair_of(desk, await entered(desk)).pair_id
            archive = save(bench)
            bench.spot_at(63_000_000)
            await asyncio.sleep(2)
            left = await desk.submit(action="EXIT", pair_id=closed_since)
            assert left.status is OutcomeStatus.CLOSED
            bench.spot_at(60_000_000)
            await asyncio.sleep(2)
            assert (await entered(desk)).status is OutcomeStatus.HEDGED
        orders, coin, position = bench.orders_placed(), bench.coin(), bench.position()
        put_back(bench, archive)
        async with bench.desk() as desk:
            record = await desk.parts.operations.reconcile()
            fills = [item for item in record["differences"] if item["kind"] == "fill"]
            assert (record["agreed"], len(fills)) == (False, 4)
            refused = await desk.parts.stopping.resuming.resume("looked at both venues")
            assert not refused["resumed"]
            assert "no such trade" in refused["reasons"][0]["message"]
            assert (await entered(desk)).status is OutcomeStatus.DENIED
            assert bench.orders_placed() == orders
            assert (bench.coin(), bench.position()) == (coin, position)

            # A person has looked: both pairs' orders were the desk's own.
            taken = await desk.parts.operations.reconcile("restored from a backup")
            await until(lambda: not desk.parts.trading.pairs.open_pairs())

            assert taken["agreed"]
            assert all(item["explained"] for item in taken["differences"])
            assert bench.orders_placed() == orders
            [pair] = desk.parts.trading.pairs
            assert (pair.pair_id, pair.state) == (closed_since, PairState.CLOSED)
            assert (await desk.parts.stopping.resuming.resume("taken over"))["resumed"]
            assert (await entered(desk)).status is OutcomeStatus.HEDGED
            assert_legs_match(desk)

    run(tmp_path, scenario)


def test_a_number_that_an_order_after_the_backup_may_have_had_is_not_given_again(
    tmp_path: Path,
) -> None:
    """Half of the pair was closed since. Under the same ids the venues would answer with that half
    when the other is to be closed, and the coin would be sold in the books only."""

    async def scenario(bench: Bench) -> None:
        async with bench.desk() as desk:
            pair_id = pair_of(desk, await entered(desk)).pair_id
            archive = save(bench)
            bench.spot_at(63_000_000)
            await asyncio.sleep(2)
            for venue in (Venue.UPBIT, Venue.BINANCE):
                bench.fault(venue, "partial", fraction="0.5")
            half = await desk.submit(action="EXIT", pair_id=pair_id)
            assert half.status is OutcomeStatus.FAILED
            assert (bench.coin(), bench.position()) == (Decimal("0.005"), Decimal("-0.005"))
        put_back(bench, archive)
        async with bench.desk() as desk:
            await desk.parts.operations.reconcile("restored from a backup")
            pairs = desk.parts.trading.pairs
            await until(lambda: pairs[pair_id].state is PairState.HEDGED)
            left = await desk.submit(action="EXIT", pair_id=pair_id)

            assert left.status is OutcomeStatus.CLOSED
            assert [len(leg.client_order_ids) for leg in left.legs] == [2, 2]
            assert bench.coin() == bench.position() == 0
            await assert_agreed(desk)
            assert_cash_is_conserved(bench, desk)

    run(tmp_path, scenario)  # which sees that no id was sent twice


def test_a_pair_that_was_closed_since_is_not_closed_again_with_the_coin_of_another(
    tmp_path: Path,
) -> None:
    """By nobody, automatic or asked: not until journal and venues agree."""

    async def scenario(bench: Bench) -> None:
        async with bench.desk() as desk:
            closed_since = pair_of(desk, await entered(desk)).pair_id
            archive = save(bench)
            bench.spot_at(63_000_000)
            await asyncio.sleep(2)
            left = await desk.submit(action="EXIT", pair_id=closed_since)
            assert left.status is OutcomeStatus.CLOSED
            assert (await entered(desk, "0.006")).status is OutcomeStatus.HEDGED
        orders = bench.orders_placed()
        put_back(bench, archive)
        async with bench.desk() as desk:
            [validated] = await desk.parts.desk.validate_exits()
            asked = await desk.submit(action="EXIT", pair_id=closed_since)
            killed = await desk.parts.killing.kill("in doubt", liquidate=True)

            assert (validated["decision"], validated["sentence"]) == ("hold", STALE)
            assert asked.reason == f"restored: {STALE}"
            assert STALE in killed["outcomes"][0]["reason"]
            assert bench.orders_placed() == orders

    run(tmp_path, scenario)
