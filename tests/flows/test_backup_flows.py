"""``backup`` and ``restore`` as Prefect runs them."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest
from prefect.client.orchestration import get_client

from flows.backup import backup
from flows.restore import restore
from tests.prefect_runs import PREFECT_MARKS, artifacts_of, state_of
from tests.warehouse.examples import premium
from tests.warehouse.writing import write_all
from warehouse import Journal, read

pytestmark = PREFECT_MARKS


def newest(home: Path) -> Path:
    return sorted((home / "backups").glob("kimp-*.tar.gz"))[-1]


async def test_a_backup_is_made_copied_and_put_back_by_its_run(
    prefect_api: str, kimp_home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KIMP_BACKUP_COPY_DIR", str(tmp_path))
    write_all(kimp_home / "journal", [premium()] * 3)

    made = await state_of(backup)
    write_all(kimp_home / "journal", [premium()] * 3)
    archive = str(newest(kimp_home))
    put_back = await state_of(restore, file=archive, reason="a drill", confirm="RESTORE")

    assert made.is_completed(), made.message
    assert "4 journal records" in (made.message or "")
    assert [file.name for file in tmp_path.glob("kimp-*")] == [newest(kimp_home).name]
    assert (put_back.type.value, put_back.name) == ("COMPLETED", "Restored")
    assert len(list(read(kimp_home / "journal"))) == 4 + 2
    async with get_client() as client:
        assert made.state_details.flow_run_id is not None
        assert "backup" in await artifacts_of(client, made.state_details.flow_run_id)


async def test_what_cannot_be_done_fails_the_run_with_what_to_do(
    prefect_api: str, kimp_home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    nothing = await state_of(backup)
    monkeypatch.setenv("KIMP_BACKUP_COPY_DIR", str(tmp_path / "away"))
    write_all(kimp_home / "journal", [premium()])
    not_copied = await state_of(backup)
    journal = Journal.open(kimp_home / "journal", lambda: datetime.now(UTC))
    try:
        archive = str(newest(kimp_home))
        refused = await state_of(restore, file=archive, reason="a drill", confirm="RESTORE")
    finally:
        journal.close()

    assert (nothing.name, not_copied.name, refused.name) == (
        "NoBackup",
        "NotCopied",
        "NotRestored",
    )
    assert all(state.is_failed() for state in (nothing, not_copied, refused))
    assert "mount it" in (not_copied.message or "")
    assert "stop it first" in (refused.message or "")
