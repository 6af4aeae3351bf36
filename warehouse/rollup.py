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

_CLOSES: Final = f"INTERVAL {24 * 60 + CLOSING_TIME.hour * 60 + CLOSING_TIME.minute} MINUTE"

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
        -- Midnight in Korea is nine hours before midnight in UTC.
        (day::TIMESTAMP + {_CLOSES} - INTERVAL 9 HOUR) AT TIME ZONE 'UTC' AS closing
    FROM pnl_pairs
    GROUP BY day
), running AS (
    SELECT *, sum(net_krw) OVER (ORDER BY day) AS cumulative_krw FROM days
), at_close AS (
    SELECT day, sum(net_krw) AS net_krw
    FROM (
        SELECT pair.day, result.net_krw,
            row_number() OVER (PARTITION BY result.pair_id ORDER BY result.seq DESC) AS place
        FROM pnl_results AS result
        JOIN pnl_pairs AS pair USING (pair_id)
        JOIN days ON days.day = pair.day
        WHERE result.recorded_at < days.closing
    )
    WHERE place = 1
    GROUP BY day
), late AS (
    SELECT pair.day, count(*) AS results
    FROM pnl_results AS result
    JOIN pnl_pairs AS pair USING (pair_id)
    JOIN days ON days.day = pair.day
    WHERE result.recorded_at >= days.closing
    GROUP BY pair.day
)
SELECT running.* EXCLUDE (closing),
    closing <= $now AS closed,
    CASE WHEN closed THEN closing END AS closed_at,
    CASE WHEN closed THEN coalesce(at_close.net_krw, 0) END AS net_krw_at_close,
    coalesce(late.results, 0) AS corrections,
    CASE WHEN closed THEN running.net_krw - coalesce(at_close.net_krw, 0) ELSE 0 END
        AS correction_krw
FROM running
LEFT JOIN at_close USING (day)
LEFT JOIN late USING (day)
WHERE $day::DATE IS NULL OR running.day >= $day::DATE
"""


def rollup(connection: duckdb.DuckDBPyConnection, day: date | None, now: datetime) -> int:
    """Write ``pnl_daily`` for ``day`` and those after it (their cumulative sum rests on it), or
    for all days. How many days were written; a day without results has no row."""
    connection.execute("DELETE FROM pnl_daily WHERE day NOT IN (SELECT day FROM pnl_pairs)")
    written = connection.execute(_ROLLUP, {"day": day, "now": now}).fetchone()
    return 0 if written is None else int(written[0])
