"""One real desk for every file of this folder, which run in the order of their names: what one
leaves behind, the next finds. Started anew for a single file that is run alone."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from tests.deployments.running_desk import RunningDesk


@pytest.fixture(scope="package")
def desk(prefect_database: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningDesk]:
    with closing(RunningDesk(tmp_path_factory.mktemp("d"), prefect_database)) as desk:
        yield desk


@pytest.fixture(scope="package")
def home(desk: RunningDesk) -> Path:
    """Its KIMP_HOME."""
    return desk.home
