"""Holds a DuckDB file open, as a foreign program does, until it is killed. Argument: file."""

from __future__ import annotations

import signal
import sys

import duckdb

if __name__ == "__main__":
    with duckdb.connect(sys.argv[1]):
        print("held", flush=True)
        signal.pause()
