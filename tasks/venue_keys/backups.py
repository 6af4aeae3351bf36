"""Former versions of the key file, dated, 0600: what a change took away can be put back."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

from tasks.venue_keys.private_files import private_folder, replace_private

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

    def keep(self, content: bytes, now: datetime) -> None:
        """Keep ``content`` of the key file, and forget the oldest of more than ``KEPT``."""
        private_folder(self.folder)
        stamp = f"{self._file.stem}-{now:%Y%m%dT%H%M%S.%fZ}"
        same = [file.stem for file in self.files() if file.name.startswith(stamp)]
        number = int(same[-1].rpartition("-")[2]) + 1 if same else 0
        replace_private(self.folder / f"{stamp}-{number:04}{self._file.suffix}", content)
        for old in self.files()[:-KEPT]:
            old.unlink()
