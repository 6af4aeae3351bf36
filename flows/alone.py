"""One run of a flow at a time: a run that finds the one before it still going ends at once.

Prefect's own limit for that ends a run whose place it cannot renew, which is so within four minutes
after its server was away or began anew (Prefect 3.8.8, ``prefect/concurrency/_leases.py``: renewed
each 225 s, three tries, then the run is cancelled). A lock of the operating system asks no server
and goes with its process, however that ends.
"""

from __future__ import annotations

import fcntl
import os
from collections.abc import Coroutine
from typing import Any

from prefect.client.schemas.objects import State
from prefect.states import Cancelled

from tasks.settings_loading import load_settings

STILL_RUNNING = "StillRunning"


async def alone(name: str, work: Coroutine[Any, Any, State[Any]]) -> State[Any]:
    """The state that ``work`` ends in, unless other work of this name is being done on this
    KIMP_HOME: then ``StillRunning``, and nothing of it was begun."""
    folder = load_settings().home / "run" / "alone"
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    lock = os.open(folder / f"{name}.lock", os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        work.close()
        message = f"A run of {name} is still going, so this one has done nothing."
        return Cancelled(name=STILL_RUNNING, message=message)
    else:
        return await work
    finally:
        os.close(lock)
