"""The report's figures, read from the books in one session."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal, localcontext
from typing import Any, Final

import duckdb

from warehouse.ingest import position
from warehouse.kst import day_start, kst_day, week_start
from warehouse.records import ENDED_STATES
from warehouse.report import (
    DenialLine,
    LegLine,
    PairLine,
    Period,
    Report,
    ResultParts,
    Trade,
    Unhedged,
)

_OPEN: Final = f"pair.state NOT IN {ENDED_STATES}"
_PAIRS: Final = """
SELECT pair.*, result.net_krw, result.premium_krw, result.fx_krw, result.funding_krw,
    result.fees_krw, result.slippage_krw, result.revision,
    coalesce(result.entry_premium_pct, pair.entry_premium_pct) AS shown_entry_pct,
    coalesce(result.exit_premium_pct, pair.exit_premium_pct) AS shown_exit_pct
FROM pairs AS pair LEFT JOIN pnl_pairs AS result USING (pair_id)
"""
_SUMS: Final = """
SELECT count(*) FILTER (state = 'closed'), count(*) FILTER (state = 'unwound'),
    count(*) FILTER (net_krw > 0), count(*) FILTER (net_krw < 0),
    coalesce(sum(net_krw), 0), coalesce(sum(premium_krw), 0), coalesce(sum(fx_krw), 0),
    CASE WHEN count(*) = 0 THEN 0 ELSE sum(funding_krw) END,
    count(*) FILTER (funding_krw IS NULL),
    coalesce(sum(fees_krw), 0), coalesce(sum(slippage_krw), 0)
FROM pnl_pairs WHERE day <= $last AND ($first::DATE IS NULL OR day >= $first::DATE)
"""
_DENIALS: Final = """
SELECT status, code, count(*), max(time), arg_max(message, seq)
FROM denials WHERE time >= ? AND time < ?
GROUP BY status, code ORDER BY count(*) DESC, status, code
"""
_UNHEDGED: Final = """
WITH stretches AS (
    SELECT * FROM exposures WHERE ended_at >= $begin AND ended_at < $end
), per_pair AS (
    SELECT sum(unhedged_krw_s) AS krw_s FROM stretches GROUP BY pair_id
), pairs AS (
    SELECT count(*) AS pairs, quantile_disc(krw_s, 0.5) AS p50, quantile_disc(krw_s, 0.99) AS p99
    FROM per_pair
)
SELECT pairs.pairs, pairs.p50, pairs.p99,
    count(recovery_s), quantile_disc(recovery_s, 0.5), quantile_disc(recovery_s, 0.99),
    coalesce(sum(attempts), 0)::BIGINT, count(*) FILTER (state = 'naked')
FROM pairs LEFT JOIN stretches ON TRUE GROUP BY ALL
"""


def make_report(
    connection: duckdb.DuckDBPyConnection, now: datetime, day: date | None, ended: int
) -> Report:
    """The report as of ``day`` (None: the Korean day of ``now``)."""
    day = day or kst_day(now)
    begin, end = day_start(day), day_start(day + timedelta(days=1))
    open_pairs = _rows(connection, f"{_PAIRS} WHERE {_OPEN} ORDER BY pair.opened_at, pair_id", [])
    ended_pairs = _rows(
        connection,
        f"{_PAIRS} WHERE NOT ({_OPEN}) AND coalesce(pair.closed_at, pair.updated_at) < ? "
        "ORDER BY coalesce(pair.closed_at, pair.updated_at) DESC, pair_id LIMIT ?",
        [end, ended],
    )
    denials = connection.execute(_DENIALS, [begin, end]).fetchall()
    return Report(
        made_at=now.astimezone(UTC),
        day=day,
        records=position(connection).seq,
        open_pairs=tuple(_pair(row) for row in open_pairs),
        ended_pairs=tuple(_pair(row) for row in ended_pairs),
        today=_period(connection, "today", day, day),
        week=_period(connection, "week", week_start(day), day),
        total=_period(connection, "total", None, day),
        unhedged=_unhedged(connection, begin, end),
        denials=tuple(
            DenialLine(status, code, count, last_at.astimezone(UTC), message)
            for status, code, count, last_at, message in denials
        ),
    )


def _rows(
    connection: duckdb.DuckDBPyConnection, query: str, parameters: list[Any]
) -> list[dict[str, Any]]:
    cursor = connection.execute(query, parameters)
    names = [column[0] for column in cursor.description or ()]
    return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]


def _period(
    connection: duckdb.DuckDBPyConnection, name: str, first: date | None, last: date
) -> Period:
    row = connection.execute(_SUMS, {"first": first, "last": last}).fetchone()
    assert row is not None  # An aggregate without GROUP BY has one row.
    closed, unwound, wins, losses, net, premium, fx, funding, missing, fees, slippage = row
    return Period(
        name=name,
        first=first,
        last=last,
        pairs_closed=closed,
        pairs_unwound=unwound,
        wins=wins,
        losses=losses,
        net_krw=net,
        premium_krw=premium,
        fx_krw=fx,
        funding_krw=None if funding is None else Decimal(funding),
        funding_missing=missing,
        fees_krw=fees,
        slippage_krw=slippage,
    )


def _unhedged(connection: duckdb.DuckDBPyConnection, begin: datetime, end: datetime) -> Unhedged:
    row = connection.execute(_UNHEDGED, {"begin": begin, "end": end}).fetchone()
    assert row is not None  # One row, whether or not there are stretches.
    return Unhedged(*row)


def _pair(row: Mapping[str, Any]) -> PairLine:
    # Long the premium: the coin is bought, the perpetual sold; short is the other way round.
    spot_in, perpetual_in = (
        ("buy", "sell") if row["direction"] == "long_premium" else ("sell", "buy")
    )
    return PairLine(
        pair_id=row["pair_id"],
        signal_id=row["signal_id"],
        strategy=row["strategy"],
        symbol=row["symbol"],
        direction=row["direction"],
        state=row["state"],
        opened_at=row["opened_at"].astimezone(UTC),
        closed_at=None if row["closed_at"] is None else row["closed_at"].astimezone(UTC),
        spot=_leg(row, "spot", spot_in, perpetual_in),
        perpetual=_leg(row, "perpetual", perpetual_in, spot_in),
        entry_premium_pct=row["shown_entry_pct"],
        exit_premium_pct=row["shown_exit_pct"],
        result=None
        if row["net_krw"] is None
        else ResultParts(
            net_krw=row["net_krw"],
            premium_krw=row["premium_krw"],
            fx_krw=row["fx_krw"],
            funding_krw=row["funding_krw"],
            fees_krw=row["fees_krw"],
            slippage_krw=row["slippage_krw"],
            revision=row["revision"],
        ),
    )


def _leg(row: Mapping[str, Any], leg: str, side_in: str, side_out: str) -> LegLine:
    return LegLine(
        venue=row[f"{leg}_venue"],
        currency=row[f"{leg}_fee_currency"],
        entry=_trade(row, f"{leg}_entry", side_in),
        exit=_trade(row, f"{leg}_exit", side_out),
    )


def _trade(row: Mapping[str, Any], flow: str, side: str) -> Trade | None:
    quantity, value = row[f"{flow}_quantity"], row[f"{flow}_value"]
    if not quantity:
        return None
    with localcontext(prec=60):
        average = (value / quantity).quantize(Decimal("1E-8"))
    return Trade(side, quantity, average, value, row[f"{flow}_fee"])
