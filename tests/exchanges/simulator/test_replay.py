"""Real history as the market."""

from __future__ import annotations

import csv
import gzip
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from exchanges.simulator.replay import COLUMNS, BadHistory, replay, shipped_history

HOUR = timedelta(hours=1)
Row = dict[str, str]


def rows() -> list[Row]:
    """Two good hours."""
    values = ["100", "120", "90", "110", "10", "12", "9", "11", "1100.5"]
    times = ["2021-04-01T00:00:00Z", "2021-04-01T01:00:00Z"]
    return [dict(zip(COLUMNS, [time, *values], strict=True)) for time in times]


def written(file: Path, lines: list[Row], columns: tuple[str, ...] = COLUMNS) -> Path:
    with gzip.open(file, "wt", encoding="utf-8", newline="") as out:
        writer = csv.DictWriter(out, columns, extrasaction="ignore")
        writer.writeheader()
        writer.writerows(lines)
    return file


def test_the_shipped_slice_runs_from_march_to_june_2021_and_touches_its_extremes() -> None:
    path = replay(shipped_history())
    first = path.here()
    seen = list(path.advance(datetime(2021, 7, 1, tzinfo=UTC)))

    with gzip.open(shipped_history(), "rt") as lines:
        bars = list(csv.DictReader(lines))
    assert len(bars) == 2919
    assert (first.time, first.spot) == (
        datetime(2021, 3, 1, tzinfo=UTC),
        Decimal(51_798_000),
    )
    assert max(p.spot for p in seen) == max(Decimal(bar["upbit_high"]) for bar in bars)
    assert min(p.perpetual for p in seen) == min(Decimal(bar["perp_low"]) for bar in bars)
    highs = {Decimal(bar["upbit_high"]) for bar in bars}
    lows = {Decimal(bar["perp_low"]) for bar in bars}
    assert highs <= {p.spot for p in seen}
    assert lows <= {p.perpetual for p in seen}
    assert path.ended


def test_a_replay_begins_in_the_bar_that_holds_the_time(tmp_path: Path) -> None:
    file = written(tmp_path / "h.csv.gz", rows())

    path = replay(file, datetime(2021, 4, 1, 1, 59, tzinfo=UTC))

    assert path.now == datetime(2021, 4, 1, 1, 0, tzinfo=UTC)


def test_a_start_after_the_end_is_refused(tmp_path: Path) -> None:
    file = written(tmp_path / "h.csv.gz", rows())

    with pytest.raises(BadHistory, match="ends at 2021-04-01T02:00Z"):
        replay(file, datetime(2021, 4, 1, 2, tzinfo=UTC))


def test_a_missing_column_is_named(tmp_path: Path) -> None:
    columns = tuple(name for name in COLUMNS if name != "perp_low")

    with pytest.raises(BadHistory, match="column perp_low is missing"):
        replay(written(tmp_path / "h.csv.gz", rows(), columns))


@pytest.mark.parametrize(
    ("spoil", "reason"),
    [
        (lambda row: row.update(upbit_high="99"), "line 3: high 99"),
        (lambda row: row.update(krw_per_usd="x"), "line 3: expected numbers"),
        (lambda row: row.update(krw_per_usd="0"), "line 3: krw_per_usd"),
        (lambda row: row.update(upbit_open="NaN"), "line 3: expected numbers"),
        (lambda row: row.update(timestamp="2021-04-01T01:00:00"), "line 3: .*time zone"),
        (lambda row: row.update(timestamp="yesterday"), "line 3: "),
        (lambda row: row.update(timestamp="2021-04-01T00:30:00Z"), "line 3: .*before the last"),
    ],
)
def test_a_bad_line_is_named_before_anything_runs(
    tmp_path: Path, spoil: Callable[[Row], None], reason: str
) -> None:
    lines = rows()
    spoil(lines[1])

    with pytest.raises(BadHistory, match=reason):
        replay(written(tmp_path / "h.csv.gz", lines))


def test_a_file_that_is_none_is_refused_in_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "plain.csv").write_text("timestamp\n")
    truncated = written(tmp_path / "cut.csv.gz", rows())
    truncated.write_bytes(truncated.read_bytes()[:40])

    with pytest.raises(BadHistory, match="No such file"):
        replay(tmp_path / "absent.csv.gz")
    with pytest.raises(BadHistory, match="not a gzipped CSV file"):
        replay(tmp_path / "plain.csv")
    with pytest.raises(BadHistory, match="not a gzipped CSV file"):
        replay(truncated)
    with pytest.raises(BadHistory, match="holds no bars"):
        replay(written(tmp_path / "empty.csv.gz", []))
