"""A journal writer as a process of its own: prints the number of each record that it was told is
kept. Used by tests that kill it. Arguments: folder, bytes a file may have (0: no limit)."""

from __future__ import annotations

import resource
import sys
from datetime import UTC, datetime
from pathlib import Path

from tests.warehouse.examples import premium
from warehouse import Journal, JournalFull


def main(folder: Path, file_limit: int) -> None:
    if file_limit:
        resource.setrlimit(resource.RLIMIT_FSIZE, (file_limit, file_limit))
    journal = Journal.open(folder, lambda: datetime.now(UTC), segment_bytes=20_000)
    try:
        while True:
            print(journal.write(*premium()), flush=True)
    except JournalFull as error:
        print(f"full: {error}", flush=True)
        # Nothing of the refused record is left, and what is there is a whole journal.
        print(journal.position.offset, flush=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]))
