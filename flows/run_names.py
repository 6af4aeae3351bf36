"""Names of runs that a person can read in a list.

They are made before the flow's body runs, from the run's parameters.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

from prefect.runtime import flow_run

KST = ZoneInfo("Asia/Seoul")


def named_by_time(subject: str) -> Callable[[], str]:
    """Names such as ``health-14:03:20-KST``; the UI beside it shows the browser's time."""
    return lambda: f"{subject}-{datetime.now(UTC).astimezone(KST):%H:%M:%S}-KST"


def text_parameter(name: str) -> str:
    """A parameter of the run as text, empty when it has none."""
    value = flow_run.get_parameters().get(name)
    return "" if value is None else str(value)


def signal_parameter() -> dict[str, Any] | None:
    """The ``signal`` parameter of the run where it is an object."""
    value = flow_run.get_parameters().get("signal")
    return value if isinstance(value, dict) else None
