"""Profit and loss of each Korean day, from the results of the pairs that ended on it.

A pure function of the results and the time: made again, it gives the same.
A day closes at 00:05 of the next. What it closed with stays visible beside
what it is now; the difference, and how many results made it, are its
correction.
"""

from __future__ import annotations

from datetime import date, datetime
from typing import Final

import duckdb

from warehouse.kst import CLOSING_TIME

_MINUTES_TO_CLOSE: Final = 24 * 60 + CLOSING_TIME.hour * 60 + CLOSING_TIME.minute - 9 * 60
"""From midnight UTC of a date to the closing of the Korean day of that date: midnight in Korea is
nine hours before midnight in UTC."""
_CLOSING: Final = f"(day + INTERVAL {_MINUTES_TO_CLOSE} MINUTE) AT TIME ZONE 'UTC'"

_ROLLUP: Final = f"""
INSERT OR REPLACE INTO pnl_daily BY NAME
WITH days AS (
    SELECT day,
        count(*) FILTER (state = 'closed') AS pairs_closed,
        count(*) FILTER (state = 'unwound') AS pairs_unwound,
        count(*) FILTER (net_krw > 0) AS wins,
        count(*) FILTER (net_krw < 0) AS losses,
        sum(net_krw) AS net_krw,
        sum(premium_krw) AS premium_krw,
        sum(fx_krw) AS fx_krw,
        sum(funding_krw) AS funding_krw,
        count(*) FILTER (funding_krw IS NULL) AS funding_missing,
        sum(fees_krw) AS fees_krw,
        sum(slippage_krw) AS slippage_krw,
        {_CLOSING} AS closing
    FROM pnl_pairs
    GROUP BY day
), running AS (
    SELECT *, sum(net_krw) OVER (ORDER BY day) AS cumulative_krw FROM days
), per_pair AS (
    SELECT pair.day,
        arg_max(result.net_krw, result.seq) FILTER (result.recorded_at < {_CLOSING}) AS net_in_time,
        count(*) FILTER (result.recorded_at >= {_CLOSING}) AS late
    FROM pnl_results AS result JOIN pnl_pairs AS pair USING (pair_id)
    GROUP BY pair.day, pair_id
), at_close AS (
    SELECT day, coalesce(sum(net_in_time), 0) AS net_krw, sum(late)::BIGINT AS corrections
    FROM per_pair GROUP BY day
)
SELECT running.* EXCLUDE (closing),
    closing <= $now AS closed,
    CASE WHEN closed THEN closing END AS closed_at,
    CASE WHEN closed THEN at_close.net_krw END AS net_krw_at_close,
    at_close.corrections,
    CASE WHEN closed THEN running.net_krw - at_close.net_krw ELSE 0 END AS correction_krw
FROM running JOIN at_close USING (day)
WHERE $day::DATE IS NULL OR running.day >= $day::DATE
"""


def rollup(connection: duckdb.DuckDBPyConnection, day: date | None, now: datetime) -> int:
    """Write ``pnl_daily`` for ``day`` and those after it (their cumulative sum rests on it), or
    for all days. How many days were written; a day without results has no row."""
    connection.execute("DELETE FROM pnl_daily WHERE day NOT IN (SELECT day FROM pnl_pairs)")
    written = connection.execute(_ROLLUP, {"day": day, "now": now}).fetchone()
    return 0 if written is None else int(written[0])
