"""The KIMP_HOME of a benchmark: a folder of its own, out of reach of any real desk."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def bench_home() -> Iterator[Path]:
    """Thrown away at the end. Inside no setting from outside holds, nor a real desk's file of them:
    a benchmark would press the switches in its database, and call people through its channels."""
    # Settings are read in any case of letters.
    outside = {name: it for name, it in os.environ.items() if name.upper().startswith("KIMP_")}
    with tempfile.TemporaryDirectory(prefix="kimp-bench-") as folder:
        for name in outside:
            del os.environ[name]
        os.environ["KIMP_HOME"] = folder
        try:
            yield Path(folder)
        finally:
            del os.environ["KIMP_HOME"]
            os.environ.update(outside)
