"""Numbered SQL files, each applied once, in order, with the note that it was in one transaction."""

from __future__ import annotations

import re
from dataclasses import dataclass
from importlib import resources

import duckdb

from warehouse.errors import BooksOutOfStep

_NAME = re.compile(r"(\d{4})_\w+\.sql")


@dataclass(frozen=True, slots=True)
class Migration:
    version: int
    name: str
    sql: str


def migrations() -> tuple[Migration, ...]:
    """All that this version knows, rising from 1 without a gap."""
    folder = resources.files("warehouse") / "migrations"
    return tuple(
        Migration(int(match[1]), file.name, file.read_text(encoding="utf-8"))
        for file in sorted(folder.iterdir(), key=lambda entry: entry.name)
        if (match := _NAME.fullmatch(file.name))
    )


def applied_version(connection: duckdb.DuckDBPyConnection) -> int:
    """The version of an open database; 0 for an empty one."""
    exists = connection.execute(
        "SELECT count(*) FROM information_schema.tables WHERE table_name = 'schema_migrations'"
    ).fetchone()
    if exists is None or exists[0] == 0:
        return 0
    row = connection.execute("SELECT coalesce(max(version), 0) FROM schema_migrations").fetchone()
    return 0 if row is None else int(row[0])


def migrate(connection: duckdb.DuckDBPyConnection) -> None:
    """Bring an open database to this version. Raises BooksOutOfStep if it is ahead of us."""
    known = migrations()
    version = applied_version(connection)
    if version > len(known):
        raise BooksOutOfStep(
            f"The warehouse is of version {version}, this program knows up to {len(known)}: "
            "use the newer program, or rebuild the warehouse with this one."
        )
    for migration in known[version:]:
        connection.execute("BEGIN")
        try:
            connection.execute(
                "CREATE TABLE IF NOT EXISTS schema_migrations "
                "(version INTEGER PRIMARY KEY, name VARCHAR NOT NULL)"
            )
            connection.execute(migration.sql)
            connection.execute(
                "INSERT INTO schema_migrations VALUES (?, ?)", [migration.version, migration.name]
            )
            connection.execute("COMMIT")
        except BaseException:
            connection.execute("ROLLBACK")
            raise
