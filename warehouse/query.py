"""Questions of an operator, in SQL, to the books."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import duckdb

from warehouse.errors import QueryFailed


@dataclass(frozen=True, slots=True)
class QueryResult:
    columns: tuple[str, ...]
    rows: tuple[tuple[Any, ...], ...]


def query(connection: duckdb.DuckDBPyConnection, text: str) -> QueryResult:
    """The rows of one query. Raises QueryFailed with one sentence."""
    try:
        cursor = connection.execute(text)
        columns = tuple(column[0] for column in cursor.description or ())
        return QueryResult(columns, tuple(cursor.fetchall()))
    except duckdb.Error as error:
        sentence = str(error).strip().splitlines()[0].rstrip(".!")
        raise QueryFailed(f"The query failed: {sentence}.") from None
