"""Is a process of this machine alive?"""

from __future__ import annotations

import os
from pathlib import Path


def is_alive(pid: int) -> bool:
    """One that has ended and was not waited for yet is not."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True  # another user's
    try:
        # "pid (name) state …": the name may hold anything, so read from its end.
        state = Path(f"/proc/{pid}/stat").read_text("utf-8").rpartition(")")[2].split()[0]
    except OSError:
        return Path("/proc/self").exists() is False
    return state not in ("Z", "X")
