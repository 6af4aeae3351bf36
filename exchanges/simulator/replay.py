"""Real history as the simulated market: a gzipped CSV of bars of both venues."""

from __future__ import annotations

import csv
import gzip
from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from decimal import Decimal, InvalidOperation
from importlib.resources import files
from pathlib import Path

from exchanges.simulator.bars import Bar, Ohlc, PricePath

COLUMNS = (
    "timestamp",
    "upbit_open",
    "upbit_high",
    "upbit_low",
    "upbit_close",
    "perp_open",
    "perp_high",
    "perp_low",
    "perp_close",
    "krw_per_usd",
)
BAR_LENGTH = timedelta(hours=1)


class BadHistory(ValueError):
    """The file cannot be replayed; ``str()`` is one sentence with file and line."""


def shipped_history() -> Path:
    """The slice that comes with the desk: March to June 2021, hourly."""
    return Path(str(files("exchanges.simulator") / "data" / "kimp_btc_1h_2021.csv.gz"))


def replay(file: Path, start: datetime | None = None) -> PricePath:
    """The path of prices in ``file`` from ``start`` on, in market time (else its first bar).

    The whole file is read once first, so that a bad line shows now and not in the middle of a
    run. Raises BadHistory.
    """
    last = None
    for bar in _bars(file):
        last = bar
    if last is None:
        raise BadHistory(f"{file}: holds no bars")
    if start is not None and last.end <= start:
        raise BadHistory(f"{file}: ends at {last.end:%Y-%m-%dT%H:%MZ}, before the time to start at")
    return PricePath(_from(_bars(file), start))


def _from(bars: Iterator[Bar], start: datetime | None) -> Iterator[Bar]:
    for bar in bars:
        if start is None or bar.end > start:
            yield bar


def _bars(file: Path) -> Iterator[Bar]:
    try:
        with gzip.open(file, "rt", encoding="utf-8", newline="") as lines:
            rows = csv.DictReader(lines)
            missing = [name for name in COLUMNS if name not in (rows.fieldnames or ())]
            if missing:
                raise BadHistory(f"{file}: column {missing[0]} is missing")
            last_end: datetime | None = None
            for row in rows:
                bar = _bar(row, f"{file}, line {rows.line_num}")
                if last_end is not None and bar.start < last_end:
                    raise BadHistory(
                        f"{file}, line {rows.line_num}: the bar starts before the last ended"
                    )
                last_end = bar.end
                yield bar
    except (OSError, EOFError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "not a gzipped CSV file"
        raise BadHistory(f"{file}: {reason}") from None


def _bar(row: Mapping[str, str], where: str) -> Bar:
    try:
        return Bar(
            datetime.fromisoformat(row["timestamp"]),
            BAR_LENGTH,
            _ohlc(row, "upbit"),
            _ohlc(row, "perp"),
            Decimal(row["krw_per_usd"]),
        )
    except (ValueError, InvalidOperation, TypeError) as error:
        reason = str(error) if isinstance(error, ValueError) else "expected numbers"
        raise BadHistory(f"{where}: {reason}") from None


def _ohlc(row: Mapping[str, str], venue: str) -> Ohlc:
    return Ohlc(*(Decimal(row[f"{venue}_{part}"]) for part in ("open", "high", "low", "close")))
