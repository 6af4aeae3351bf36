"""What an operator sees in the Run form of each deployment."""

from __future__ import annotations

import inspect

import pytest
from prefect.utilities.callables import parameter_schema

from deployments.project import DeploymentEntry, read_entries

ENTRIES = {entry.entrypoint.partition(":")[2]: entry for entry in read_entries()}


@pytest.fixture(params=sorted(ENTRIES))
def entry(request: pytest.FixtureRequest) -> DeploymentEntry:
    return ENTRIES[request.param]


def test_every_parameter_is_explained(entry: DeploymentEntry) -> None:
    schema = parameter_schema(entry.load_flow().fn)

    assert [name for name, field in schema.properties.items() if not field.get("description")] == []


def test_every_flow_is_async_and_never_retried(entry: DeploymentEntry) -> None:
    flow = entry.load_flow()

    assert inspect.iscoroutinefunction(flow.fn)  # a sync run takes a second longer to end
    assert flow.retries == 0


def test_every_deployment_says_what_it_does_and_what_its_pause_means(
    entry: DeploymentEntry,
) -> None:
    assert entry.description.strip()
    assert bool(entry.schedules) == ("**Paused:**" in entry.description)


def test_the_hot_path_has_no_retries_and_no_time_limit() -> None:
    from flows.executor import hot_path

    assert hot_path.retries == 0
    assert hot_path.timeout_seconds is None
