"""A new master key: everything is closed anew, and nothing is lost on the way."""

from __future__ import annotations

from pathlib import Path

import pytest

from exchanges.credentials import Credentials
from exchanges.instrument import Venue
from tasks.venue_keys.private_files import replace_private
from tests.tasks.venue_keys.key_files import a_file, files, refused
from tests.tasks.venue_keys.samples import (
    NEW_ACCESS,
    NEW_PASSPHRASE,
    NEW_SECRET,
    PASSPHRASE,
    a_key,
    hidden,
)

NEW_PAIR = Credentials(NEW_ACCESS, NEW_SECRET)
CHANGES = pytest.mark.parametrize(
    ("before", "after"),
    [(None, None), (None, NEW_PASSPHRASE), (PASSPHRASE, NEW_PASSPHRASE)],
    ids=["a new master key", "from master key to passphrase", "a new passphrase"],
)


@CHANGES
def test_a_new_master_key_closes_the_file_and_its_backups(
    tmp_path: Path, before: str | None, after: str | None
) -> None:
    store = a_file(tmp_path, before)
    store.add(a_key())
    store.rotate(Venue.UPBIT, "main", NEW_PAIR)
    former = files(tmp_path)

    store.rotate_master(None if after is None else hidden(after))

    changed = a_file(tmp_path, after)
    assert changed.read()[0].credentials == NEW_PAIR
    assert (tmp_path / "master.key").exists() == (after is None)
    if after is None:
        assert (tmp_path / "master.key").read_bytes() != former["master.key"]
        assert len((tmp_path / "master.key").read_bytes().split()) == 1
    else:
        assert "does not open it" in refused(a_file(tmp_path, "a former passphrase").read)
    changed.backups.files()[0].replace(changed.file)
    assert changed.read() == [a_key()]


def test_a_passphrase_is_not_taken_away_by_mistake(tmp_path: Path) -> None:
    store = a_file(tmp_path, PASSPHRASE)
    store.add(a_key())

    assert "expected a new passphrase" in refused(lambda: store.rotate_master(None))
    assert store.read() == [a_key()]


@CHANGES
def test_a_crash_in_the_middle_of_a_master_key_loses_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, before: str | None, after: str | None
) -> None:
    store = a_file(tmp_path, before)
    store.add(a_key())
    store.rotate(Venue.UPBIT, "main", NEW_PAIR)

    def only_backups(file: Path, content: bytes) -> None:
        if file == store.file:
            raise OSError("the power is gone")
        replace_private(file, content)

    with monkeypatch.context() as patch:
        patch.setattr("tasks.venue_keys.key_file.replace_private", only_backups)
        with pytest.raises(OSError, match="the power is gone"):
            store.rotate_master(None if after is None else hidden(after))

    assert store.read()[0].credentials == NEW_PAIR
    store.rotate_master(None if after is None else hidden(after))
    changed = a_file(tmp_path, after)
    assert changed.read()[0].credentials == NEW_PAIR
    changed.backups.files()[0].replace(changed.file)
    assert changed.read() == [a_key()]
