"""Which tests stay together on one core: those of a file, and the files that share a whole desk."""

from __future__ import annotations

from xdist.scheduler import LoadFileScheduling

WHOLE_DESK = "tests/deployments/whole_desk/"


class OneDeskTogether(LoadFileScheduling):
    """``--dist loadfile``, but the folder of the whole desk counts as one file."""

    def _split_scope(self, nodeid: str) -> str:
        return WHOLE_DESK if nodeid.startswith(WHOLE_DESK) else super()._split_scope(nodeid)
