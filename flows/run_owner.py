"""Which process a run of the executor lives in, so that a run without one is found out.

Prefect hears of a process's end from the worker that started it. When both are gone the run stays
*Running* for ever. Each run therefore leaves a file with its process; the file goes with the run.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tasks.processes import Process, birth_of

SUFFIX = ".run"


@contextmanager
def owned_by(pid: int, run_id: str, folder: Path) -> Iterator[None]:
    """Inside, run ``run_id`` is known to live in process ``pid``."""
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    file = _file(folder, run_id)
    file.write_text(f"{pid} {birth_of(pid)}\n", "utf-8")
    try:
        yield
    finally:
        disown(run_id, folder)


def disown(run_id: str, folder: Path) -> None:
    """The run has ended."""
    _file(folder, run_id).unlink(missing_ok=True)


def disown_dead(folder: Path) -> int:
    """How many processes have died since without taking their names away; the names go now."""
    dead = 0
    for file in folder.glob(f"*{SUFFIX}"):
        owner = _owner(file)
        if owner is not None and not owner.lives:
            file.unlink(missing_ok=True)
            dead += 1
    return dead


def is_owned(run_id: str, folder: Path) -> bool:
    """Does the process of run ``run_id`` live?"""
    owner = _owner(_file(folder, run_id))
    return owner is not None and owner.lives


def run_of(pid: int, folder: Path) -> tuple[str, Process] | None:
    """The run that lives in process ``pid`` now, and that process; None: it is no run's."""
    return next((found for found in owned(folder) if found[1].pid == pid), None)


def owned(folder: Path) -> list[tuple[str, Process]]:
    """Each run that lives in a process of its own, and that process."""
    found = [(file.stem, _owner(file)) for file in folder.glob(f"*{SUFFIX}")]
    return [(run_id, owner) for run_id, owner in found if owner is not None and owner.lives]


def _owner(file: Path) -> Process | None:
    try:
        pid, _, birth = file.read_text("utf-8").strip().partition(" ")
    except OSError:
        return None
    return Process(int(pid), birth) if pid.isdecimal() else None


def _file(folder: Path, run_id: str) -> Path:
    return folder / f"{run_id}{SUFFIX}"
