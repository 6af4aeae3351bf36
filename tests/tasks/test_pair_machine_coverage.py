"""Every branch of the pair machine is taken by its own tests."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

PROJECT = Path(__file__).resolve().parents[2]

MACHINE = (
    *("pair_transitions", "pair", "pair_book", "adoption", "net_position"),
    *("recovery", "recovery_cost", "repair_moves", "repair_planner"),
)
TESTS = (
    *("pair_transitions", "pair", "pair_book", "adoption", "net_position"),
    *("recovery_cost", "repair_moves", "repairs", "repair_orders"),
)


@pytest.mark.timeout(600)
def test_every_branch_of_the_pair_machine_is_taken(tmp_path: Path) -> None:
    """Few examples of each property: the examples that count for a branch are written out."""
    data, report = tmp_path / "coverage", tmp_path / "coverage.json"
    coverage = [sys.executable, "-m", "coverage"]
    include = ",".join(f"tasks/{name}.py" for name in MACHINE)
    measured = subprocess.run(
        [
            *coverage, "run", "--branch", f"--data-file={data}", f"--include={include}",
            "-m", "pytest", "-q", "-p", "no:cacheprovider", "-p", "no:xdist",
            "--hypothesis-profile=few", *(f"tests/tasks/test_{name}.py" for name in TESTS),
        ],
        cwd=PROJECT, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert measured.returncode == 0, measured.stdout[-4_000:]

    subprocess.run(
        [*coverage, "json", "-q", f"--data-file={data}", "-o", str(report)], cwd=PROJECT, check=True
    )

    files = json.loads(report.read_text())["files"]
    missed = {
        name: {"lines": file["missing_lines"], "branches": file["missing_branches"]}
        for name, file in files.items()
        if file["missing_lines"] or file["missing_branches"]
    }
    assert missed == {}
    assert len(files) == len(MACHINE)
