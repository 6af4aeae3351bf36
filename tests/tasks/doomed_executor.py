"""Executors that kill themselves with SIGKILL at one step of a hand-over.

A process that has everything imported and forks one for each line it reads: ``living`` or ``heir``,
and the step. It answers ``dead STATUS`` when that one has ended. Settings: the environment's.
"""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import Callable
from typing import Any, NoReturn

from tasks.assembled_desk import AssembledDesk
from tasks.desk import Desk
from tasks.executor import run_executor
from tasks.executor_client import ExecutorClient
from tasks.feeds import Feeds
from tasks.hand_over import HandOver
from tasks.paper_desk import MemorySwitches
from tasks.settings import Settings
from warehouse import Journal
from warehouse.lease import Lease

STEPS: dict[str, tuple[type, str, str]] = {
    # of the heir
    "before it asks": (ExecutorClient, "hand_over", "before"),
    "after it has asked": (ExecutorClient, "hand_over", "after"),
    "with the lock and no lease": (Lease, "take", "before"),
    "with the lease": (AssembledDesk, "restore", "before"),
    "while it looks at the world": (Feeds, "read_all", "after"),
    # of the living one
    "when it is asked": (HandOver, "ask", "before"),
    "while it finishes": (Desk, "finish", "before"),
    "before it gives the lease back": (Journal, "close", "before"),
    "after it gave the lease back": (Journal, "close", "after"),
}


def doom(owner: type, name: str, when: str) -> None:
    """Let the process die before or after ``owner.name`` is done."""
    original: Any = owner.__dict__[name]
    is_class_method = isinstance(original, classmethod)
    done: Callable[..., Any] = original.__func__ if is_class_method else original

    def die() -> None:
        os.kill(os.getpid(), signal.SIGKILL)

    def called(*args: Any, **named: Any) -> Any:
        if when == "before":
            die()
        result = done(*args, **named)
        if asyncio.iscoroutine(result):
            return _then(result, die)
        die()
        return result

    setattr(owner, name, classmethod(called) if is_class_method else called)


async def _then(work: Any, die: Callable[[], None]) -> None:
    await work
    die()


def main() -> None:
    for line in sys.stdin:
        role, _, step = line.strip().partition(" ")
        pid = os.fork()
        if pid == 0:
            _live(role, step)
        _, status = os.waitpid(pid, 0)
        print(f"dead {os.waitstatus_to_exitcode(status)}", flush=True)


def _live(role: str, step: str) -> NoReturn:
    sys.stdin.close()
    doom(*STEPS[step])
    running = run_executor(
        Settings(),
        switches=MemorySwitches(),
        on_decided=lambda *_: None,
        stop=asyncio.Event(),
        take_over=role == "heir",
    )
    try:
        asyncio.run(running)
    finally:
        sys.stderr.flush()
        os._exit(1)  # it was to be killed


if __name__ == "__main__":
    main()
