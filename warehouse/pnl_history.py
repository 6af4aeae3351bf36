"""Which result of a pair holds, on which Korean day it counts, and until when others held.

A pair's results stand in ``pnl_results`` in the order of the journal. The last one holds, unless
the pair was opened again after it (``pnl_reopenings``: an order that had ended traded late): then
none does until it ends again. A corrected result stays on the day on which the pair ended; that of
a pair that was open again counts on the day of its last end.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Final

import duckdb


def history(pairs: str = "") -> str:
    """A SELECT of all results of the pairs that the condition ``pairs`` names, with:

    ``ended_at``, ``day``: when the pair ended, UTC, and on which Korean day (nine hours ahead of
    UTC all year); ``held_until``: when the next result or a reopening took its place, NULL: it
    holds; ``taken_back``: by a reopening; ``revision``: 1 for a pair's first result.
    """
    return f"""
WITH steps AS (
    SELECT seq, recorded_at, pair_id, closed_at, FALSE AS reopens FROM pnl_results {pairs}
    UNION ALL
    SELECT seq, recorded_at, pair_id, NULL, TRUE FROM pnl_reopenings {pairs}
), lives AS (
    SELECT *,
        count(*) FILTER (reopens) OVER so_far AS life,
        count(*) FILTER (NOT reopens) OVER so_far AS revision,
        lead(recorded_at) OVER in_order AS held_until,
        coalesce(lead(reopens) OVER in_order, FALSE) AS taken_back
    FROM steps
    WINDOW so_far AS (PARTITION BY pair_id ORDER BY seq ROWS UNBOUNDED PRECEDING),
        in_order AS (PARTITION BY pair_id ORDER BY seq)
), ends AS (
    SELECT *, min(closed_at) OVER (PARTITION BY pair_id, life) AS ended_at FROM lives
)
SELECT seq, recorded_at, pair_id, revision, ended_at, held_until, taken_back,
    CAST(ended_at AT TIME ZONE 'UTC' + INTERVAL 9 HOUR AS DATE) AS day
FROM ends WHERE NOT reopens
"""


_OF_SOME: Final = history("WHERE pair_id IN (SELECT unnest($pairs))")
_HOLDING: Final = f"""
INSERT OR REPLACE INTO pnl_pairs BY NAME
SELECT result.* EXCLUDE (seq, recorded_at) REPLACE (step.ended_at AS closed_at),
    step.day, step.revision
FROM ({_OF_SOME}) AS step JOIN pnl_results AS result USING (seq)
WHERE step.held_until IS NULL
"""
_TAKEN_BACK: Final = f"""
DELETE FROM pnl_pairs WHERE pair_id IN (SELECT unnest($pairs))
    AND pair_id NOT IN (SELECT pair_id FROM ({_OF_SOME}) AS step WHERE held_until IS NULL)
"""


def book_results(connection: duckdb.DuckDBPyConnection, pairs: Collection[str]) -> None:
    """Bring ``pnl_pairs`` up to date for ``pairs``, inside the caller's transaction."""
    if pairs:
        connection.execute(_HOLDING, {"pairs": list(pairs)})
        connection.execute(_TAKEN_BACK, {"pairs": list(pairs)})
