"""``kimp bench`` on this machine: that it works, never how fast."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from deployments import bench_door
from deployments.bench_door import DoorResult, DoorTimes
from deployments.cli import main
from tests.deployments.up_process import desk_environment, kimp


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
