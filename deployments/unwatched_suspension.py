"""Runs of the hot worker are not watched for being suspended.

For each run of a deployment Prefect 3.8.8 starts a thread with an event loop and a WebSocket of its
own that hears of a suspension, and blocks the flow's own loop until that has connected, and again
at the run's end (``prefect._flow_run_suspension.observe_flow_run_suspension``). In a worker that
runs many flows in one loop all of them stand still meanwhile: a tenth of a second a run while the
server is well, and for as long as a connection takes to fail while it is gone. These runs last a
second, and none of them can be suspended halfway; cancelling them is heard by the worker itself.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from prefect import flow_engine


@contextmanager
def _unwatched(*_arguments: Any, **_options: Any) -> Iterator[None]:
    yield


def leave_suspension_unwatched() -> None:
    """From now on, in this process."""
    setattr(flow_engine, "observe_flow_run_suspension", _unwatched)  # noqa: B010 (it is private)
