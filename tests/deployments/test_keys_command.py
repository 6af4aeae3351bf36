"""``kimp keys``: secrets come from stdin or a prompt, and never come out again."""

from __future__ import annotations

import asyncio
import io
import json
import logging
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from deployments.cli import main
from exchanges.instrument import Venue
from tests.tasks.venue_keys.fake_venues import (
    RESTRICTIONS,
    FakeVenues,
    running_fake_venues,
    upbit_error,
)
from tests.tasks.venue_keys.samples import (
    ACCESS,
    NEW_ACCESS,
    NEW_PASSPHRASE,
    NEW_SECRET,
    PASSPHRASE,
    SECRET,
    a_key,
    a_pem,
    assert_no_secret,
    logged,
)

PAIR = f"{ACCESS}\n{SECRET}\n"


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


class Kimp:
    """Runs commands and looks for secrets in all that they show."""

    def __init__(
        self,
        monkeypatch: pytest.MonkeyPatch,
        capsys: pytest.CaptureFixture[str],
        caplog: pytest.LogCaptureFixture,
    ) -> None:
        self._monkeypatch, self._capsys, self._caplog = monkeypatch, capsys, caplog
        caplog.set_level(logging.DEBUG)

    def __call__(self, *arguments: str, stdin: str | Terminal = "", code: int = 0) -> str:
        """What is shown on stdout, or the sentence on stderr when ``code`` is 1."""
        stream = io.StringIO(stdin) if isinstance(stdin, str) else stdin
        self._monkeypatch.setattr("sys.stdin", stream)
        assert main(["keys", *arguments]) == code
        shown = self._capsys.readouterr()
        assert_no_secret(shown.out, shown.err, logged(self._caplog))
        return shown.err.removeprefix("kimp: ").rstrip("\n") if shown.err else shown.out


@pytest.fixture
def kimp(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    caplog: pytest.LogCaptureFixture,
    venues: FakeVenues,
    tmp_path: Path,
) -> Kimp:
    monkeypatch.setenv("KIMP_HOME", str(tmp_path))
    monkeypatch.setenv("KIMP_KEY_SOURCE", "file")
    monkeypatch.setenv("KIMP_DEBUG", "")
    for name in ("UPBIT", "BINANCE", "BINANCE_SPOT", "HYPERLIQUID"):
        monkeypatch.setenv(f"KIMP_{name}_URL", venues.url)
    return Kimp(monkeypatch, capsys, caplog)


@pytest.fixture
def venues() -> Iterator[FakeVenues]:
    """On a loop and thread of their own, because each command has a loop of its own."""
    started: list[FakeVenues] = []
    is_up, end = threading.Event(), asyncio.Event()
    loop = asyncio.new_event_loop()

    async def serve() -> None:
        async with running_fake_venues() as running:
            started.append(running)
            is_up.set()
            await end.wait()

    thread = threading.Thread(target=lambda: loop.run_until_complete(serve()))
    thread.start()
    assert is_up.wait(10)
    yield started[0]
    loop.call_soon_threadsafe(end.set)
    thread.join()
    loop.close()


def test_a_key_is_added_from_stdin_and_listed_without_secrets(kimp: Kimp, tmp_path: Path) -> None:
    shown = kimp("add", "upbit", stdin=PAIR)

    assert shown == f"stored {a_key()}: cannot withdraw, Upbit says out_of_scope to withdrawing\n"
    [row] = json.loads(kimp("list", "--json"))
    created_at = row.pop("created_at")
    assert row == {
        "venue": "upbit",
        "name": "main",
        "permissions": "read,trade",
        "fingerprint": a_key().fingerprint,
        "source": "file",
        "used": True,
    }
    table = kimp("list")
    assert a_key().fingerprint in table
    assert created_at in table
    assert f"added {a_key()}" in (tmp_path / "keys" / "audit.log").read_text()


@pytest.mark.parametrize("secret", [SECRET, a_pem()], ids=["one line", "a PEM of three lines"])
def test_a_key_is_asked_for_without_an_echo_on_a_terminal(
    kimp: Kimp, monkeypatch: pytest.MonkeyPatch, secret: str
) -> None:
    asked: list[str] = []
    answers = iter([ACCESS, *secret.splitlines()])

    def hidden_answer(prompt: str) -> str:
        asked.append(prompt)
        return next(answers)

    monkeypatch.setattr("deployments.secret_input.getpass", hidden_answer)

    shown = kimp("add", "binance", stdin=Terminal())

    assert a_key(Venue.BINANCE, secret=secret).fingerprint in shown
    assert "".join(asked) == "binance access key: binance secret key: "
    assert next(answers, None) is None


@pytest.mark.parametrize(
    "arguments", [["add", "upbit", ACCESS, SECRET], ["add", "upbit", "--secret"]]
)
def test_no_secret_is_taken_from_the_command_line(kimp: Kimp, arguments: list[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        main(["keys", *arguments])

    assert caught.value.code == 2


@pytest.mark.parametrize("permissions", ["withdraw", "read,trade,withdraw", "all"])
def test_a_key_is_not_declared_for_withdrawing(kimp: Kimp, permissions: str) -> None:
    with pytest.raises(SystemExit) as caught:
        main(["keys", "add", "upbit", "--permissions", permissions])

    assert caught.value.code == 2


@pytest.mark.parametrize("stdin", ["", f"{ACCESS}\n", f"\n{SECRET}\n"])
def test_half_a_pair_is_refused(kimp: Kimp, stdin: str) -> None:
    assert kimp("add", "upbit", stdin=stdin, code=1) == (
        "stdin: expected two lines, the access key and the secret key of upbit"
    )


def test_a_key_that_can_withdraw_is_not_stored(
    kimp: Kimp, venues: FakeVenues, tmp_path: Path
) -> None:
    venues.binance = 200, RESTRICTIONS | {"enableWithdrawals": True}

    sentence = kimp("add", "binance", stdin=PAIR, code=1)

    assert "can withdraw (Binance says enableWithdrawals true)" in sentence
    assert not (tmp_path / "keys").exists()


def test_a_venue_that_cannot_tell_is_said_and_no_reason_to_refuse(
    kimp: Kimp, venues: FakeVenues
) -> None:
    venues.upbit_cancel = upbit_error(401, "jwt_verification")

    shown = kimp("add", "upbit", stdin=PAIR)

    assert "not told, Upbit answered HTTP 401 jwt_verification" in shown


def test_a_key_is_rotated_and_removed_with_a_backup(
    kimp: Kimp, venues: FakeVenues, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    kimp("add", "upbit", stdin=PAIR)
    assert "expected a new pair" in kimp("rotate", "upbit", stdin=PAIR, code=1)

    monkeypatch.setattr("tests.tasks.venue_keys.fake_venues.ACCESS", NEW_ACCESS)
    monkeypatch.setattr("tests.tasks.venue_keys.fake_venues.SECRET", NEW_SECRET)
    shown = kimp("rotate", "upbit", stdin=f"{NEW_ACCESS}\n{NEW_SECRET}\n")

    new = a_key(access=NEW_ACCESS, secret=NEW_SECRET)
    assert f"stored {new}: cannot withdraw" in shown
    assert "take the former one back at upbit" in shown
    assert "a backup is in" in kimp("remove", "upbit")
    assert kimp("list") == "there are no keys: `kimp keys add VENUE`\n"
    assert len(list((tmp_path / "keys" / "backups").iterdir())) == 2


def test_a_second_key_of_a_name_and_a_name_that_is_not_there_are_refused(kimp: Kimp) -> None:
    kimp("add", "upbit", stdin=PAIR)

    assert "is stored already" in kimp("add", "upbit", stdin=PAIR, code=1)
    assert 'there is no "other"' in kimp("remove", "upbit", "--name", "other", code=1)
    assert 'there is no "other"' in kimp("rotate", "upbit", "--name", "other", code=1)


def test_the_master_key_is_rotated(kimp: Kimp, tmp_path: Path) -> None:
    kimp("add", "upbit", stdin=PAIR)
    former = (tmp_path / "keys" / "master.key").read_bytes()

    assert "are closed anew" in kimp("rotate", "--master")

    assert (tmp_path / "keys" / "master.key").read_bytes() != former
    assert a_key().fingerprint in kimp("list")


def test_a_passphrase_comes_in_by_stdin(
    kimp: Kimp, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    kimp("add", "upbit", stdin=PAIR)

    shown = kimp("rotate", "--master", "--passphrase", stdin=f"{PASSPHRASE}\n")

    assert "KIMP_KEYS_PASSPHRASE" in shown
    assert "set KIMP_KEYS_PASSPHRASE" in kimp("list", code=1)
    monkeypatch.setenv("KIMP_KEYS_PASSPHRASE", NEW_PASSPHRASE)
    assert "does not open it" in kimp("list", code=1)
    monkeypatch.setenv("KIMP_KEYS_PASSPHRASE", PASSPHRASE)
    assert a_key().fingerprint in kimp("list")
    kimp("rotate", "--master", stdin=f"{NEW_PASSPHRASE}\n")
    assert "does not open it" in kimp("list", code=1)


@pytest.mark.parametrize(
    "arguments",
    [["rotate"], ["rotate", "upbit", "--master"], ["rotate", "upbit", "--passphrase"]],
)
def test_what_to_rotate_must_be_said(kimp: Kimp, arguments: list[str]) -> None:
    kimp("add", "upbit", stdin=PAIR)

    assert kimp(*arguments, code=1).startswith("rotate: expected a venue")


def test_the_keys_in_use_are_checked(kimp: Kimp, venues: FakeVenues) -> None:
    assert "expected a key of upbit or binance or hyperliquid, found none" in kimp("check", code=1)
    kimp("add", "upbit", stdin=PAIR)
    kimp("add", "binance", stdin=PAIR)

    assert kimp("check").count("cannot withdraw") == 2

    venues.binance = 200, RESTRICTIONS | {"enableWithdrawals": True, "ipRestrict": False}
    shown = kimp("check", code=1)
    assert "can withdraw, Binance says enableWithdrawals true; it is not bound to" in shown
    assert kimp("check", "upbit").count("\n") == 1


def test_a_source_other_than_the_file_is_said(kimp: Kimp, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KIMP_KEY_SOURCE", "environment")
    monkeypatch.setenv("KIMP_BINANCE_ACCESS_KEY", ACCESS)
    monkeypatch.setenv("KIMP_BINANCE_SECRET_KEY", SECRET)

    shown = kimp("add", "upbit", stdin=PAIR)

    assert "the desk takes its keys from environment; to use the key file set" in shown
    rows = {
        row["venue"]: (row["source"], row["used"]) for row in json.loads(kimp("list", "--json"))
    }
    assert rows == {"upbit": ("file", False), "binance": ("environment", True)}
    assert "binance" in kimp("check")


@pytest.mark.parametrize(
    ("stored", "sentence"),
    [
        ([], "expected a key of upbit: add it with `kimp keys add upbit`"),
        (["upbit"], "expected a key of binance: add it with `kimp keys add binance`"),
        (["upbit", "binance"], "is declared for reading only"),
    ],
)
def test_a_live_desk_does_not_start_without_keys_to_trade_with(
    kimp: Kimp, capsys: pytest.CaptureFixture[str], stored: list[str], sentence: str
) -> None:
    for venue in stored:
        declared = "read" if venue == "binance" else "read,trade"
        kimp("add", venue, "--permissions", declared, stdin=PAIR)

    assert main(["up", "--live"]) == 1

    said = capsys.readouterr().err
    assert sentence in said
    assert said.count("\n") == 1
    assert_no_secret(said)


def test_the_doctor_says_what_is_wrong_with_the_keys(
    kimp: Kimp,
    venues: FakeVenues,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    kimp("add", "upbit", "--permissions", "read", stdin=PAIR)
    kimp("add", "binance", stdin=PAIR)
    monkeypatch.setenv("KIMP_MODE", "live")
    venues.binance = 200, RESTRICTIONS | {"enableWithdrawals": True}

    assert main(["doctor"]) == 1

    shown = " ".join(capsys.readouterr().out.split())
    assert '"main", declared read, cannot withdraw: Upbit says out_of_scope' in shown
    assert "a key declared read,trade" in shown
    assert '"main", declared read,trade, can withdraw: Binance says enableWith' in shown
    assert "a key that cannot withdraw" in shown
    assert_no_secret(shown)


def test_a_torn_file_is_one_sentence(
    kimp: Kimp, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    kimp("add", "upbit", stdin=PAIR)
    file = tmp_path / "keys" / "venues.vault"
    file.write_bytes(file.read_bytes()[:40])

    for arguments in (["list"], ["check"], ["remove", "upbit"]):
        assert kimp(*arguments, code=1).startswith(f"{file}: torn or altered")
