"""The encrypted key file: private, whole, kept over every change, and silent about its content."""

from __future__ import annotations

import json
import logging
import stat
from collections.abc import Callable
from pathlib import Path

import pytest
from cryptography.fernet import Fernet

from exchanges.credentials import Credentials
from exchanges.instrument import Venue
from tasks.venue_keys.backups import KEPT
from tasks.venue_keys.private_files import only_writer
from tasks.venue_keys.sealed import Sealed
from tests.tasks.venue_keys.key_files import a_file, files, refused
from tests.tasks.venue_keys.samples import (
    ACCESS,
    NEW_ACCESS,
    NEW_PASSPHRASE,
    NEW_SECRET,
    PASSPHRASE,
    SECRET,
    a_key,
    assert_no_secret,
    logged,
)

NEW_PAIR = Credentials(NEW_ACCESS, NEW_SECRET)


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


@pytest.mark.parametrize("passphrase", [None, PASSPHRASE])
def test_a_stored_key_comes_back_whole(tmp_path: Path, passphrase: str | None) -> None:
    a_file(tmp_path, passphrase).add(a_key())

    [key] = a_file(tmp_path, passphrase).read()

    assert key == a_key()
    assert (tmp_path / "master.key").exists() == (passphrase is None)


def test_without_a_file_there_are_no_keys(tmp_path: Path) -> None:
    assert a_file(tmp_path).read() == ()


def test_every_file_is_private_and_none_holds_a_secret_in_the_clear(tmp_path: Path) -> None:
    folder = tmp_path / "home" / "keys"
    store = a_file(folder)

    store.add(a_key())
    store.rotate(Venue.UPBIT, "main", NEW_PAIR)

    assert {mode(path) for path in [folder.parent, folder, folder / "backups"]} == {0o700}
    assert {mode(path) for path in folder.rglob("*") if path.is_file()} == {0o600}
    assert_no_secret(*files(folder).values())


@pytest.mark.parametrize("name", ["venues.vault", "master.key"])
@pytest.mark.parametrize("bits", [0o640, 0o604])
def test_a_file_that_others_can_read_is_refused(tmp_path: Path, name: str, bits: int) -> None:
    a_file(tmp_path).add(a_key())
    (tmp_path / name).chmod(bits)

    assert refused(a_file(tmp_path).read) == (
        f"{tmp_path / name}: expected mode 0600, others may read it (mode {bits:04o}): "
        f"run chmod 600 {tmp_path / name}, and replace its keys if others have read it"
    )


def test_a_rotated_key_is_current_and_the_former_is_in_a_dated_backup(tmp_path: Path) -> None:
    store = a_file(tmp_path)
    store.add(a_key(permissions="read"))

    made = store.rotate(Venue.UPBIT, "main", NEW_PAIR)

    assert store.read() == [made]
    assert (made.credentials, made.declared) == (NEW_PAIR, "read")
    [backup] = store.backups.files()
    assert backup.name == "venues-20261121T080000.000000Z-0000.vault"
    backup.replace(store.file)
    assert store.read() == [a_key(permissions="read")]


def test_only_the_last_backups_are_kept(tmp_path: Path) -> None:
    store = a_file(tmp_path)
    for number in range(KEPT + 3):
        store.add(a_key(name=f"key-{number}", permissions="read"))

    kept = store.backups.files()

    assert len(kept) == KEPT
    kept[0].replace(store.file)
    assert len(store.read()) == 3


def test_rotating_to_the_same_pair_is_refused(tmp_path: Path) -> None:
    store = a_file(tmp_path)
    store.add(a_key())

    assert "expected a new pair" in refused(
        lambda: store.rotate(Venue.UPBIT, "main", Credentials(ACCESS, SECRET))
    )
    assert store.backups.files() == []


def test_a_removed_key_is_gone_and_can_be_put_back(tmp_path: Path) -> None:
    store = a_file(tmp_path)
    store.add(a_key())

    store.remove(Venue.UPBIT, "main")

    assert store.read() == []
    store.backups.files()[0].replace(store.file)
    assert store.read() == [a_key()]


@pytest.mark.parametrize(
    "other",
    [a_key(), a_key(permissions="read"), a_key(name="second")],
    ids=["the same", "the same name", "a second trading key"],
)
def test_a_key_that_would_make_two_of_one_is_refused(tmp_path: Path, other: object) -> None:
    store = a_file(tmp_path)
    store.add(a_key())
    before = files(tmp_path)

    sentence = refused(lambda: store.add(other))  # type: ignore[arg-type]

    assert "is stored already: replace it with `kimp keys rotate upbit --name main`" in sentence
    assert files(tmp_path) == before


def test_keys_for_reading_and_of_other_venues_stand_beside_it(tmp_path: Path) -> None:
    store = a_file(tmp_path)
    for key in (a_key(), a_key(name="watch", permissions="read"), a_key(Venue.BINANCE)):
        store.add(key)

    names = [(key.venue, key.name) for key in store.read()]

    assert names == [("binance", "main"), ("upbit", "main"), ("upbit", "watch")]


def test_a_name_that_is_not_stored_is_told(tmp_path: Path) -> None:
    store = a_file(tmp_path)
    store.add(a_key())

    for act in (
        lambda: store.find(Venue.UPBIT, "other"),
        lambda: store.remove(Venue.UPBIT, "other"),
        lambda: store.rotate(Venue.BINANCE, "main", NEW_PAIR),
    ):
        assert "expected the name of a stored key, there is no" in refused(act)


@pytest.mark.parametrize(
    "damage",
    [
        lambda content: content[: len(content) // 2],
        lambda content: b"",
        lambda content: b"\xff\xfe",
        lambda content: b"[]",
        lambda content: b"[" * 100_000,
        lambda content: content.replace(b'"format": 1', b'"format": 2'),
        lambda content: content.replace(b"gAAAAA", b"gAAAAB"),
        lambda content: json.dumps({**json.loads(content), "salt": "!"}).encode(),
        lambda content: json.dumps({**json.loads(content), "token": 5}).encode(),
    ],
)
def test_a_torn_or_altered_file_is_one_sentence_and_nothing_is_lost(
    tmp_path: Path, damage: Callable[[bytes], bytes]
) -> None:
    store = a_file(tmp_path)
    store.add(a_key())
    store.file.write_bytes(damage(store.file.read_bytes()))
    before = files(tmp_path)

    for act in (
        store.read,
        lambda: store.add(a_key(Venue.BINANCE)),
        lambda: store.rotate_master(None),
    ):
        sentence = refused(act)
        assert sentence.startswith(f"{store.file}: torn or altered")
        assert str(store.backups.folder) in sentence

    assert files(tmp_path) == before | {"venues.lock": b""}


def test_a_wrong_passphrase_is_one_sentence(tmp_path: Path) -> None:
    a_file(tmp_path, PASSPHRASE).add(a_key())

    sentence = refused(a_file(tmp_path, NEW_PASSPHRASE).read)

    assert sentence == (
        f"{tmp_path / 'venues.vault'}: KIMP_KEYS_PASSPHRASE does not open it: it was closed with "
        "another one"
    )


def test_a_missing_passphrase_and_a_short_one_are_one_sentence_each(tmp_path: Path) -> None:
    assert refused(lambda: a_file(tmp_path, "short").add(a_key())) == (
        "passphrase: expected at least 12 characters, got fewer"
    )
    a_file(tmp_path, PASSPHRASE).add(a_key())

    assert refused(a_file(tmp_path).read).endswith(
        "a passphrase opens it: set KIMP_KEYS_PASSPHRASE"
    )


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (None, "expected the master key of the key file, there is none"),
        (b"no key\n", "expected Fernet keys, one a line, got something else"),
        (b"", "expected Fernet keys, one a line, got something else"),
        (Fernet.generate_key(), "the master key beside it does not open it"),
    ],
    ids=["none", "no-key", "empty", "another-key"],
)
def test_a_master_key_that_does_not_serve_is_one_sentence(
    tmp_path: Path, content: bytes | None, sentence: str
) -> None:
    a_file(tmp_path).add(a_key())
    if content is None:
        (tmp_path / "master.key").unlink()
    else:
        (tmp_path / "master.key").write_bytes(content)

    assert sentence in refused(a_file(tmp_path).read)


def test_a_content_of_another_version_is_refused_without_being_shown(tmp_path: Path) -> None:
    store = a_file(tmp_path)
    store.add(a_key())
    token = Fernet((tmp_path / "master.key").read_bytes()).encrypt(
        json.dumps([{"venue": "upbit", "secret": SECRET}]).encode()
    )
    store.file.write_bytes(Sealed(None, token).to_bytes())

    assert refused(store.read).endswith("its content is not what this version writes")


def test_two_writers_do_not_meet(tmp_path: Path) -> None:
    store = a_file(tmp_path)
    store.add(a_key())

    with only_writer(tmp_path / "venues.lock"):
        sentence = refused(lambda: store.remove(Venue.UPBIT, "main"))

    assert "another command is changing the keys" in sentence
    assert store.read() == [a_key()]


def test_a_crash_while_writing_leaves_the_former_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = a_file(tmp_path)
    store.add(a_key())

    def torn(self: Path, target: Path) -> Path:
        raise OSError("the power is gone")

    with monkeypatch.context() as patch:
        patch.setattr(Path, "replace", torn)
        with pytest.raises(OSError, match="the power is gone"):
            store.rotate(Venue.UPBIT, "main", NEW_PAIR)

    assert store.read() == [a_key()]
    assert store.rotate(Venue.UPBIT, "main", NEW_PAIR).credentials == NEW_PAIR


def test_every_change_leaves_a_line_without_secrets(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    store = a_file(tmp_path)

    store.add(a_key())
    new = store.rotate(Venue.UPBIT, "main", NEW_PAIR)
    store.rotate_master(None)
    store.remove(Venue.UPBIT, "main")

    whats = [
        f"added {a_key()}",
        f"rotated {a_key()} to {new.fingerprint}",
        "closed the key file with a new master key",
        f"removed {new}",
    ]
    assert (tmp_path / "audit.log").read_text().splitlines() == [
        f"2026-11-21T08:00:00+00:00 {what}" for what in whats
    ]
    assert [record.getMessage() for record in caplog.records] == [
        f"venue keys: {what}" for what in whats
    ]
    assert_no_secret(logged(caplog), store)
