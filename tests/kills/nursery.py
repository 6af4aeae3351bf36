"""Bears executors: a process that has everything imported and forks one for each line it reads.

A line is the point to die at, or ``never``. It answers ``born PID``, and ``dead PID STATUS`` when
that process has ended (negative: the signal that ended it). Importing takes seconds and a fork
milliseconds, so an executor that was killed is back at once. An argument names what is broken in
all of them (:mod:`tests.kills.breakages`).
"""

from __future__ import annotations

import asyncio
import os
import sys
from typing import NoReturn

import exchanges.factory
import tasks.executor
from tests.kills.breakages import Breakage, break_it
from tests.kills.mortal import Death, MortalJournal, MortalTransport
from tests.kills.points import Point
from tests.tasks import executor_child

NEVER = "never"


def main() -> None:
    for broken in sys.argv[1:]:
        break_it(Breakage(broken))
    for line in sys.stdin:
        pid = os.fork()
        if pid == 0:
            _live(line.strip())
        print(f"born {pid}", flush=True)
        _, status = os.waitpid(pid, 0)
        print(f"dead {pid} {os.waitstatus_to_exitcode(status)}", flush=True)


def _live(point: str) -> NoReturn:
    """The executor as it is, over HTTP, with the two parts that may die."""
    sys.stdin.close()
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())  # what is said there is the nursery's
    Death.at(None if point == NEVER else Point.parse(point))
    vars(tasks.executor)["Journal"] = MortalJournal
    vars(exchanges.factory)["HttpTransport"] = MortalTransport
    code = 1
    try:
        asyncio.run(executor_child.main())
        code = 0
    finally:
        sys.stderr.flush()
        os._exit(code)


if __name__ == "__main__":
    main()
