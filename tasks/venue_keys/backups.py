"""Former versions of the key file, dated, 0600: what a change took away can be put back."""

from __future__ import annotations

import os
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

from tasks.venue_keys.private_files import private_folder, sync_folder

KEPT = 10
"""Older ones go, and with them the keys that only they held."""


class Backups:
    """``backups/venues-<time>.vault`` beside the key file."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self.folder = file.parent / "backups"

    def files(self) -> Sequence[Path]:
        """Oldest first."""
        return sorted(self.folder.glob(f"{self._file.stem}-*{self._file.suffix}"))

    def keep(self, now: datetime) -> Path:
        """Keep the key file as it is now, and forget the oldest of more than ``KEPT``.

        A second name for the same content: the key file is only ever replaced, never written to.
        """
        private_folder(self.folder)
        stamp = f"{self._file.stem}-{now:%Y%m%dT%H%M%S.%fZ}"
        same = [file.stem for file in self.files() if file.name.startswith(stamp)]
        number = int(same[-1].rpartition("-")[2]) + 1 if same else 0
        kept = self.folder / f"{stamp}-{number:04}{self._file.suffix}"
        os.link(self._file, kept)
        sync_folder(self.folder)
        for old in self.files()[:-KEPT]:
            old.unlink()
        return kept
