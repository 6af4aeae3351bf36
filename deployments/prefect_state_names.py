"""Runs that end with a name of the desk's own are found under the usual one.

A run that ends ``Hedged`` or ``Denied`` is of type COMPLETED, one that ends ``Unwound`` of type
FAILED. Both of Prefect's UIs (3.8.8) ask for runs by the *names* of states that Prefect itself
gives: the page of a deployment and of a flow, under "All except scheduled", showed none of the
desk's runs. Here a name that Prefect does not know counts as the usual name of its type, unless it
is asked for by itself.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

PREFECTS_OWN = frozenset(
    {
        "Scheduled",
        "Late",
        "Resuming",
        "AwaitingRetry",
        "AwaitingConcurrencySlot",
        "Pending",
        "Paused",
        "Suspended",
        "Running",
        "Retrying",
        "Completed",
        "Cached",
        "RolledBack",
        "Cancelled",
        "Cancelling",
        "Crashed",
        "Failed",
        "TimedOut",
    }
)
USUAL = {"COMPLETED": "Completed", "FAILED": "Failed", "CRASHED": "Crashed"}
"""Of the types whose names the desk chooses."""


def find_by_usual_names() -> None:
    """Change how this server reads the filter ``flow_runs.state.name``."""
    import sqlalchemy as sa
    from prefect.server.schemas.filters import FlowRunFilterStateName

    def as_asked(db: Any, names: Sequence[str]) -> Any:
        name = db.FlowRun.state_name
        if not set(names) & set(USUAL.values()):
            return name  # which has an index
        usual = sa.case(USUAL, value=sa.cast(db.FlowRun.state_type, sa.String), else_=name)
        return sa.case((name.in_(PREFECTS_OWN.union(names)), name), else_=usual)

    def filters(self: FlowRunFilterStateName, db: Any) -> Iterable[Any]:
        found = []
        if self.any_ is not None:
            found.append(as_asked(db, self.any_).in_(self.any_))
        if self.not_any_:
            found.append(as_asked(db, self.not_any_).not_in(self.not_any_))
        return found

    FlowRunFilterStateName._get_filter_list = filters  # type: ignore[method-assign]
