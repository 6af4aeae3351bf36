"""Keeps what Prefect says of the executor's run true while the executor lives.

A server that was away, or an automation that missed a heartbeat, may call the run crashed; then it
is set back to *Running*. A person who cancels the run is heard even when no worker is left.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from typing import Any, cast

from flows.prefect_api import PrefectApi, PrefectRefused, PrefectSilent

log = logging.getLogger(__name__)

LOOK_S = 15.0


async def keep_run_true(
    run_id: str, on_cancelled: Callable[[], None], *, look_s: float = LOOK_S
) -> None:
    """Until cancelled."""
    api = PrefectApi()
    try:
        while True:
            await asyncio.sleep(look_s)
            try:
                await _look(api, run_id, on_cancelled)
            except (PrefectSilent, PrefectRefused) as error:
                log.debug("the state of this run is not known: %s", error)
            except Exception:  # whatever Prefect says now: who cancels later must be heard
                log.exception("the state of this run cannot be read")
    finally:
        await api.aclose()


async def _look(api: PrefectApi, run_id: str, on_cancelled: Callable[[], None]) -> None:
    row = cast(dict[str, Any], await api.ask("GET", f"/flow_runs/{run_id}"))
    state = row.get("state") or {}
    kind, name = state.get("type"), state.get("name")
    if kind == "RUNNING":
        return
    if kind in ("CANCELLING", "CANCELLED"):
        log.warning("this run was cancelled in Prefect: the desk ends in order")
        on_cancelled()
        return
    message = f"The executor lives; Prefect had called this run {name}."
    body = {"state": {"type": "RUNNING", "name": "Running", "message": message}, "force": True}
    await api.ask("POST", f"/flow_runs/{run_id}/set_state", body)
    log.warning("Prefect called this run %s while it lives; it is Running again", name)
