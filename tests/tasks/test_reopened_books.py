"""The books of a pair that had ended and was open again: one result, the last."""

from __future__ import annotations

import asyncio
from decimal import Decimal
from pathlib import Path

from exchanges.instrument import Venue
from tasks.outcome import OutcomeStatus
from tasks.pair import LegName
from tasks.pair_transitions import PairState
from tests.tasks.desks import Bench, assert_cash_is_conserved, entered, pair_of, run
from warehouse import Warehouse
from warehouse.records import RecordType


def test_an_unwound_pair_whose_lost_order_arrives_counts_once_and_when_it_has_ended(
    tmp_path: Path,
) -> None:
    async def scenario(bench: Bench) -> None:
        books = Warehouse(
            tmp_path / "books.duckdb", bench.settings.journal_dir, clock_now=bench.clock.now
        )
        async with bench.still_desk() as desk:
            watching = asyncio.create_task(desk.parts.late_fills.run())
            bench.fault(Venue.UPBIT, "lose_request")
            bench.fault(Venue.UPBIT, "reject", times=3)
            outcome = await entered(desk)
            assert outcome.status is OutcomeStatus.UNWOUND
            pair_id = pair_of(desk, outcome).pair_id
            books.ingest()
            assert books.report().today.pairs_unwound == 1

            lost = desk.parts.trading.pairs.leg_order(f"kimp-{pair_id}-s001").order
            await desk.parts.trading.venues[LegName.SPOT].exchange.submit(lost)
            await asyncio.sleep(120)
            assert pair_of(desk, outcome).state is PairState.HEDGED
            books.ingest()
            reopened = books.report()

            bench.spot_at(66_000_000)
            await desk.parts.feeds.read_all()
            await desk.submit(action="EXIT", pair_id=pair_id)
            watching.cancel()
            assert pair_of(desk, outcome).state is PairState.CLOSED
            assert_cash_is_conserved(bench, desk)
            result = desk.parts.trading.pairs.result(pair_id)

        books.ingest()
        books.rollup()
        closed = books.report()
        assert (reopened.today.pairs_unwound, reopened.today.net_krw) == (0, Decimal(0))
        assert [(pair.pair_id, pair.result) for pair in reopened.open_pairs] == [(pair_id, None)]
        [shown] = closed.ended_pairs
        assert shown.result is not None
        assert result is not None
        assert shown.result.net_krw == closed.today.net_krw == Decimal(result["net_krw"])
        assert (closed.today.pairs_closed, closed.today.pairs_unwound) == (1, 0)
        assert books.sql("SELECT pairs_closed, pairs_unwound, net_krw FROM pnl_daily").rows == (
            (1, 0, closed.today.net_krw),
        )
        stretches = [record.body for record in bench.records(RecordType.EXPOSURE)]
        assert [item["began_with"] for item in stretches] == ["opened", "late_fill", "exit_started"]
        assert closed.unhedged.repaired == 2

    run(tmp_path, scenario)
