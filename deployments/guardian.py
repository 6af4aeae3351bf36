"""Ends everything that ``up`` started if ``up`` itself dies without doing so.

``python -m deployments.guardian MARK``: standard input is a pipe that only ``up`` holds open. Its
end means that ``up`` is gone, even by ``kill -9``.
"""

from __future__ import annotations

import signal
import sys

from deployments.descendants import end_all

GRACE_S = 3.0


def main() -> int:
    # It must outlive what it guards: nothing but the end of ``up`` ends it.
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    sys.stdin.buffer.read()
    end_all(sys.argv[1], GRACE_S)
    return 0


if __name__ == "__main__":
    sys.exit(main())
