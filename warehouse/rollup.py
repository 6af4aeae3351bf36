"""Profit and loss of each Korean day, from the results of the pairs that ended on it.

A pure function of the results and the time: made again, it gives the same.
A day closes at 00:05 of the next. What it closed with stays visible beside
what it is now; the difference, and how many results made it or were taken
back, are its correction.
"""

from __future__ import annotations

from datetime import date, datetime
from typing import Final

import duckdb

from warehouse.kst import CLOSING_TIME, day_start
from warehouse.pnl_history import history

_MINUTES_TO_CLOSE: Final = 24 * 60 + CLOSING_TIME.hour * 60 + CLOSING_TIME.minute - 9 * 60
"""From midnight UTC of a date to the closing of the Korean day of that date: midnight in Korea is
nine hours before midnight in UTC."""
_CLOSING: Final = f"(day + INTERVAL {_MINUTES_TO_CLOSE} MINUTE) AT TIME ZONE 'UTC'"

_ROLLUP: Final = f"""
INSERT OR REPLACE INTO pnl_daily BY NAME
WITH at_close AS (
    SELECT day,
        coalesce(
            sum(result.net_krw) FILTER (
                step.recorded_at < {_CLOSING}
                AND (step.held_until IS NULL OR step.held_until >= {_CLOSING})
            ), 0
        ) AS net_krw,
        count(*) FILTER (step.recorded_at >= {_CLOSING})
            + count(*) FILTER (step.taken_back AND step.held_until >= {_CLOSING}) AS corrections,
        max(greatest(step.recorded_at, step.held_until)) AS touched_at
    FROM ({history()}) AS step JOIN pnl_results AS result USING (seq)
    GROUP BY day
), days AS (
    SELECT day,
        count(*) FILTER (state = 'closed') AS pairs_closed,
        count(*) FILTER (state = 'unwound') AS pairs_unwound,
        count(*) FILTER (net_krw > 0) AS wins,
        count(*) FILTER (net_krw < 0) AS losses,
        coalesce(sum(net_krw), 0) AS net_krw,
        coalesce(sum(premium_krw), 0) AS premium_krw,
        coalesce(sum(fx_krw), 0) AS fx_krw,
        CASE WHEN count(pair_id) = 0 THEN 0 ELSE sum(funding_krw) END AS funding_krw,
        count(pair_id) FILTER (funding_krw IS NULL) AS funding_missing,
        coalesce(sum(fees_krw), 0) AS fees_krw,
        coalesce(sum(slippage_krw), 0) AS slippage_krw,
        count(pair_id) AS pairs
    FROM (SELECT day FROM at_close) LEFT JOIN pnl_pairs USING (day)
    GROUP BY day
), running AS (
    SELECT *, sum(net_krw) OVER (ORDER BY day) AS cumulative_krw FROM days
)
SELECT running.* EXCLUDE (pairs),
    {_CLOSING} <= $now AS closed,
    CASE WHEN closed THEN {_CLOSING} END AS closed_at,
    CASE WHEN closed THEN at_close.net_krw END AS net_krw_at_close,
    at_close.corrections,
    CASE WHEN closed THEN running.net_krw - at_close.net_krw ELSE 0 END AS correction_krw
FROM running JOIN at_close USING (day)
WHERE (running.pairs > 0 OR at_close.corrections > 0) AND (
    $first::DATE IS NULL OR day >= least(
        $first::DATE, (SELECT min(day) FROM at_close WHERE touched_at >= $since)
    )
)
"""
_WITHOUT_RESULTS: Final = """
DELETE FROM pnl_daily WHERE corrections = 0 AND day NOT IN (SELECT day FROM pnl_pairs)
"""


def rollup(connection: duckdb.DuckDBPyConnection, day: date | None, now: datetime) -> int:
    """Write ``pnl_daily`` for ``day`` and those after it (their cumulative sum rests on it), or
    for all days. An earlier day is written too if a result of it has changed since. How many days
    were written; a day without results has no row, unless it closed with one."""
    since = None if day is None else day_start(day)
    parameters = {"first": day, "since": since, "now": now}
    written = connection.execute(_ROLLUP, parameters).fetchone()
    connection.execute(_WITHOUT_RESULTS)
    return 0 if written is None else int(written[0])
