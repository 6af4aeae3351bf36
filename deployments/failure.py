"""How a command says no."""

from __future__ import annotations


class CommandFailed(Exception):
    """Refused or failed: exit code 1 and ``str()``, one clear sentence, on stderr."""
