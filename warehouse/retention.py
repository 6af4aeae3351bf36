"""Leave old rows out of the books. The journal keeps them: a rebuild brings them back."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

import duckdb


@dataclass(frozen=True, slots=True)
class Retained:
    """How many rows were deleted."""

    premiums: int
    health: int


def retain(
    connection: duckdb.DuckDBPyConnection,
    now: datetime,
    *,
    premium_days: int | None,
    health_days: int | None,
) -> Retained:
    """Delete premiums and health rows older than so many days; None keeps all."""
    return Retained(
        _delete(connection, "premiums", now, premium_days),
        _delete(connection, "health", now, health_days),
    )


def _delete(
    connection: duckdb.DuckDBPyConnection, table: str, now: datetime, days: int | None
) -> int:
    if days is None:
        return 0
    oldest = now - timedelta(days=days)
    row = connection.execute(f"DELETE FROM {table} WHERE time < ?", [oldest]).fetchone()
    return 0 if row is None else int(row[0])
