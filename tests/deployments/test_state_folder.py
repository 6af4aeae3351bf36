"""KIMP_HOME is refused in one sentence where a desk could not work in it."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from deployments import state_folder
from deployments.failure import CommandFailed
from deployments.state_folder import (
    MAX_SOCKET_PATH,
    claim_for,
    demand_usable,
    simulator_state,
    wipe,
)
from tasks.settings import Mode, Settings


def home_with_socket_path_of(length: int, folder: Path) -> Path:
    fixed = len(str(Settings(home=folder / "h").socket_file))
    return folder / ("h" * (length - fixed + 1))


@pytest.fixture
def short_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.getbasetemp()


def test_the_longest_path_that_a_socket_may_have_is_used(short_folder: Path) -> None:
    home = home_with_socket_path_of(MAX_SOCKET_PATH, short_folder)

    demand_usable(Settings(home=home))

    assert home.is_dir()


def test_a_path_too_long_for_the_socket_says_by_how_much(short_folder: Path) -> None:
    home = home_with_socket_path_of(MAX_SOCKET_PATH + 3, short_folder)

    with pytest.raises(CommandFailed, match=r"^KIMP_HOME: expected a path shorter by 3 bytes"):
        demand_usable(Settings(home=home))

    assert not home.exists()


def test_a_disk_without_room_is_refused_before_anything_starts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    free = shutil.disk_usage(tmp_path).free
    monkeypatch.setattr(state_folder, "MIN_FREE_BYTES", free * 2)

    with pytest.raises(CommandFailed, match=r"^KIMP_HOME: expected at least \d+ MB free at "):
        demand_usable(Settings(home=tmp_path))


def test_a_folder_that_cannot_be_made_is_named_with_the_reason(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    home = tmp_path / "file" / "home"

    with pytest.raises(CommandFailed) as caught:
        demand_usable(Settings(home=home))

    assert str(caught.value) == (
        f"KIMP_HOME: expected a folder that can be written, got {home}: Not a directory"
    )


def test_starting_over_forgets_the_simulated_venues_with_the_journal(tmp_path: Path) -> None:
    claim_for(tmp_path, Mode.PAPER)
    state = simulator_state(tmp_path)
    half_written = state.with_name(f"{state.name}.new")
    for file in (state, half_written):
        file.write_text("{}")
    for folder in ("journal", "keys"):
        (tmp_path / folder).mkdir()

    wipe(tmp_path)

    assert sorted(one.name for one in tmp_path.iterdir()) == ["keys", "mode"]
