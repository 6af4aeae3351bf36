"""Every way in which somebody can pause what the desk looks at, as requests to Prefect's API.

Both UIs, the commands of ``prefect`` and its automations end in one of these; who sends which was
read off their sources (Prefect 3.8.8). There is no command ``prefect deployment pause``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from tasks.switch_guard import BATCH_POOL, ENTRY, HOT_POOL, SIGNAL_INTAKE

Request = tuple[str, str, Mapping[str, object] | None]
"""Method, path, body."""


@dataclass(frozen=True, slots=True)
class Way:
    """Paths may name ``{entry}``, ``{intake}`` (deployment ids) and ``{schedule}`` (of entry)."""

    pause: tuple[Request, ...]
    resume: tuple[Request, ...]
    switches: frozenset[str]
    """What is paused by it."""


def _patch(path: str, name: str, off: bool) -> Request:
    return "PATCH", path, {name: off}


SCHEDULE_SWITCH = "switch of a schedule (both UIs, prefect deployment schedule pause)"
"""The one that a deployment's page shows while it runs."""

WAYS: Mapping[str, Way] = {
    "switch of a deployment (both UIs)": Way(
        (_patch("/deployments/{entry}", "paused", True),),
        (_patch("/deployments/{entry}", "paused", False),),
        frozenset({ENTRY}),
    ),
    "several deployments (both UIs)": Way(
        (
            _patch("/deployments/{entry}", "paused", True),
            _patch("/deployments/{intake}", "paused", True),
        ),
        (
            _patch("/deployments/{entry}", "paused", False),
            _patch("/deployments/{intake}", "paused", False),
        ),
        frozenset({ENTRY, SIGNAL_INTAKE}),
    ),
    "pause_deployment (automations)": Way(
        (("POST", "/deployments/{entry}/pause_deployment", None),),
        (("POST", "/deployments/{entry}/resume_deployment", None),),
        frozenset({ENTRY}),
    ),
    SCHEDULE_SWITCH: Way(
        (_patch("/deployments/{entry}/schedules/{schedule}", "active", False),),
        (_patch("/deployments/{entry}/schedules/{schedule}", "active", True),),
        frozenset({ENTRY}),
    ),
    "work pool hot (both UIs, prefect work-pool pause)": Way(
        (_patch("/work_pools/hot", "is_paused", True),),
        (_patch("/work_pools/hot", "is_paused", False),),
        frozenset({HOT_POOL}),
    ),
    "work pool batch": Way(
        (_patch("/work_pools/batch", "is_paused", True),),
        (_patch("/work_pools/batch", "is_paused", False),),
        frozenset({BATCH_POOL}),
    ),
    "work queue (both UIs, prefect work-queue pause)": Way(
        (_patch("/work_pools/hot/queues/default", "is_paused", True),),
        (_patch("/work_pools/hot/queues/default", "is_paused", False),),
        frozenset({HOT_POOL}),
    ),
}
