"""An executor whose process lives and does nothing: found, and ended, so that another can guard.

That may be the one that guards, one that starts, or an heir that stands by and never takes the
lease. Only a process that a run of the executor has left its name with, birth included, is ever
ended. The next executor begins as after any crash: the journal's epoch keeps the one that was
ended, should it ever move again, from writing and so from trading.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Iterator
from dataclasses import dataclass

from flows.run_owner import disown, owned, run_of
from tasks.executor_pulse import ASK_S, ASKS, Pulse, listener
from tasks.processes import Process
from tasks.settings import Settings
from tasks.standstill import Standstill
from warehouse.lease import holder

END_S = 10.0
"""A process's time to end by SIGKILL; one that waits for a disk takes longer."""
POLL_S = 0.05


@dataclass(frozen=True, slots=True)
class HungExecutor:
    process: Process
    run_id: str
    how: str
    """How it was found out, in words."""
    has_lease: bool = True

    async def end(self, settings: Settings) -> bool:
        """Kill it; True once it has ended."""
        self.process.kill()
        loop = asyncio.get_running_loop()
        deadline = loop.time() + END_S
        while self.process.lives:
            if loop.time() > deadline:
                return False
            await asyncio.sleep(POLL_S)
        disown(self.run_id, settings.executor_runs_dir)
        return True


async def hung_executor(
    settings: Settings, pulse: Pulse, standstill: Standstill
) -> HungExecutor | None:
    """The executor that is hung while none answers, as its ``pulse`` and what it does tell: the one
    that listens; else whoever holds the lease, and then whoever should have taken it. Never the
    process that looks: it does something."""
    if pulse is not Pulse.MUTE:
        return next(_standing(settings, standstill, but=()), None)
    pid = await asyncio.to_thread(listener, settings.socket_file)
    if pid is None or pid == os.getpid():
        return None
    found = run_of(pid, settings.executor_runs_dir)
    if found is None:
        return None
    how = f"it has answered none of {ASKS} questions, {ASK_S:g} s each"
    return HungExecutor(found[1], found[0], how)


async def hung_heir(settings: Settings, standstill: Standstill) -> HungExecutor | None:
    """A process beside the living executor that does not get as far as the lease, or not to its
    own end."""
    living = await asyncio.to_thread(listener, settings.socket_file)
    guarding = (living, holder(settings.journal_dir))
    heir = next(_standing(settings, standstill, but=guarding), None)
    # It may have begun to move, and now be the one that guards.
    return None if heir is None or heir.process.pid == holder(settings.journal_dir) else heir


def _standing(
    settings: Settings, standstill: Standstill, *, but: tuple[int | None, ...]
) -> Iterator[HungExecutor]:
    """Processes of executors that stand still, the holder of the lease first."""
    held_by, but = holder(settings.journal_dir), (*but, os.getpid())
    found = [it for it in owned(settings.executor_runs_dir) if it[1].pid not in but]
    still = standstill.look([process for _, process in found])
    for run_id, process in sorted(found, key=lambda it: it[1].pid != held_by):
        how = still.get(process)
        if how is not None:
            has_lease = process.pid == held_by
            lease = "holds the lease" if has_lease else "has no lease"
            told = f"it {lease}, does not listen and {how}"
            yield HungExecutor(process, run_id, told, has_lease=has_lease)
