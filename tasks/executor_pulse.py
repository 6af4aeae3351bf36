"""Does an executor live, and if it does not answer: does somebody listen and say nothing?

A process that was stopped, or whose event loop is blocked, keeps its lease and its socket; the
kernel goes on taking connections for it and nobody ever reads them. An executor that starts does
not listen yet, and one that ends does not listen any more, so neither is taken for a hung one.
"""

from __future__ import annotations

import asyncio
import socket
import struct
from enum import StrEnum
from pathlib import Path

from tasks.errors import ExecutorGone, ExecutorRefused
from tasks.executor_client import ExecutorClient

ASKS = 3
ASK_S = 5.0
"""An executor at work answers within milliseconds."""
PAUSE_S = 1.0
LATE_S = 1.0
"""An ask that ends so much later than its time-out tells that it was the machine, or whoever asks,
that stood still: it does not count."""
MOST_ASKS = 6
BACK_S = 5.0
"""Between two executors that hand over nobody listens for about a second."""


class Pulse(StrEnum):
    ANSWERS = "answers"
    MUTE = "mute"
    """Somebody listens and answers nothing."""
    ABSENT = "absent"
    """Nobody listens."""
    UNSURE = "unsure"
    """This machine stood still while it was asked."""


async def feel_pulse(socket_file: Path) -> Pulse:
    """Takes no time where an executor is well, else up to :data:`MOST_ASKS` times
    :data:`ASK_S`."""
    loop = asyncio.get_running_loop()
    asked, unanswered, absent_since = 0, 0, loop.time()
    while asked < MOST_ASKS:
        began = loop.time()
        if await answers(socket_file):
            return Pulse.ANSWERS
        took_s = loop.time() - began
        if await asyncio.to_thread(listener, socket_file) is None:
            if loop.time() - absent_since >= BACK_S:
                return Pulse.ABSENT
            await asyncio.sleep(PAUSE_S)
            continue
        asked += 1
        unanswered += took_s <= ASK_S + LATE_S
        if unanswered == ASKS:
            return Pulse.MUTE
        await asyncio.sleep(max(PAUSE_S, ASK_S - took_s))
        absent_since = loop.time()
    return Pulse.UNSURE


async def answers(socket_file: Path) -> bool:
    """Does somebody say within :data:`ASK_S` that an executor is there?"""
    try:
        async with ExecutorClient(socket_file) as executor:
            await executor.answers(ASK_S)
    except ExecutorGone:
        return False
    except ExecutorRefused:
        pass  # an answer, too
    return True


def listener(socket_file: Path) -> int | None:
    """The process that listens at a Unix socket, as the kernel says (unix(7), SO_PEERCRED)."""
    with socket.socket(socket.AF_UNIX) as probe:
        probe.settimeout(1.0)
        try:
            probe.connect(str(socket_file))
        except OSError:
            return None
        credentials = probe.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, struct.calcsize("3i"))
    pid: int = struct.unpack("3i", credentials)[0]
    return pid
