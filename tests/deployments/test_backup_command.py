"""``kimp backup`` and ``kimp restore``."""

from __future__ import annotations

from pathlib import Path

import pytest

from deployments.cli import main
from deployments.state_folder import claim_for, held_mode
from deployments.up_lock import RunningDesk, UpLock
from tasks.settings import Mode
from tests.warehouse.examples import premium
from tests.warehouse.writing import write_all
from warehouse import read


@pytest.fixture
def archive(kimp_home: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Path:
    """A backup of a live desk's home, in a folder of its own."""
    write_all(kimp_home / "journal", [premium()] * 3)
    claim_for(kimp_home, Mode.LIVE)
    assert main(["backup", "--to", str(tmp_path / "elsewhere")]) == 0
    return Path(capsys.readouterr().out.splitlines()[0])


def restore(archive: Path, *more: str) -> int:
    return main(["restore", str(archive), "--reason", "the disk broke", *more])


def test_a_backup_is_of_the_books_that_the_home_holds(archive: Path, tmp_path: Path) -> None:
    assert archive.parent == tmp_path / "elsewhere"
    assert archive.name.startswith("kimp-live-")


def test_a_restore_brings_it_back_into_an_empty_home(
    archive: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("KIMP_HOME", str(tmp_path / "new"))
    monkeypatch.setenv("KIMP_MODE", "live")

    assert restore(archive, "--yes", "RESTORE") == 0

    assert "restored 4 journal records" in capsys.readouterr().out
    assert len(list(read(tmp_path / "new" / "journal"))) == 6
    assert held_mode(tmp_path / "new") is Mode.LIVE


def test_a_paper_home_does_not_take_live_books(
    archive: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("KIMP_HOME", str(tmp_path / "new"))

    assert restore(archive, "--yes", "RESTORE") == 1

    assert "backup of a live desk, and this one is paper" in capsys.readouterr().err


def test_a_restore_is_asked_for_by_its_phrase(
    archive: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert restore(archive) == 1
    assert 'expected --yes "RESTORE"' in capsys.readouterr().err
    assert restore(archive, "--yes", "yes") == 1
    assert "nothing was restored" in capsys.readouterr().err


def test_a_home_in_which_a_desk_runs_is_left_alone(
    archive: Path, kimp_home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before = list(read(kimp_home / "journal"))
    lock = UpLock.take(kimp_home)
    try:
        lock.publish(RunningDesk(pid=4711, mode="live"))

        assert restore(archive, "--yes", "RESTORE") == 1
    finally:
        lock.release()

    assert "a desk is running in this KIMP_HOME, pid 4711" in capsys.readouterr().err
    assert list(read(kimp_home / "journal")) == before


def test_a_copy_that_could_not_be_made_is_told_and_fails(
    archive: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("KIMP_BACKUP_COPY_DIR", str(tmp_path / "away"))

    assert main(["backup"]) == 1

    assert "is not there; mount it" in capsys.readouterr().out
