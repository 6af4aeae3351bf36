"""Commands as a user types them: exit codes, one sentence on stderr, no traceback."""

from __future__ import annotations

import argparse
import io
import json
import re
import subprocess
import sys
from importlib import import_module
from pathlib import Path

import pytest

from deployments.cli import GROUPS, main
from tests.deployments.up_process import PROJECT


@pytest.fixture(autouse=True)
def own_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("KIMP_HOME", str(tmp_path))
    monkeypatch.delenv("KIMP_DEBUG", raising=False)
    # Nobody listens there, whatever else runs on this machine.
    monkeypatch.setenv("KIMP_PREFECT_API_URL", "http://127.0.0.1:1/api")
    return tmp_path


def refused(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> str:
    """What a refused command says."""
    assert main(arguments) == 1
    error = capsys.readouterr().err
    assert error.startswith("kimp: ")
    assert error.count("\n") == 1
    return error.removeprefix("kimp: ").rstrip("\n")


def test_a_signal_is_signed_with_a_key_that_was_made_here(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert main(["signal", "keygen", "research"]) == 0
    capsys.readouterr()

    assert main(["signal", "sign", "--action", "ENTER", "--quantity", "0.010"]) == 0

    signal = json.loads(capsys.readouterr().out)
    assert signal["key_id"] == "research"
    assert len(signal["signature"]) == 128


def test_keygen_never_shows_the_private_key(
    own_home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    main(["signal", "keygen", "research"])

    private_key = (own_home / "keys" / "signers" / "research.key").read_text().strip()
    assert private_key not in capsys.readouterr().out


def test_a_second_key_of_the_same_name_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    main(["signal", "keygen", "research"])

    assert "has a key already" in refused(["signal", "keygen", "research"], capsys)


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        (
            ["--action", "ENTER", "--quantity", "-1"],
            'quantity: expected a positive decimal, got "-1"',
        ),
        (
            ["--action", "ENTER"],
            "quantity: expected exactly one of quantity and notional_krw, got none",
        ),
        ([], "--action: expected ENTER or EXIT (or a signal with --file)"),
        (["--file", "/nowhere.json"], "--file /nowhere.json: No such file or directory"),
        (
            ["--action", "ENTER", "--quantity", "1", "--key", "stranger"],
            'key_id: expected a stored key, "stranger" has no file',
        ),
    ],
)
def test_a_bad_signal_gets_one_sentence(
    options: list[str], sentence: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert refused(["signal", "sign", *options], capsys) == sentence


def test_a_wrong_setting_gets_one_sentence(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("KIMP_MAX_OPEN_PAIRS", "many")

    assert refused(["status"], capsys) == (
        "KIMP_MAX_OPEN_PAIRS: expected a whole number from 1 to 100, got 'many'"
    )


@pytest.mark.parametrize("arguments", [["pairs"], ["signal", "send", "--door", "fast"]])
def test_without_an_executor_commands_say_so(
    arguments: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    main(["signal", "keygen", "research"])
    capsys.readouterr()
    if arguments[0] == "signal":
        arguments = [*arguments, "--action", "EXIT"]

    assert "the executor is not running" in refused(arguments, capsys)


def test_without_prefect_a_stop_does_not_pretend(capsys: pytest.CaptureFixture[str]) -> None:
    assert "127.0.0.1" in refused(["stop", "--reason", "testing"], capsys)


@pytest.mark.parametrize(
    "arguments",
    [
        ["stop", "--reason", "testing"],
        ["kill", "--reason", "testing", "--yes", "STOP"],
        ["signal", "send", "--action", "EXIT"],
    ],
    ids=lambda arguments: arguments[0],
)
def test_without_a_desk_no_command_asks_the_default_prefect_address(
    arguments: list[str],
    own_home: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    main(["signal", "keygen", "research"])
    capsys.readouterr()
    monkeypatch.delenv("KIMP_PREFECT_API_URL")

    assert f"no desk is running in {own_home}: start it with `kimp up`" in refused(
        arguments, capsys
    )


def test_a_home_that_is_a_file_gets_one_sentence(
    own_home: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    file = own_home / "file"
    file.touch()
    monkeypatch.setenv("KIMP_HOME", str(file))

    assert refused(["report"], capsys) == f"{file}: File exists"


def test_status_shows_what_is_missing_and_fails(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["status", "--json"]) == 1

    status = json.loads(capsys.readouterr().out)
    assert status["up"] is None
    assert status["executor"] is None
    assert status["prefect"]["answers"] is False


def test_down_without_a_desk_is_done_already(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["down"]) == 0
    assert capsys.readouterr().out == "no desk is running in this KIMP_HOME\n"


def test_kill_without_a_terminal_needs_a_yes(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO())

    assert 'expected --yes "STOP"' in refused(["kill", "--reason", "testing"], capsys)


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        ["fly"],
        ["up", "--speed", "fast"],
        ["stop"],
        ["stop", "--reason", ""],
        ["report", "--day", "yesterday"],
        ["bench", "--pairs", "1000"],
        ["bench", "stop", "--rounds", "0"],
        ["bench", "start"],
    ],
)
def test_bad_usage_is_exit_code_two(
    arguments: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as caught:
        main(arguments)

    assert caught.value.code == 2
    assert "Traceback" not in capsys.readouterr().err


def test_the_books_of_an_empty_desk_can_be_read(
    own_home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["warehouse", "ingest"]) == 0
    assert main(["report", "--json"]) == 0
    capsys.readouterr()

    assert main(["warehouse", "sql", "--json", "SELECT count(*) AS pairs FROM pairs"]) == 0
    assert json.loads(capsys.readouterr().out) == [{"pairs": 0}]


def test_a_wrong_query_gets_one_sentence(capsys: pytest.CaptureFixture[str]) -> None:
    main(["warehouse", "ingest"])
    capsys.readouterr()

    assert "The query failed" in refused(
        ["warehouse", "sql", "SELECT nothing FROM nowhere"], capsys
    )


def test_doctor_masks_secrets_and_says_what_to_do(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KIMP_MODE", "live")
    monkeypatch.setenv("KIMP_UPBIT_URL", "http://127.0.0.1:1")
    monkeypatch.setenv("KIMP_BINANCE_URL", "http://127.0.0.1:1")
    monkeypatch.setenv("KIMP_BINANCE_SPOT_URL", "http://127.0.0.1:1")
    for venue in ("UPBIT", "BINANCE"):
        monkeypatch.setenv(f"KIMP_{venue}_ACCESS_KEY", "very-secret-access")
        monkeypatch.setenv(f"KIMP_{venue}_SECRET_KEY", "very-secret-secret")
    monkeypatch.setenv("KIMP_MAX_OPN_PAIRS", "3")

    assert main(["doctor"]) == 1

    shown = capsys.readouterr().out
    assert "very-secret" not in shown
    assert '"environment", declared read,trade, not told: the venue cannot be reached' in shown
    assert "upbit reachable" in shown
    assert "check the address and the network" in shown
    assert "KIMP_MAX_OPN_PAIRS is no setting" in shown


def test_debug_shows_where_an_error_came_from(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--debug", "pairs"]) == 1
    assert "Traceback" in capsys.readouterr().err


SLOW = (
    *("prefect", "warehouse", "duckdb", "numpy", "pandas", "rich", "ccxt", "slack_sdk"),
    *("discord_webhook", "coincurve", "Crypto", "cryptography"),
)


@pytest.mark.parametrize(
    "arguments",
    [
        ["stop", "--reason", "testing"],
        ["--debug", "stop", "--reason", "testing"],
        ["kill", "--reason", "testing", "--yes", "STOP"],
        ["resume", "--reason", "testing"],
        ["status"],
    ],
    ids=" ".join,
)
def test_a_command_does_not_wait_for_libraries_that_it_does_not_use(arguments: list[str]) -> None:
    """Prefect alone takes two seconds, and a stop should be heard within one. Without an executor
    and a Prefect each way is tried to its end."""
    program = (
        "import sys; from deployments.cli import GROUPS, main; code = main(sys.argv[1:]); "
        f"print([m for m in {SLOW} if m in sys.modules], file=sys.stderr); sys.exit(code)"
    )

    done = subprocess.run(
        [sys.executable, "-c", program, *arguments], cwd=PROJECT, capture_output=True, text=True
    )

    assert done.returncode == 1
    assert done.stderr.splitlines()[-1] == "[]"


def test_each_command_is_found_in_the_group_that_has_it() -> None:
    files = (PROJECT / "deployments" / "commands").glob("*.py")
    groups = {file.stem for file in files if "def add_commands(" in file.read_text()}
    found = {}
    for group in groups:
        commands = argparse.ArgumentParser().add_subparsers()
        import_module(f"deployments.commands.{group}").add_commands(commands)
        found[group] = tuple(commands.choices)

    assert found == GROUPS


def test_help_shows_every_command(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["--help"])

    shown = set(re.findall(r"^    (\w+)", capsys.readouterr().out, re.MULTILINE))
    assert shown == {name for names in GROUPS.values() for name in names}
