"""The flow ``resume``: the desk's yes, or its no with every reason in the run's log."""

from __future__ import annotations

from pathlib import Path

from prefect.client.orchestration import get_client

from flows.resume import resume
from tests.fake_executor import FakeExecutor
from tests.prefect_runs import PREFECT_MARKS, log_of, state_of

pytestmark = PREFECT_MARKS

RESUME = "POST /v1/resume"
DIFFERENCE = "BTC at upbit: journal 0.01, venue 0.009, -0.001 BTC difference"
REASONS = [
    {"code": "position_mismatch", "message": DIFFERENCE},
    {"code": "unhealthy:fx", "message": "fx: bank rate 400 s old"},
]


async def test_an_accepted_resume_has_told_the_desk_why(executor: FakeExecutor) -> None:
    executor.answers[RESUME] = {"resumed": True, "reasons": []}

    state = await state_of(resume, reason="the drill is over")

    assert (state.name, state.is_completed()) == ("Resumed", True)
    assert executor.bodies(RESUME) == [{"reason": "the drill is over"}]


async def test_a_refused_resume_is_red_and_its_log_has_every_reason(
    executor: FakeExecutor,
) -> None:
    executor.answers[RESUME] = {"resumed": False, "reasons": REASONS}

    state = await state_of(resume, reason="go on")

    assert (state.name, state.is_failed()) == ("Refused", True)
    assert (state.message or "").startswith(f"Still stopped: {DIFFERENCE}; fx: bank rate 400 s old")
    run_id = state.state_details.flow_run_id
    assert run_id is not None
    async with get_client() as client:
        log = await log_of(client, run_id)
    for item in REASONS:
        assert f"{item['code']}: {item['message']}" in log


async def test_a_resume_without_an_executor_is_red_with_one_sentence(kimp_home: Path) -> None:
    state = await state_of(resume, reason="go on")

    assert (state.name, state.is_failed()) == ("NoExecutor", True)
    assert str(kimp_home) in (state.message or "")
