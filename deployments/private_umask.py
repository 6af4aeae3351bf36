"""Files of the desk are its owner's alone."""

from __future__ import annotations

import os

PRIVATE = 0o077


def keep_files_private() -> None:
    """What this process and the programs it starts create from now on is 0600, folders 0700.

    DuckDB and SQLite create their files with whatever the umask leaves, as do Prefect's own
    folders; so the umask is set where a program of the desk begins.
    """
    os.umask(PRIVATE)
