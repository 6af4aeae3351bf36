"""KIMP_HOME: whose books it holds, and starting over."""

from __future__ import annotations

import os
import shutil
import tempfile
from pathlib import Path

from deployments.failure import CommandFailed
from tasks.settings import Mode, Settings

STATE = ("journal", "prefect", "logs")
BOOKS = "warehouse.duckdb*"
SIMULATED_VENUES = "simulator-state.json"


MAX_SOCKET_PATH = 107
"""Bytes; the kernel takes no longer name for a Unix socket."""


MIN_FREE_BYTES = 100_000_000
"""For Prefect's database, the journal and the logs of a first hour."""


def demand_usable(settings: Settings) -> None:
    """Make the folder. Raises CommandFailed when a desk could not work in it."""
    home = settings.home.absolute()
    socket_file = str(settings.socket_file.absolute())
    excess = len(os.fsencode(socket_file)) - MAX_SOCKET_PATH
    if excess > 0:
        raise CommandFailed(
            f"KIMP_HOME: expected a path shorter by {excess} bytes, because the executor's socket "
            f"below it may have {MAX_SOCKET_PATH} in all, got {home}"
        )
    try:
        home.mkdir(mode=0o700, parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=home) as probe:
            probe.write(b"?")
    except OSError as error:
        raise CommandFailed(
            f"KIMP_HOME: expected a folder that can be written, got {home}: {error.strerror}"
        ) from None
    free = shutil.disk_usage(home).free
    if free < MIN_FREE_BYTES:
        raise CommandFailed(
            f"KIMP_HOME: expected at least {MIN_FREE_BYTES / 1e6:.0f} MB free at {home}, found "
            f"{free / 1e6:.0f} MB: make room or choose another folder"
        )


def claim_for(home: Path, mode: Mode) -> None:
    """Remember that this folder holds paper or live books; the two are never mixed.

    Raises:
        CommandFailed: it holds the other kind.
    """
    home.mkdir(mode=0o700, parents=True, exist_ok=True)
    held = held_mode(home)
    if held is not None and held is not mode:
        raise CommandFailed(
            f"{home} holds {held} books and cannot be used for {mode}: "
            "choose another folder with KIMP_HOME"
        )
    (home / "mode").write_text(f"{mode}\n", "ascii")


def held_mode(home: Path) -> Mode | None:
    """None: never used."""
    try:
        return Mode((home / "mode").read_text("ascii").strip())
    except (FileNotFoundError, ValueError):
        return None


def simulator_state(home: Path) -> Path:
    """What the simulated venues remember. It goes with the journal: one without the other would
    be books about orders that no venue knows."""
    return home / SIMULATED_VENUES


def forget_limits(settings: Settings) -> None:
    """Simulated venues that start anew count from nothing; what was used of earlier ones, and
    their bans, mean nothing to them."""
    shutil.rmtree(settings.limits_dir, ignore_errors=True)


def wipe(home: Path) -> None:
    """Forget journal, books, simulated venues, Prefect's state and logs; keys and settings stay.
    Paper only."""
    if held_mode(home) is Mode.LIVE:
        raise CommandFailed(f"--fresh: {home} holds live books, which are never wiped")
    for name in STATE:
        shutil.rmtree(home / name, ignore_errors=True)
    for file in (*home.glob(BOOKS), *home.glob(f"{SIMULATED_VENUES}*")):
        file.unlink()
