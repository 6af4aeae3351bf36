"""A flow run that a hot worker has taken, and what its end is called when it is cut short."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from prefect.client.schemas.objects import FlowRun, State
from prefect.states import Cancelled

from deployments.flow_loop import FlowTask
from deployments.signal_lane import Place
from flows.handed_over import HandedOver
from flows.signal_story import final_state
from tasks.errors import DeskError
from tasks.outcome import Outcome

OUTCOME_S = 10.0
"""How long a cancelled run waits for what became of its signal."""
STORY_S = 3.0
"""How long its flow may still take to tell that, or to end."""


@dataclass(slots=True, eq=False)
class RunInHand:
    """From the moment it was heard of until its end."""

    run_id: UUID
    place: Place
    run: FlowRun | None = None
    """As it was when it was claimed."""
    is_in_turn: bool = False
    """No older signal waits in Prefect."""
    flow_name: str = ""
    is_signal: bool = False
    is_claimed: bool = False
    handed_over: HandedOver | None = None
    flow: FlowTask | None = None
    cancelled: asyncio.Event = field(default_factory=asyncio.Event)
    """An operator has cancelled it."""

    async def cut_short(self) -> State[Any]:
        """End what runs of it; the state in which a cancelled run ends. A signal that was handed
        over is decided in any case, so its outcome is waited for and told."""
        outcome = await self._outcome()
        if self.flow is not None:
            if outcome is not None:
                await self.flow.wait(STORY_S)
            self.flow.cancel()
            await self.flow.wait(STORY_S)
        return self._cancelled_state(outcome)

    async def _outcome(self) -> Outcome | None:
        if self.handed_over is None:
            return None
        with suppress(TimeoutError, DeskError):
            coming = asyncio.shield(asyncio.wrap_future(self.handed_over.outcome))
            return await asyncio.wait_for(coming, OUTCOME_S)
        return None

    def _cancelled_state(self, outcome: Outcome | None) -> State[Any]:
        who = "Cancelled by an operator"
        if not self.is_signal:
            return Cancelled(message=f"{who}.")
        if self.handed_over is None:
            return Cancelled(message=f"{who} before its signal was handed over: nothing was sent.")
        late = f"{who} after its signal was handed over, which could not be taken back."
        if outcome is None:
            return Cancelled(
                message=f"{late} What became of it is not known yet: look at the desk's pairs."
            )
        state = final_state(outcome)
        if outcome.is_failure:
            return state
        return Cancelled(message=f"{late} {state.message}")
