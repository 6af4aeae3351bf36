"""The password of the Prefect server: made once, for its owner alone, and shown on request."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from deployments.cli import main
from deployments.desk_environment import desk_environment
from deployments.failure import CommandFailed
from deployments.prefect_password import make_password, read_password
from deployments.up_lock import RunningDesk
from tasks.settings import Settings

DESK = RunningDesk(pid=os.getpid(), mode="paper", prefect_url="http://127.0.0.1:1")


def test_a_password_is_made_once_for_its_owner_alone(kimp_home: Path) -> None:
    settings = Settings(home=kimp_home)

    made = make_password(settings)

    file = kimp_home / "keys" / "prefect-auth"
    assert make_password(settings) == read_password(settings) == made
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert stat.S_IMODE(file.parent.stat().st_mode) == 0o700
    user, _, secret = made.partition(":")
    assert user == "kimp"
    assert len(secret) == 32


def test_two_desks_have_different_passwords(tmp_path: Path) -> None:
    made = {make_password(Settings(home=tmp_path / name)) for name in ("one", "other")}

    assert len(made) == 2


def test_a_home_without_a_server_has_no_password(kimp_home: Path) -> None:
    assert read_password(Settings(home=kimp_home)) is None


def test_a_password_that_others_can_read_is_refused(kimp_home: Path) -> None:
    settings = Settings(home=kimp_home)
    make_password(settings)
    settings.password_file.chmod(0o640)

    with pytest.raises(CommandFailed, match="expected mode 0600, others may read it"):
        read_password(settings)


@pytest.mark.parametrize(
    "content",
    [b"", b"kimp:short", b"no-colon-in-this-one", b"kimp:two words here", b"a:b\nc:d" * 9],
)
def test_a_file_with_something_else_is_refused_without_showing_it(
    kimp_home: Path, content: bytes
) -> None:
    file = kimp_home / "auth"
    file.write_bytes(content)
    file.chmod(0o600)

    with pytest.raises(CommandFailed, match="expected one line USER:PASSWORD") as caught:
        read_password(Settings(home=kimp_home, prefect_auth_file=file))

    assert not content or content.decode() not in str(caught.value)


def test_a_named_file_must_be_there(kimp_home: Path) -> None:
    settings = Settings(home=kimp_home, prefect_auth_file=kimp_home / "gone")

    with pytest.raises(CommandFailed, match="KIMP_PREFECT_AUTH_FILE: there is no file"):
        make_password(settings)


def test_the_programs_of_a_desk_are_given_it(kimp_home: Path) -> None:
    settings = Settings(home=kimp_home)
    made = make_password(settings)

    environment = desk_environment(settings, DESK)

    assert environment["PREFECT_API_AUTH_STRING"] == made


def test_the_command_shows_what_the_login_asks_for(
    kimp_home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["password"]) == 1
    assert "there is no password yet" in capsys.readouterr().err

    made = make_password(Settings(home=kimp_home))

    assert main(["password"]) == 0
    assert capsys.readouterr().out == f"{made}\n"
