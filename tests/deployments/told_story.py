"""What ``kimp up --once`` says and leaves when its whole story was told."""

from __future__ import annotations

import stat
from pathlib import Path

from tests.deployments.up_process import UpProcess, processes_of

STORY_S = 240


def assert_told(up: UpProcess, home: Path, perpetual: str) -> None:
    """Once it has ended."""
    assert up.wait(STORY_S) == 0, up.output
    for told in (
        "hedged: pair",
        f"{perpetual}: sell 0.01 BTC at ",
        f"{perpetual}: refused kimp-",
        "ms after the API call",
        "repaired after",
        "refused, the pair is kept: closing now would lose",
        ": earned ",
        "journal and venues agree",
        "Ended pairs (2)",
        "/runs/flow-run/",
        "every step ended as it should",
    ):
        assert told in up.output
    assert processes_of(home) == []
    # The lock is there if the watch has looked in time.
    assert left_in(home) - {"executor-absence.lock"} == {"alone", "executors", "limits"}
    secret_files = [
        file
        for file in (home / "keys").rglob("*")
        if file.is_file() and file.suffix in (".key", ".json")
    ]
    assert len(secret_files) == 3
    assert {stat.S_IMODE(file.stat().st_mode) for file in secret_files} == {0o600}


def left_in(home: Path) -> set[str]:
    """What a desk that has ended leaves in ``run``: locks of what runs alone, the folder of
    executors' process ids and what it has used of the limits."""
    return {entry.name for entry in (home / "run").iterdir()}
