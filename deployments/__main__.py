"""``python -m deployments`` is ``kimp``."""

from __future__ import annotations

import sys

from deployments.cli import main

if __name__ == "__main__":
    sys.exit(main())
