"""Which programs of a desk at work have its venue keys: read from their environment, as anyone who
gets hold of one of them could."""

from __future__ import annotations

from pathlib import Path

import pytest

from deployments.paper_accounts import paper_accounts
from tests.deployments.running_desk import RunningDesk
from tests.deployments.up_process import processes_of

pytestmark = [pytest.mark.prefect, pytest.mark.timeout(600)]

KINDS = (
    "deployments.guardian",
    "exchanges.simulator",
    "deployments.prefect_server",
    "deployments.hot_worker",
    "batch-worker",
    "executor-worker",
    "prefect.engine",
)
"""Words of their command lines. The last is the executor's run: no other lasts."""


def kind_of(pid: int) -> str:
    """``up``: none of the others."""
    arguments = Path(f"/proc/{pid}/cmdline").read_bytes().decode().split("\0")
    return next((kind for kind in KINDS if kind in arguments), "up")


def test_only_the_executor_and_the_worker_that_starts_it_have_venue_keys(
    desk: RunningDesk, home: Path
) -> None:
    assert desk.takes_entries()
    made = paper_accounts(home / "keys").credentials.values()
    keys = {key.encode() for pair in made for key in (pair.access_key, pair.secret_key)}
    kinds = {pid: kind_of(pid) for pid in processes_of(home)}
    given = {pid: Path(f"/proc/{pid}/environ").read_bytes() for pid in kinds}

    holders = {kinds[pid] for pid, text in given.items() if any(key in text for key in keys)}

    assert set(kinds.values()) == {"up", *KINDS}
    assert holders == {"executor-worker", "prefect.engine"}
