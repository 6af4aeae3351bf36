"""Which tests stay together on one worker: those of a file, and those that share what is costly."""

from __future__ import annotations

import pytest
from xdist.scheduler import LoadFileScheduling

WHOLE_DESK = "tests/deployments/whole_desk/"
PREFECT_SERVER = "prefect_server"
"""The fixture of the run's Prefect server: each worker that meets it starts one."""


def keep_together(items: list[pytest.Item]) -> None:
    """Mark what shares a Prefect server or the whole desk; ``--dist loadgroup`` tells the
    scheduler, who knows no more of a test than its name."""
    for item in items:
        if item.nodeid.startswith(WHOLE_DESK):
            item.add_marker(pytest.mark.xdist_group("whole desk"))
        elif PREFECT_SERVER in getattr(item, "fixturenames", ()):
            item.add_marker(pytest.mark.xdist_group(PREFECT_SERVER))


class SharedTogether(LoadFileScheduling):
    """``--dist loadgroup``, but the tests without a group go by files."""

    def _split_scope(self, nodeid: str) -> str:
        _, at, group = nodeid.rpartition("@")
        if at and "]" not in group:  # a parameter may hold an @
            return group
        return super()._split_scope(nodeid)
