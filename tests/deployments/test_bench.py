"""``kimp bench`` on this machine: that it works, never how fast."""

from __future__ import annotations

import asyncio
import re
from pathlib import Path

import pytest

from deployments import bench_door, bench_stop
from deployments.bench_door import DoorResult, DoorTimes
from deployments.bench_stop import StopTimes, StopWay, WayTimes, measure
from deployments.cli import main
from deployments.failure import CommandFailed
from tasks.executor_client import ExecutorClient
from tests.deployments.up_process import desk_environment, kimp
from tests.fake_executor import FakeExecutor


@pytest.mark.timeout(180)
def test_bench_shows_the_desk_beside_bare_requests(tmp_path: Path) -> None:
    done = kimp(desk_environment(tmp_path), "bench", "--pairs", "2", timeout_s=150)

    assert done.returncode == 0, done.stderr
    shown = re.sub(r"\s+", " ", done.stdout)
    for row in ("desk", "raw aiohttp", "ratio"):
        assert re.search(rf"{row} p50 \d+(\.\d+)? p99 \d+", shown), done.stdout


def test_the_times_of_a_door_are_told_in_milliseconds() -> None:
    times = DoorTimes.of([float(number) * 1_000 for number in range(1, 101)])

    assert (times.runs, times.p50_ms, times.p95_ms) == (100, 51.0, 96.0)


def test_both_ways_through_the_door_are_shown_beside_each_other(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    asked = []

    async def measured(pairs: int, stock_pairs: int, _: object) -> DoorResult:
        asked.append((pairs, stock_pairs))
        return DoorResult(DoorTimes(30, 40.0, 80.0), DoorTimes(3, 4_000.0, 6_400.0))

    monkeypatch.setattr(bench_door, "bench_door", measured)

    assert main(["bench", "door", "--pairs", "30", "--stock", "3"]) == 0

    shown = re.sub(r"\s+", " ", capsys.readouterr().out)
    assert asked == [(30, 3)]
    assert "hot worker p50 40.0 p95 80.0 (30 runs)" in shown
    assert "stock runner p50 4000.0 p95 6400.0 (3 runs)" in shown
    assert "ratio p50 100.0 p95 80.0" in shown


def test_the_times_of_a_way_to_stop_are_told_in_milliseconds() -> None:
    times = StopTimes.of([number / 1_000 for number in range(200, 0, -1)])

    assert (times.p50_ms, times.p99_ms, times.max_ms) == pytest.approx((101, 199, 200))


@pytest.mark.parametrize(("arguments", "rounds"), [([], 10), (["--rounds", "3"], 3)])
def test_every_way_to_stop_is_a_row_of_one_table(
    arguments: list[str],
    rounds: int,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    asked = []

    async def measured(rounds: int, _: object) -> dict[str, WayTimes]:
        asked.append(rounds)
        back = StopTimes(412.4, 2_000.0, 2_000.0)
        return {
            "work pool batch": WayTimes(StopTimes(21.0, 95.6, 260.0), back),
            "kimp stop": WayTimes(StopTimes(350.0, 400.0, 410.0), back),
        }

    monkeypatch.setattr(bench_stop, "bench_stop", measured)

    assert main(["bench", "stop", *arguments]) == 0

    [told, head, *rows] = capsys.readouterr().out.splitlines()
    assert asked == [rounds]
    assert f"{rounds} times, ms" in told
    assert [re.sub(r"\s+", " ", row).strip() for row in (head, *rows)] == [
        "way stop p50 p99 max back p50 p99 max",
        "work pool batch 21 96 260 412 2000 2000",
        "kimp stop 350 400 410 412 2000 2000",
    ]
    assert {len(row) for row in rows} == {len(head)}


async def test_a_way_to_stop_is_timed_until_the_executor_says_so(
    executor: FakeExecutor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bench_stop, "REST_S", 0)
    state = {"accepting_entries": True, "blocks": []}
    executor.answers["GET /v1/state"] = state
    beside: list[asyncio.TimerHandle] = []

    def later(accepting: bool) -> None:
        """As the desk hears of it after the act has ended."""
        change = {"accepting_entries": accepting}
        beside.append(asyncio.get_running_loop().call_later(0.05, state.update, change))

    async def stop() -> None:
        later(False)

    async def take_back() -> None:
        later(True)

    async with ExecutorClient(executor.socket_file) as client:
        times = await measure(client, {"a way": StopWay(stop, take_back)}, rounds=2)

    assert len(beside) == 2 * (bench_stop.WARM_UP + 2)
    assert times["a way"].stopped.p50_ms >= 50
    assert times["a way"].back.p50_ms >= 50


async def test_a_way_that_does_not_stop_or_is_not_taken_back_is_named(
    executor: FakeExecutor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bench_stop, "PATIENCE_S", 0.05)
    state = {"accepting_entries": True, "blocks": [{"message": "entry/live is paused"}]}
    executor.answers["GET /v1/state"] = state

    async def nothing() -> None:
        """Whatever it was meant to do."""

    async def stop() -> None:
        state["accepting_entries"] = False

    async with ExecutorClient(executor.socket_file) as client:
        with pytest.raises(CommandFailed, match=r"a way: still entries after 0\.05 s"):
            await measure(client, {"a way": StopWay(nothing, nothing)}, rounds=1)
        with pytest.raises(CommandFailed, match=r"a way: no entries yet \(entry/live is paused\)"):
            await measure(client, {"a way": StopWay(stop, nothing)}, rounds=1)
