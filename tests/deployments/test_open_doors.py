"""What stands open is told, and the desk's own files are closed."""

from __future__ import annotations

import stat
from pathlib import Path
from typing import Any

import pytest

from deployments.open_doors import keep_to_owner, open_doors
from deployments.prefect_password import make_password
from tasks.settings import Settings


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """As a desk with a careless umask would have left it, beside files of somebody else."""
    home = tmp_path / "home"
    for name in ("journal/0001.jsonl", "prefect/prefect.db", "warehouse.duckdb", "other/notes"):
        file = home / name
        file.parent.mkdir(parents=True, exist_ok=True, mode=0o755)
        file.write_text("x")
        file.chmod(0o644)
    for folder in (home, home / "journal", home / "prefect", home / "other"):
        folder.chmod(0o755)
    make_password(Settings(home=home))
    return home


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def checks(home: Path, **settings: Any) -> list[str]:
    return [door.check for door in open_doors(Settings(home=home, **settings))]


def test_files_that_others_can_reach_are_told_and_closed(home: Path) -> None:
    [told] = open_doors(Settings(home=home))

    keep_to_owner(home)

    assert told.check == "files"
    assert "home/journal" in told.found
    assert open_doors(Settings(home=home)) == []
    assert mode(home / "journal") == 0o700
    assert mode(home / "journal" / "0001.jsonl") == 0o600
    assert mode(home / "prefect" / "prefect.db") == 0o600
    assert mode(home / "warehouse.duckdb") == 0o600


def test_what_is_not_the_desks_is_left_alone(home: Path) -> None:
    (home / "journal" / "link").symlink_to(home / "other" / "notes")

    keep_to_owner(home)

    assert mode(home) == 0o755
    assert mode(home / "other") == 0o755
    assert mode(home / "other" / "notes") == 0o644


def test_what_lies_in_a_closed_folder_is_not_open(home: Path) -> None:
    home.chmod(0o700)

    assert checks(home) == []


@pytest.mark.parametrize(
    ("settings", "told"),
    [
        ({"prefect_host": "0.0.0.0"}, ["Prefect's address"]),
        ({"prefect_host": "::1"}, []),
        ({"fast_door": "127.0.0.1:8700"}, []),
        ({"fast_door": "0.0.0.0:8700"}, ["fast door's address"]),
        (
            {"fast_door": "10.0.0.5:8700", "fast_door_allow": ("10.0.0.0/8",)},
            ["fast door's address", "fast door's list"],
        ),
        (
            {"fast_door": "10.0.0.5:8700", "fast_door_allow": ("10.0.0.0/24",)},
            ["fast door's address"],
        ),
    ],
)
def test_listeners_that_others_can_reach_are_told(
    home: Path, settings: dict[str, Any], told: list[str]
) -> None:
    keep_to_owner(home)

    assert checks(home, **settings) == told


def test_a_server_without_a_password_is_told(home: Path) -> None:
    keep_to_owner(home)
    (home / "keys" / "prefect-auth").unlink()

    [told] = open_doors(Settings(home=home))

    assert told.found == "its server asks for none"
