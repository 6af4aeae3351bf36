"""``kimp bench`` on this machine: that it works, never how fast."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from deployments.bench_door import DoorTimes
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
