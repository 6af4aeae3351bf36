"""The hand-over from a living executor to its heir: asked for by the heir, granted once.

The heir is a process on this machine that has read the journal and stands beside the desk's
lease. The living executor finishes what is under way while it still guards, gives the lease back
and watches until the heir has taken it. The lease, not this, keeps two from trading.
"""

from __future__ import annotations

import asyncio

from tasks.errors import DeskError
from tasks.processes import is_alive


class HandOver:
    """What the living executor knows of its heir."""

    def __init__(self) -> None:
        self._asked = asyncio.Event()
        self.heir: int | None = None
        """Process id of who takes over."""

    def ask(self, pid: int) -> None:
        """``pid`` is ready to take over. Raises DeskError when another one is at it already."""
        if self.heir not in (None, pid) and self.heir_lives:
            raise DeskError(f"process {self.heir} is taking over already")
        if not is_alive(pid):
            raise DeskError(f"pid: expected a living process of this machine, got {pid}")
        self.heir = pid
        self._asked.set()

    async def wait(self) -> None:
        """Return when an heir has asked."""
        await self._asked.wait()

    @property
    def heir_lives(self) -> bool:
        return self.heir is not None and is_alive(self.heir)

    def withdraw(self) -> None:
        """The heir is gone: wait for another."""
        self.heir = None
        self._asked.clear()
