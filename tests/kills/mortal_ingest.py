"""An ingest that dies around the storing of its rows, before they are committed. Arguments: books,
journal folder, ``before`` or ``after``."""

from __future__ import annotations

import sys
from pathlib import Path

import duckdb

from tests.kills.mortal import die
from tests.kills.points import Moment
from warehouse import Warehouse
from warehouse.stream import Staging


def main(books: Path, journal: Path, moment: Moment) -> None:
    store = Staging.store

    def mortal(staging: Staging, connection: duckdb.DuckDBPyConnection) -> None:
        if moment is Moment.BEFORE:
            die()
        store(staging, connection)
        die()

    vars(sys.modules["warehouse.ingest"])["Staging"] = type("Mortal", (Staging,), {"store": mortal})
    Warehouse(books, journal).ingest()


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]), Moment(sys.argv[3]))
