"""``kimp bench`` on this machine: that it works, never how fast."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.deployments.up_process import desk_environment, kimp


@pytest.mark.timeout(180)
def test_bench_shows_the_desk_beside_bare_requests(tmp_path: Path) -> None:
    done = kimp(desk_environment(tmp_path), "bench", "--pairs", "2", timeout_s=150)

    assert done.returncode == 0, done.stderr
    shown = re.sub(r"\s+", " ", done.stdout)
    for row in ("desk", "raw aiohttp", "ratio"):
        assert re.search(rf"{row} p50 \d+(\.\d+)? p99 \d+", shown), done.stdout
