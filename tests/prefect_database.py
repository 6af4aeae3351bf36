"""A database of Prefect's in which nothing is but its tables, to be copied.

Making them is most of a server's first start: a hundred migrations, ten seconds of computing.
"""

from __future__ import annotations

import fcntl
import os
import shutil
import subprocess
import sys
from pathlib import Path

NAME = "prefect.db"
"""Where a server looks for it in its PREFECT_HOME (Prefect 3.8.8, settings/models/server)."""

NO_BLOCKS = {"PREFECT_SERVER_REGISTER_BLOCKS_ON_START": "false"}
"""Settings of a server that begins with such a database: it leaves out writing down Prefect's own
types of blocks, which no test needs and which takes as long as all else of a first start."""


def empty_database(folder: Path) -> Path:
    """Made in ``folder`` by whoever asks first; processes may ask at once."""
    home = folder / "empty-prefect"
    home.mkdir(exist_ok=True)
    with (home / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        database = home / NAME
        if not database.exists():
            making = home / "making"
            subprocess.run(
                [sys.executable, "-m", "prefect", "server", "database", "upgrade", "-y"],
                env={**os.environ, "PREFECT_HOME": str(making)},
                stdout=subprocess.DEVNULL,
                check=True,
            )
            assert not (making / f"{NAME}-wal").exists()  # all of it is in the one file
            (making / NAME).rename(database)
        return database


def begin_with(database: Path, prefect_home: Path) -> None:
    """Let a server that has never run in ``prefect_home`` find ``database`` there."""
    prefect_home.mkdir(mode=0o700, parents=True, exist_ok=True)
    shutil.copyfile(database, prefect_home / NAME)
    (prefect_home / NAME).chmod(0o600)
