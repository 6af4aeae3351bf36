"""Rows on their way into one table: which columns, and what a second row of a key does."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Any

import duckdb
import numpy as np


class Again(Enum):
    """What a row does whose key is in the table already."""

    NEVER = "never"
    """There is no second one: the key is the record's own number, or there is no key."""
    KEEP_FIRST = "keep first"
    TAKE_LAST = "take last"


@dataclass(frozen=True, slots=True, eq=False)
class Stream:
    """One way into ``table``. Values come as texts (or bool, int, None) and are cast there.

    Each is itself only (``eq=False``): streams are keys that are looked up for every row.
    """

    table: str
    columns: tuple[str, ...]
    key: tuple[str, ...] = ()
    again: Again = Again.NEVER
    first_only: tuple[str, ...] = ()
    """Columns that keep their first value under TAKE_LAST."""
    while_null: str = ""
    """Under KEEP_FIRST: a row that is there is still filled in while this column is NULL."""

    def statement(self) -> str:
        """The INSERT from a staged set of columns named ``staged``."""
        names = ", ".join(f'"{name}"' for name in self.columns)
        return f"INSERT INTO {self.table} ({names}) SELECT {names} FROM staged{self._conflict()}"

    def _conflict(self) -> str:
        if self.again is Again.NEVER:
            return ""
        target = f" ON CONFLICT ({', '.join(self.key)})"
        if self.again is Again.KEEP_FIRST and not self.while_null:
            return f"{target} DO NOTHING"
        sets = ", ".join(
            f'"{name}" = excluded."{name}"'
            for name in self.columns
            if name not in self.key and name not in self.first_only
        )
        where = f' WHERE {self.table}."{self.while_null}" IS NULL' if self.while_null else ""
        return f"{target} DO UPDATE SET {sets}{where}"


class Staging:
    """The rows of one batch, stream by stream, one row a key."""

    def __init__(self) -> None:
        self._lists: defaultdict[Stream, list[Sequence[Any]]] = defaultdict(list)
        self._keyed: defaultdict[Stream, dict[Any, Sequence[Any]]] = defaultdict(dict)

    def add(self, stream: Stream, row: Sequence[Any]) -> None:
        """``row`` in the order of ``stream.columns``; the key's columns come first."""
        if stream.again is Again.NEVER:
            self._lists[stream].append(row)
            return
        rows = self._keyed[stream]
        key = row[: len(stream.key)]
        former = rows.get(key)
        if former is None:
            rows[key] = row
        elif stream.again is Again.TAKE_LAST:
            rows[key] = [
                old if name in stream.first_only else new
                for name, old, new in zip(stream.columns, former, row, strict=True)
            ]

    def keys_of(self, stream: Stream, column: str) -> list[Any]:
        """The values of one column in the staged rows, each once."""
        place = stream.columns.index(column)
        return list(dict.fromkeys(row[place] for row in self._rows(stream)))

    def store(self, connection: duckdb.DuckDBPyConnection) -> None:
        """Insert everything, inside the caller's transaction. Raises duckdb.Error."""
        # Object columns become VARCHAR, whatever is in them; the table's types are what counts.
        connection.execute("SET pandas_analyze_sample = 0")
        for stream in [*self._lists, *self._keyed]:
            columns = zip(*self._rows(stream), strict=True)
            staged = {
                name: np.array(values, dtype=object)
                for name, values in zip(stream.columns, columns, strict=True)
            }
            connection.register("staged", staged)
            connection.execute(stream.statement())
            connection.unregister("staged")

    def _rows(self, stream: Stream) -> Sequence[Sequence[Any]]:
        if stream in self._lists:
            return self._lists[stream]
        return list(self._keyed.get(stream, {}).values())
