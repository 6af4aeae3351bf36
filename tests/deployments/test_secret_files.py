"""Secrets of a deployed desk on their way into its programs."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from deployments.failure import CommandFailed
from deployments.secret_files import FOLDER, secret_variables, secrets_folder
from tests.deployments.deployed import PROJECT, put_secrets


def test_a_file_named_like_a_variable_becomes_it_and_another_does_not(tmp_path: Path) -> None:
    given = {"KIMP_KEYS_PASSPHRASE": "one", "PREFECT_REDIS_MESSAGING_URL": "redis://two"}
    put_secrets(tmp_path, {**given, "prefect-auth": "kimp:three", "PATH": "/four"})

    assert secret_variables(tmp_path) == given


def test_without_a_folder_there_is_no_secret(tmp_path: Path) -> None:
    assert secret_variables(tmp_path / "none") == {}


@pytest.mark.parametrize("content", [b"", b"two\nlines\n", b"\xff\xfe"])
def test_a_secret_is_one_line_and_never_told(content: bytes, tmp_path: Path) -> None:
    (tmp_path / "KIMP_KEYS_PASSPHRASE").write_bytes(content)

    with pytest.raises(CommandFailed, match="KIMP_KEYS_PASSPHRASE: expected one line") as failure:
        secret_variables(tmp_path)

    assert "lines" not in str(failure.value)


def test_the_folder_is_systemds_or_the_containers() -> None:
    assert secrets_folder({"CREDENTIALS_DIRECTORY": "/run/credentials/x"}) == Path(
        "/run/credentials/x"
    )
    assert secrets_folder({}) == FOLDER


def test_a_program_has_its_secrets_as_variables_and_not_as_arguments(tmp_path: Path) -> None:
    password = f"kimp:{16 * 'x'}"
    put_secrets(tmp_path, {"KIMP_KEYS_PASSPHRASE": "a-passphrase", "prefect-auth": password})
    environment = {
        "CREDENTIALS_DIRECTORY": str(tmp_path),
        "KIMP_PREFECT_AUTH_FILE": str(tmp_path / "prefect-auth"),
        "KIMP_HOME": str(tmp_path),
    }

    done = subprocess.run(
        [sys.executable, "-m", "deployments.run_program", "tests.deployments.told_variables"],
        cwd=PROJECT,
        env=environment,
        capture_output=True,
        text=True,
        check=True,
    )

    assert done.stdout == f"a-passphrase {password} 0o77\n"
