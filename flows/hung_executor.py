"""An executor whose process lives and does nothing: found, and ended, so that another can guard.

Only a process that a run of the executor has left its name with, birth included, is ever ended. The
next executor begins as after any crash: the journal's epoch keeps the one that was ended, should it
ever move again, from writing and so from trading.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

from flows.run_owner import disown, run_of
from tasks.executor_absence import START_S, ExecutorAbsence
from tasks.executor_pulse import ASK_S, ASKS, Pulse, listener
from tasks.processes import Process
from tasks.settings import Settings
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
    settings: Settings, pulse: Pulse, absence: ExecutorAbsence
) -> HungExecutor | None:
    """The executor that is hung, as its ``pulse`` and what it does tell."""
    if pulse is Pulse.MUTE:
        pid = await asyncio.to_thread(listener, settings.socket_file)
        how = f"it has answered none of {ASKS} questions, {ASK_S:g} s each"
    else:
        pid = holder(settings.journal_dir)
        how = f"it holds the lease, has not listened for {START_S:g} s and computes nothing"
    found = None if pid is None else run_of(pid, settings.executor_runs_dir)
    if found is None:
        return None
    run_id, process = found
    if pulse is not Pulse.MUTE and not absence.stands_still(process):
        return None
    return HungExecutor(process, run_id, how)
