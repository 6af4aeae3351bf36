"""One real desk for every file of this folder, which run in the order of their names: what one
leaves behind, the next finds. Started anew for a single file that is run alone."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.deployments.running_desk import RunningDesk, running_desk


@pytest.fixture(scope="package")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Its KIMP_HOME; nothing else is in the folder above but what it prints."""
    return tmp_path_factory.mktemp("d") / "h"


@pytest.fixture(scope="package")
def desk(home: Path, prefect_database: Path) -> Iterator[RunningDesk]:
    with running_desk(home, prefect_database) as desk:
        yield desk
