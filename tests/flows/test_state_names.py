"""Runs that end with a name of the desk's own, asked for as Prefect's UIs ask for runs."""

from __future__ import annotations

from uuid import UUID

from prefect import flow
from prefect.client.orchestration import get_client
from prefect.client.schemas.filters import (
    FlowRunFilter,
    FlowRunFilterId,
    FlowRunFilterState,
    FlowRunFilterStateName,
)
from prefect.client.schemas.objects import State
from prefect.states import Completed, Failed

from tests.prefect_runs import PREFECT_MARKS, state_of

pytestmark = PREFECT_MARKS


@flow
async def ends(well: bool, name: str) -> State[None]:
    return Completed(name=name) if well else Failed(name=name)


async def run_ending(well: bool, name: str) -> UUID:
    state = await state_of(ends, well=well, name=name)
    assert state.state_details.flow_run_id is not None
    return state.state_details.flow_run_id


async def test_a_run_is_found_by_its_own_name_and_by_that_of_its_type() -> None:
    endings = [(True, "Hedged"), (True, "Completed"), (False, "Unwound")]
    runs = FlowRunFilterId(any_=[await run_ending(well, name) for well, name in endings])

    async with get_client() as client:

        async def found(**asked: list[str]) -> set[str | None]:
            state = FlowRunFilterState(name=FlowRunFilterStateName(**asked))
            rows = await client.read_flow_runs(flow_run_filter=FlowRunFilter(id=runs, state=state))
            return {row.state_name for row in rows}

        assert await found(any_=["Completed"]) == {"Hedged", "Completed"}
        assert await found(any_=["Running", "Failed"]) == {"Unwound"}
        assert await found(any_=["Hedged"]) == {"Hedged"}
        assert await found(any_=["Hedged", "Failed"]) == {"Hedged", "Unwound"}
        assert await found(any_=["Scheduled", "Late"]) == set()
        assert await found(not_any_=["Failed"]) == {"Hedged", "Completed"}
        assert await found(not_any_=["Hedged"]) == {"Completed", "Unwound"}
