"""Signing keys on disk."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest

from tasks.errors import KeyRefused
from tasks.key_store import KeyStore


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_a_generated_key_is_private_and_trusted(tmp_path: Path) -> None:
    keys = tmp_path / "home" / "keys"
    store = KeyStore(keys)

    public_key = store.generate("alpha")

    folder = keys / "signers"
    assert {mode(each) for each in (folder, keys, keys.parent)} == {0o700}
    assert mode(folder / "alpha.key") == 0o600
    assert store.trusted() == {"alpha": public_key}
    assert store.private_key("alpha").public_key == public_key


def test_a_key_is_never_overwritten(tmp_path: Path) -> None:
    store = KeyStore(tmp_path)
    public_key = store.generate("alpha")

    with pytest.raises(KeyRefused, match='expected a new name, "alpha" has a key already'):
        store.generate("alpha")

    assert store.trusted() == {"alpha": public_key}


def test_a_trusted_name_is_not_given_to_a_new_key(tmp_path: Path) -> None:
    KeyStore(tmp_path / "other").generate("alpha")
    public_file = tmp_path / "other" / "signers" / "alpha.pub"
    mine = tmp_path / "mine" / "signers"
    mine.mkdir(parents=True)
    (mine / "alpha.pub").write_bytes(public_file.read_bytes())

    with pytest.raises(KeyRefused):
        KeyStore(tmp_path / "mine").generate("alpha")


@pytest.mark.parametrize("bits", [0o640, 0o604, 0o660])
def test_a_private_key_that_others_can_read_is_refused(tmp_path: Path, bits: int) -> None:
    store = KeyStore(tmp_path)
    store.generate("alpha")
    (tmp_path / "signers" / "alpha.key").chmod(bits)

    with pytest.raises(KeyRefused, match=f"expected mode 0600.*mode {bits:04o}"):
        store.private_key("alpha")


@pytest.mark.parametrize("text", ["", "xyz", "00" * 32, "11" * 31, "ff" * 32])
def test_a_malformed_private_key_is_refused_without_showing_it(tmp_path: Path, text: str) -> None:
    store = KeyStore(tmp_path)
    store.generate("alpha")
    (tmp_path / "signers" / "alpha.key").write_text(text)

    with pytest.raises(KeyRefused, match="expected 64 hexadecimal digits") as caught:
        store.private_key("alpha")

    assert not text or text not in str(caught.value)
    assert caught.value.__suppress_context__


def test_a_malformed_public_key_trusts_nobody_and_is_named_once(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    store = KeyStore(tmp_path)
    public_key = store.generate("alpha")
    (tmp_path / "signers" / "beta.pub").write_text("02")

    first, second = store.trusted(), store.trusted()

    assert first == second == {"alpha": public_key}
    assert [record.getMessage() for record in caplog.records] == [
        f"{tmp_path}/signers/beta.pub: expected 66 hexadecimal digits of a public key; "
        "trusts nobody"
    ]


def test_trust_follows_the_files(tmp_path: Path) -> None:
    store = KeyStore(tmp_path)
    alpha, beta = store.generate("alpha"), store.generate("beta")
    assert store.trusted() == {"alpha": alpha, "beta": beta}

    (tmp_path / "signers" / "beta.pub").unlink()
    assert store.trusted() == {"alpha": alpha}

    (tmp_path / "signers" / "alpha.pub").write_text(beta.hex() + "\n\n")
    assert store.trusted() == {"alpha": beta}


def test_a_missing_key_is_named(tmp_path: Path) -> None:
    with pytest.raises(KeyRefused, match='"alpha" has no file'):
        KeyStore(tmp_path).private_key("alpha")


@pytest.mark.parametrize("key_id", ["", "../alpha", "a/b", ".hidden", "a b", "x" * 65])
def test_a_name_that_is_no_key_id_is_refused(tmp_path: Path, key_id: str) -> None:
    with pytest.raises(KeyRefused, match=r"^key_id: expected"):
        KeyStore(tmp_path).generate(key_id)

    assert list(tmp_path.iterdir()) == []


def test_an_empty_store_trusts_nobody(tmp_path: Path) -> None:
    assert KeyStore(tmp_path).trusted() == {}


def test_a_store_shows_nothing(tmp_path: Path) -> None:
    assert repr(KeyStore(tmp_path)) == "KeyStore()"
