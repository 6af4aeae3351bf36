"""Which backups stay and which go."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from warehouse.backup_retention import delete_surplus, surplus
from warehouse.kst import kst_day

NOW = datetime(2026, 11, 21, 3, 0, tzinfo=UTC)
"""Noon in Korea."""


def archive(made_at: datetime) -> Path:
    return Path(f"kimp-live-{made_at:%Y%m%dT%H%M%SZ}-000000123.tar.gz")


def hours_ago(hours: float) -> Path:
    return archive(NOW - timedelta(hours=hours))


def test_two_days_stay_whole_and_of_an_older_one_the_last() -> None:
    yesterday_and_today = [hours_ago(hours) for hours in range(36)]
    older = [hours_ago(hours) for hours in (37, 40, 60, 61, 62)]

    gone = surplus([*yesterday_and_today, *older], NOW, keep_days=30)

    assert gone == [hours_ago(62), hours_ago(60), hours_ago(40)]


def test_what_is_older_than_it_is_kept_for_goes_but_never_the_last_one() -> None:
    old, older = hours_ago(24 * 31), hours_ago(24 * 40)

    assert surplus([old, older], NOW, keep_days=30) == [older]


def test_a_file_with_another_name_is_left_alone(tmp_path: Path) -> None:
    names = ["notes.txt", "kimp-live-x.tar.gz", "kimp-live-20269921T000000Z-000000123.tar.gz"]
    for name in (*names, hours_ago(1).name, hours_ago(24 * 40).name):
        (tmp_path / name).touch()

    gone = delete_surplus(tmp_path, NOW, keep_days=30)

    assert [file.name for file in gone] == [hours_ago(24 * 40).name]
    assert {file.name for file in tmp_path.iterdir()} == {*names, hours_ago(1).name}


@given(st.sets(st.integers(0, 24 * 60), min_size=1), st.integers(1, 40))
def test_each_day_that_is_kept_keeps_its_last_archive(hours: set[int], keep_days: int) -> None:
    made = {hours_ago(hour): NOW - timedelta(hours=hour) for hour in hours}

    gone = set(surplus(made, NOW, keep_days))

    newest_first = sorted(made, key=made.__getitem__, reverse=True)
    assert newest_first[0] not in gone
    last_of_day = {kst_day(made[file]): file for file in reversed(newest_first)}
    for day, file in last_of_day.items():
        if kst_day(NOW) - day <= timedelta(days=keep_days):
            assert file not in gone
    for file in set(made) - gone - {newest_first[0]}:
        age = kst_day(NOW) - kst_day(made[file])
        assert age <= timedelta(days=1) or file == last_of_day[kst_day(made[file])]
        assert age <= timedelta(days=max(keep_days, 1))
