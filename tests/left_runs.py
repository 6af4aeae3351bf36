"""Runs that a test leaves in a Prefect server which the next test works with too."""

from __future__ import annotations

from typing import Any

import httpx

AT_ONCE = 50
"""Runs that the server deletes with one request (3.8.8)."""
UNFINISHED = ["SCHEDULED", "PENDING", "RUNNING", "PAUSED", "CANCELLING"]
TIMEOUT_S = 60.0


def forget_unfinished(api_url: str) -> None:
    """Delete them: the next worker would run them first."""
    only: dict[str, Any] = {"state": {"type": {"any_": UNFINISHED}}}
    with httpx.Client(base_url=api_url, timeout=TIMEOUT_S) as api:

        def post(path: str, body: dict[str, Any]) -> Any:
            return api.post(f"/flow_runs/{path}", json=body).raise_for_status().json()

        while left := post("filter", {"flow_runs": only, "limit": AT_ONCE}):
            ids = [run["id"] for run in left]
            post("bulk_delete", {"flow_runs": {"id": {"any_": ids}}, "limit": AT_ONCE})
