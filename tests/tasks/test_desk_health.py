"""What the desk says of its own parts."""

from __future__ import annotations

import asyncio
import os
import shutil
from pathlib import Path
from types import SimpleNamespace

import pytest

from exchanges.instrument import Venue
from tasks.outcome import OutcomeStatus
from tasks.switch_guard import ENTRY
from tests.tasks.desks import Bench, entered, run
from warehouse import Warehouse
from warehouse.records import RecordType

PARTS = ["upbit", "binance", "fx", "clock", "prefect", "pairs", "journal", "warehouse", "disk"]


def test_a_desk_at_work_is_well_in_all_nine_parts(tmp_path: Path) -> None:
    async def scenario(bench: Bench) -> None:
        async with bench.desk() as desk:
            health = desk.parts.health.now()

            assert list(health["components"]) == PARTS
            assert health["ok"] is True
            assert health["against_entries"] == []
            assert (health["errors_hour"], health["errors_today"]) == (0, 0)

    run(tmp_path, scenario)


def test_health_is_journalled_every_thirty_seconds(tmp_path: Path) -> None:
    async def scenario(bench: Bench) -> None:
        async with bench.still_desk() as desk:
            began = bench.clock.now()
            looking = asyncio.create_task(desk.parts.health.run())
            await asyncio.sleep(95)
            looking.cancel()

        times = [record.at - began for record in bench.records(RecordType.HEALTH)]
        assert [round(time.total_seconds()) for time in times] == [30, 60, 90]

    run(tmp_path, scenario)


def test_a_venue_that_takes_more_than_a_second_is_warned_of(tmp_path: Path) -> None:
    async def scenario(bench: Bench) -> None:
        async with bench.desk() as desk:
            quick = desk.parts.health.now()["components"]["upbit"]
            assert quick["warning"] is None
            bench.fault(Venue.UPBIT, "delay", times=1_000, endpoint="*", ms=1_400)
            await asyncio.sleep(20)

            slow = desk.parts.health.now()["components"]["upbit"]

            assert slow["warning"] == "answers in 1400 ms, more than 1 s"

    run(tmp_path, scenario)


def test_a_stale_book_and_a_pause_are_told_apart(tmp_path: Path) -> None:
    async def scenario(bench: Bench) -> None:
        async with bench.desk() as desk:
            desk.switches.paused[ENTRY] = True
            bench.fault(Venue.BINANCE, "http_500", times=10_000, endpoint="*")
            await asyncio.sleep(3)

            health = desk.parts.health.now()

            assert health["ok"] is False
            assert health["components"]["binance"]["detail"].startswith("circuit open")
            [against] = health["against_entries"]
            assert against.startswith("entry/live is paused in Prefect")
            assert list(desk.parts.health.against_trading()) == ["binance"]

    run(tmp_path, scenario)


@pytest.mark.parametrize(
    ("later_s", "ill"),
    [
        (1, []),
        (2, ["upbit", "binance"]),
        (6, ["upbit", "binance", "prefect"]),
        (11, ["upbit", "binance", "fx", "prefect"]),
    ],
)
def test_what_nobody_reads_any_more_grows_old_part_by_part(
    tmp_path: Path, later_s: int, ill: list[str]
) -> None:
    async def scenario(bench: Bench) -> None:
        async with bench.still_desk() as desk:
            await asyncio.sleep(later_s)

            health = desk.parts.health.now()
            parts = health["components"]

            assert [name for name, part in parts.items() if not part["ok"]] == ill
            silent = [f"Prefect was last heard {later_s} s ago"] if "prefect" in ill else []
            assert health["against_entries"] == silent
            assert parts["upbit"]["detail"].startswith("circuit closed")
            assert parts["upbit"]["detail"].endswith(f"book {later_s * 1_000} ms old")
            assert (
                parts["fx"]["detail"] == f"bank rate {later_s} s old, dollar coin {later_s} s old"
            )
            assert parts["prefect"]["detail"] == f"heard {later_s}.0 s ago"

    run(tmp_path, scenario)


@pytest.mark.parametrize(("later_s", "ok"), [(30, True), (301, False)])
def test_where_the_bank_rate_decides_an_old_dollar_coin_is_no_illness(
    tmp_path: Path, later_s: int, ok: bool
) -> None:
    async def scenario(bench: Bench) -> None:
        async with bench.still_desk() as desk:
            await asyncio.sleep(later_s)

            assert desk.parts.health.now()["components"]["fx"]["ok"] is ok

    run(tmp_path, scenario, basis="fx")


def test_a_naked_pair_and_a_difference_to_the_venues_are_ill(tmp_path: Path) -> None:
    async def scenario(bench: Bench) -> None:
        async with bench.still_desk() as desk:
            bench.leave_naked()
            naked = await entered(desk)
            bench.coin_vanishes("0.004")
            await desk.parts.operations.reconcile()

            parts = desk.parts.health.now()["components"]

            assert (parts["pairs"]["ok"], parts["journal"]["ok"]) == (False, False)
            assert parts["pairs"]["detail"] == f"naked: {naked.pair_id}"
            assert "-0.004 BTC difference" in parts["journal"]["detail"]

    run(tmp_path, scenario)


def test_a_clock_that_is_off_is_named_with_its_venue(tmp_path: Path) -> None:
    async def scenario(bench: Bench) -> None:
        async with bench.desk() as desk:
            desk.parts.trading.venues[next(iter(desk.parts.trading.venues))].clock_offset_ms = 2_500

            clock = desk.parts.health.now()["components"]["clock"]

            assert clock["ok"] is False
            assert "upbit +2500 ms" in clock["detail"]

    run(tmp_path, scenario)


def test_books_that_nobody_booked_for_hours_are_ill(tmp_path: Path) -> None:
    async def scenario(bench: Bench) -> None:
        async with bench.desk() as desk:
            file = bench.settings.warehouse_file
            health = desk.parts.health
            assert health.now()["components"]["warehouse"]["detail"] == "nothing is booked yet"
            Warehouse(file, bench.settings.journal_dir).ingest()
            booked = bench.clock.now().timestamp()

            os.utime(file, (booked, booked - 600))
            fresh = health.now()["components"]["warehouse"]
            os.utime(file, (booked, booked - 3 * 3600))
            late = health.now()["components"]["warehouse"]
            file.write_bytes(b"no database at all")
            damaged = health.now()["components"]["warehouse"]

            assert fresh == {"ok": True, "detail": "booked 10 minutes ago", "warning": None}
            assert (late["ok"], late["detail"]) == (
                False,
                "booked 180 minutes ago: look at the runs of pnl-rollup/live",
            )
            assert (damaged["ok"], "is no database" in damaged["detail"]) == (False, True)
            assert desk.parts.health.against_trading() == {}

    run(tmp_path, scenario)


@pytest.mark.parametrize(
    ("free", "ok", "warning"),
    [
        (900_000_000, False, None),
        (4_000_000_000, True, "4.0 GB free, soon too little"),
        (40_000_000_000, True, None),
    ],
)
def test_room_on_the_disk(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, free: int, ok: bool, warning: str | None
) -> None:
    async def scenario(bench: Bench) -> None:
        async with bench.still_desk() as desk:
            monkeypatch.setattr(shutil, "disk_usage", lambda _: SimpleNamespace(free=free))

            disk = desk.parts.health.now()["components"]["disk"]

            assert (disk["ok"], disk["warning"]) == (ok, warning)

    run(tmp_path, scenario)


def test_errors_are_counted_over_a_restart(tmp_path: Path) -> None:
    async def scenario(bench: Bench) -> None:
        async with bench.desk() as desk:
            bench.fault(Venue.BINANCE, "reject", times=4)
            assert (await entered(desk)).status is OutcomeStatus.UNWOUND
            counted = desk.parts.health.now()
            assert counted["errors_hour"] == counted["errors_today"] >= 1
        async with bench.desk() as desk:
            assert desk.parts.health.now()["errors_hour"] == counted["errors_hour"]

    run(tmp_path, scenario)
