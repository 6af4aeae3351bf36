"""A run in the hot worker asks the server for no place to keep its result."""

from __future__ import annotations

from typing import Any

import pytest
from prefect import flow, results
from prefect.client import orchestration

from deployments.prefect_results import keep_no_results


@flow
async def quick() -> None:
    """A flow that just ends."""


def test_where_a_result_is_kept_is_known_without_the_server(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def asked(**_options: Any) -> None:
        pytest.fail("a client for the server was made")

    monkeypatch.setattr(orchestration, "get_client", asked)
    monkeypatch.setattr(
        results,
        "_read_server_default_result_storage_block_id",
        results._read_server_default_result_storage_block_id,
    )
    keep_no_results()

    store: Any = results.ResultStore()
    kept_in = store.update_for_flow(quick, _sync=True).result_storage

    assert type(kept_in).__name__ == "LocalFileSystem"
    assert not results._get_default_persist_result()
