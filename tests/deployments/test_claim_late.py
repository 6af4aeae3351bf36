"""A worker's claim arrives when the run has ended: another worker has run it meanwhile."""

from __future__ import annotations

from typing import Any

import pytest
from prefect.client.orchestration import get_client
from prefect.client.schemas.objects import State
from prefect.states import Cancelled, Completed, Crashed, Failed

from deployments.run_claim import claim, give_back
from flows.prefect_api import PrefectApi
from tests.deployments.hot_runs import a_signal, create, signal_deployment
from tests.prefect_runs import PREFECT_MARKS

pytestmark = PREFECT_MARKS


@pytest.mark.parametrize(
    "end",
    [Completed(name="Hedged"), Failed(name="Unwound"), Cancelled(), Crashed()],
    ids=["hedged", "unwound", "cancelled", "crashed"],
)
async def test_a_run_that_has_ended_is_not_claimed_until_it_is_scheduled_again(
    end: State[Any],
) -> None:
    run_id = await create(await signal_deployment(), parameters={"signal": a_signal()})
    api = PrefectApi()
    async with get_client() as client:
        await client.set_flow_run_state(run_id, end, force=True)

        late = await claim(api, run_id, "late")
        left = (await client.read_flow_run(run_id)).state_name
        await give_back(client, run_id, "once more")
        again = await claim(api, run_id, "again")
    await api.aclose()

    assert (late, left) == (False, end.name)
    assert again
