"""Whole books, for comparing."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import duckdb

TABLES = (
    "signals",
    "orders",
    "fills",
    "pairs",
    "pair_events",
    "premiums",
    "fx_rates",
    "funding",
    "balances",
    "pnl_results",
    "pnl_pairs",
    "pnl_daily",
    "reconciliations",
    "alerts",
    "alert_rows",
    "alert_deliveries",
    "health",
    "denials",
    "exposures",
    "adoptions",
    "circuits",
    "margins",
    "pnl_reopenings",
    "journal_position",
)


def contents(file: Path) -> dict[str, list[tuple[Any, ...]]]:
    """Every row of every table, in an order of their own."""
    with duckdb.connect(str(file), read_only=True) as connection:
        return {
            table: connection.execute(f"SELECT * FROM {table} ORDER BY ALL").fetchall()
            for table in TABLES
        }
