"""Ingests as a process of its own, and says how many records. Arguments: file, journal folder."""

from __future__ import annotations

import sys
from pathlib import Path

from warehouse import Warehouse

if __name__ == "__main__":
    print("begin", flush=True)
    print(Warehouse(Path(sys.argv[1]), Path(sys.argv[2])).ingest().records, flush=True)
