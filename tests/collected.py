"""Which objects Python's collector of garbage looks through."""

from __future__ import annotations

import gc


def is_looked_through(wanted: object) -> bool:
    """Not what was frozen: the list of objects leaves that out."""
    return any(known is wanted for known in gc.get_objects())
