"""Whatever Prefect answers, the switches are read whole or not: nonsense is no permission."""

from __future__ import annotations

import asyncio
import json
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

from hypothesis import given, settings
from hypothesis import strategies as st
from prefect.events import Event

from flows.prefect_switches import SWITCHES, PrefectSwitches
from flows.switch_events import (
    AUTOMATED,
    UPDATED,
    paused_deployment,
    paused_pool,
    resumed_by_automation,
)
from tasks.errors import SwitchesUnreadable
from tests.flows.fake_prefect import WELL, prefect_saying

FLAGS = ("paused", "is_paused", "schedules", "active", "id", "name", "work_pool_name")
LEAVES = st.none() | st.booleans() | st.integers() | st.text(max_size=5) | st.sampled_from(FLAGS)
NONSENSE = st.recursive(
    LEAVES,
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.sampled_from(FLAGS), inner, max_size=5)
    ),
    max_leaves=12,
)
ASKED = ("deployments", "work_pools", "work_queues")


def read(answers: dict[str, Any]) -> dict[str, bool] | None:
    """What is made of ``answers``; None: unreadable."""

    async def ask() -> dict[str, bool] | None:
        async with prefect_saying(answers) as url, PrefectSwitches(url) as switches:
            try:
                return dict(await switches.read())
            except SwitchesUnreadable:
                return None

    return asyncio.run(ask())


def test_what_is_well_is_read() -> None:
    assert read(WELL) == dict.fromkeys(SWITCHES, False)


@settings(max_examples=25)
@given(st.sampled_from(ASKED), NONSENSE)
def test_nonsense_is_unreadable_or_names_every_switch(asked: str, nonsense: Any) -> None:
    heard = read({**WELL, asked: nonsense})

    assert heard is None or set(heard) == set(SWITCHES)
    if asked != "work_queues":
        assert heard is None


@settings(max_examples=25)
@given(st.sampled_from(ASKED), st.data())
def test_one_row_of_nonsense_among_good_ones_is_no_permission(
    asked: str, data: st.DataObject
) -> None:
    rows = json.loads(json.dumps(WELL[asked]))
    place = data.draw(st.integers(0, len(rows) - 1))
    rows[place] = data.draw(NONSENSE)
    heard = read({**WELL, asked: rows})

    assert heard is None or set(heard) == set(SWITCHES)


@given(
    NONSENSE,
    st.sampled_from((UPDATED, "prefect.work-pool.paused", "prefect.work-queue.paused", AUTOMATED)),
)
def test_an_event_of_nonsense_pauses_nothing_and_breaks_nothing(payload: Any, name: str) -> None:
    event = Event(
        occurred=datetime.now(UTC),
        event=name,
        resource={"prefect.resource.id": f"prefect.deployment.{uuid4()}"},
        payload={"updates": payload, "action_type": payload},
        id=uuid4(),
    )

    assert paused_deployment(event) is None
    assert paused_pool(event) is None
    assert resumed_by_automation(event) is None
