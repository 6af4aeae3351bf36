"""Which process a run of the executor lives in, so that a run without one is found out.

Prefect hears of a process's end from the worker that started it. When both are gone the run stays
*Running* for ever. Each run therefore leaves a file with its process; the file goes with the run.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tasks.processes import birth_of, is_alive


@contextmanager
def owned_by(pid: int, run_id: str, folder: Path) -> Iterator[None]:
    """Inside, run ``run_id`` is known to live in process ``pid``."""
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    file = _file(folder, run_id)
    file.write_text(f"{pid} {birth_of(pid)}\n", "utf-8")
    try:
        yield
    finally:
        file.unlink(missing_ok=True)


def is_owned(run_id: str, folder: Path) -> bool:
    """Does the process of run ``run_id`` live? The birth tells it from a later one of its id."""
    try:
        pid, _, birth = _file(folder, run_id).read_text("utf-8").strip().partition(" ")
    except OSError:
        return False
    return pid.isdecimal() and is_alive(int(pid)) and birth == birth_of(int(pid))


def _file(folder: Path, run_id: str) -> Path:
    return folder / f"{run_id}.run"
