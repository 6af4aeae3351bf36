"""Announced maintenance, from one hour before its start to its end."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from exchanges.instrument import Venue
from tasks.errors import SettingsRefused
from tasks.maintenance import announced, parse_window
from tasks.settings_loading import load_settings

TEXT = "upbit 2026-12-01T01:00+09:00/2026-12-01T05:00+09:00"
START = datetime(2026, 11, 30, 16, tzinfo=UTC)
END = datetime(2026, 11, 30, 20, tzinfo=UTC)
SECOND = timedelta(seconds=1)


def test_window_is_read_in_its_own_zone() -> None:
    window = parse_window(TEXT)

    assert (window.venue, window.start, window.end) == (Venue.UPBIT, START, END)
    assert "2026-11-30 16:00 to 2026-11-30 20:00 UTC" in window.sentence()


@pytest.mark.parametrize(
    ("moment", "is_near"),
    [
        (START - timedelta(hours=1) - SECOND, False),
        (START - timedelta(hours=1), True),
        (START, True),
        (END - SECOND, True),
        (END, False),
    ],
)
def test_entries_are_off_from_an_hour_before_to_the_end(moment: datetime, is_near: bool) -> None:
    windows = (parse_window(TEXT),)

    assert (announced(windows, Venue.UPBIT, moment) is not None) is is_near
    assert announced(windows, Venue.BINANCE, moment) is None


@pytest.mark.parametrize(
    "text",
    [
        "",
        "upbit",
        "bithumb 2026-12-01T01:00+09:00/2026-12-01T05:00+09:00",
        "upbit 2026-12-01T01:00/2026-12-01T05:00",
        "upbit 2026-12-01T05:00+09:00/2026-12-01T01:00+09:00",
        "upbit tomorrow/later",
        "upbit 0001-01-01T00:00+14:00/2026-12-01T01:00+09:00",
    ],
)
def test_anything_else_is_refused_with_one_sentence(text: str) -> None:
    with pytest.raises(ValueError, match="expected a venue and two times with their zone"):
        parse_window(text)


def test_setting_is_checked_when_it_is_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KIMP_HOME", str(tmp_path))
    monkeypatch.setenv("KIMP_MAINTENANCE_WINDOWS", f'["{TEXT}", "upbit soon"]')

    with pytest.raises(SettingsRefused, match="KIMP_MAINTENANCE_WINDOWS: expected a venue and"):
        load_settings()
