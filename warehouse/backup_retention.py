"""Which backups go: all of today and yesterday stay, of each earlier day the last, for so long."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Final

from warehouse.kst import kst_day

_NAME: Final = re.compile(r"kimp-(?:paper|live)-(\d{8}T\d{6}Z)-\d{9,}\.tar\.gz")


def delete_surplus(folder: Path, now: datetime, keep_days: int) -> list[Path]:
    """Delete what :func:`surplus` names; those that are gone. Raises OSError."""
    gone = surplus(folder.iterdir(), now, keep_days)
    for file in gone:
        file.unlink(missing_ok=True)
    return gone


def surplus(files: Iterable[Path], now: datetime, keep_days: int) -> list[Path]:
    """Archives that are not kept on (aware) ``now``, oldest first; days are Korean ones.

    Files with other names are nobody's business here, and the newest archive always stays.
    """
    newest_first = sorted(
        ((made_at, file) for file in files if (made_at := _made_at(file)) is not None),
        reverse=True,
    )
    today = kst_day(now)
    days: set[date] = set()
    gone = []
    for place, (made_at, file) in enumerate(newest_first):
        day = kst_day(made_at)
        is_last_of_its_day = day not in days
        days.add(day)
        age = today - day
        stays = age <= timedelta(days=1) or (
            is_last_of_its_day and age <= timedelta(days=keep_days)
        )
        if place and not stays:
            gone.append(file)
    return gone[::-1]


def _made_at(file: Path) -> datetime | None:
    match = _NAME.fullmatch(file.name)
    if match is None:
        return None
    try:
        return datetime.strptime(match[1], "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
    except ValueError:
        return None
