"""The desk's own key store: ``<keys>/venues.vault``, encrypted with Fernet.

Beside it: ``master.key`` (unless a passphrase closes the file), ``backups/``, ``audit.log`` (which
key came and went when, without secrets) and ``venues.lock``. Every change replaces the whole file
at once and keeps the former one, so a crash or a mistake loses nothing.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from pydantic import SecretStr

from exchanges.clock import Clock
from exchanges.credentials import Credentials
from exchanges.instrument import Venue
from tasks.errors import KeyRefused
from tasks.venue_keys.backups import Backups
from tasks.venue_keys.master_key import (
    StoredMaster,
    checked_passphrase,
    fresh_salt,
    passphrase_key,
)
from tasks.venue_keys.permission import parse_permissions
from tasks.venue_keys.private_files import (
    append_private,
    only_writer,
    private_folder,
    read_private,
    replace_private,
)
from tasks.venue_keys.sealed import Sealed, parse_sealed
from tasks.venue_keys.venue_key import VenueKey, checked_name

log = logging.getLogger(__name__)


class KeyFile:
    """The venue keys of one ``keys_dir``. Keeps none of them in memory."""

    def __init__(self, keys_dir: Path, passphrase: SecretStr | None, clock: Clock) -> None:
        self._folder = keys_dir
        self.file = keys_dir / "venues.vault"
        self.backups = Backups(self.file)
        self._master = StoredMaster(keys_dir / "master.key")
        self._passphrase = passphrase
        self._clock = clock

    def __repr__(self) -> str:
        return "KeyFile()"

    def read(self) -> Sequence[VenueKey]:
        """Every key, by venue and name; none when there is no file.

        Raises KeyRefused when the file cannot be opened, each time with one sentence.
        """
        content = read_private(self.file)
        if content is None:
            return ()
        return self._opened(parse_sealed(self.file, content))

    def find(self, venue: Venue, name: str) -> VenueKey:
        """Raises KeyRefused when there is no such key."""
        return _found(self.read(), venue, name)

    def is_closed_by_passphrase(self) -> bool:
        """Raises KeyRefused when there is no file, or it is torn."""
        return self._sealed(self.file).salt is not None

    def add(self, key: VenueKey) -> None:
        """Raises KeyRefused for a name that is taken, and for a venue's second trading key."""
        checked_name(key.name)

        def add(keys: list[VenueKey]) -> str:
            for other in keys:
                if other.venue is key.venue and (
                    other.name == key.name or (other.may_trade and key.may_trade)
                ):
                    raise KeyRefused(
                        f"{other} is stored already: replace it with `kimp keys rotate "
                        f"{other.venue} --name {other.name}`, or remove it first"
                    )
            keys.append(key)
            return f"added {key}"

        self._change(add)

    def rotate(self, venue: Venue, name: str, credentials: Credentials) -> VenueKey:
        """Put ``credentials`` in the place of the key's; its permissions stay.

        Raises KeyRefused when there is no such key, or when it is the same pair.
        """
        made: list[VenueKey] = []

        def rotate(keys: list[VenueKey]) -> str:
            former = _found(keys, venue, name)
            key = VenueKey(venue, name, former.permissions, self._clock.now(), credentials)
            if key.fingerprint == former.fingerprint:
                raise KeyRefused(f"{former}: expected a new pair, got the one that is stored")
            keys[keys.index(former)] = key
            made.append(key)
            return f"rotated {former} to {key.fingerprint}"

        self._change(rotate)
        return made[0]

    def remove(self, venue: Venue, name: str) -> None:
        """Raises KeyRefused when there is no such key."""

        def remove(keys: list[VenueKey]) -> str:
            former = _found(keys, venue, name)
            keys.remove(former)
            return f"removed {former}"

        self._change(remove)

    def rotate_master(self, new_passphrase: SecretStr | None) -> None:
        """Close the file and its backups with a new master key, or with ``new_passphrase``.

        The former key opens whatever is not yet closed anew until all of it is, so a crash in
        between loses nothing: do it again. Raises KeyRefused when a file cannot be opened, and
        when a file that a passphrase closes would lose it.
        """
        if new_passphrase is not None:
            checked_passphrase(new_passphrase)
        elif self.is_closed_by_passphrase():
            raise KeyRefused(f"{self.file}: expected a new passphrase, because one closes it now")
        with self._only_writer():
            files = [*self.backups.files(), self.file]
            sealed = [(file, self._sealed(file)) for file in files]
            former = [self._openers(file, one, new_passphrase) for file, one in sealed]
            for (file, one), keys in zip(sealed, former, strict=True):
                _decrypted(file, one, keys)  # all of it, before anything is changed
            if new_passphrase is None:
                fresh, salt = self._master.begin_change(), None
            else:
                salt = fresh_salt()
                fresh = passphrase_key(new_passphrase, salt)
            for (file, one), keys in zip(sealed, former, strict=True):
                token = MultiFernet([fresh, *keys]).rotate(one.token)
                replace_private(file, Sealed(salt, token).to_bytes())
            if new_passphrase is None:
                self._master.end_change()
            else:
                self._master.file.unlink(missing_ok=True)
            self._record("closed the key file with a new master key")

    def _change(self, change: Callable[[list[VenueKey]], str]) -> None:
        """``change`` alters the list and says what it did."""
        with self._only_writer():
            keys = list(self.read())
            what = change(keys)
            salt, closing = self._closing_key()
            token = closing.encrypt(json.dumps([_to_json(key) for key in keys]).encode())
            former = read_private(self.file)
            if former is not None:
                self.backups.keep(former, self._clock.now())
            replace_private(self.file, Sealed(salt, token).to_bytes())
            self._record(what)

    @contextmanager
    def _only_writer(self) -> Iterator[None]:
        private_folder(self._folder)
        with only_writer(self._folder / "venues.lock"):
            yield

    def _closing_key(self) -> tuple[bytes | None, Fernet]:
        """A file stays closed the way it is; a new one takes the passphrase if there is one."""
        if self.file.exists():
            sealed = self._sealed(self.file)
            return sealed.salt, self._openers(self.file, sealed)[0]
        if self._passphrase is None:
            return None, self._master.current_or_new()
        salt = fresh_salt()
        return salt, passphrase_key(checked_passphrase(self._passphrase), salt)

    def _sealed(self, file: Path) -> Sealed:
        content = read_private(file)
        if content is None:
            raise KeyRefused(f"{file}: there is no key file yet: make one with `kimp keys add`")
        return parse_sealed(file, content)

    def _openers(
        self, file: Path, sealed: Sealed, new_passphrase: SecretStr | None = None
    ) -> Sequence[Fernet]:
        """``new_passphrase`` opens what a change to it had closed before it was broken off."""
        salt = sealed.salt
        if salt is None:
            return self._master.keys()
        known = [phrase for phrase in (self._passphrase, new_passphrase) if phrase is not None]
        if not known:
            raise KeyRefused(f"{file}: a passphrase opens it: set KIMP_KEYS_PASSPHRASE")
        return [passphrase_key(phrase, salt) for phrase in known]

    def _opened(self, sealed: Sealed) -> Sequence[VenueKey]:
        plain = _decrypted(self.file, sealed, self._openers(self.file, sealed))
        try:
            keys = [_from_json(fields) for fields in json.loads(plain)]
        except (ValueError, KeyError, TypeError, AttributeError):
            failure = KeyRefused(f"{self.file}: its content is not what this version writes")
        else:
            return sorted(keys, key=lambda key: (key.venue, key.name))
        raise failure  # outside the handler: the parser's error holds the decrypted text

    def _record(self, what: str) -> None:
        log.info("venue keys: %s", what)
        append_private(self._folder / "audit.log", f"{self._clock.now().isoformat()} {what}")


def _found(keys: Sequence[VenueKey], venue: Venue, name: str) -> VenueKey:
    for key in keys:
        if (key.venue, key.name) == (venue, name):
            return key
    raise KeyRefused(f'{venue}: expected the name of a stored key, there is no "{name}"')


def _decrypted(file: Path, sealed: Sealed, keys: Sequence[Fernet]) -> bytes:
    try:
        return MultiFernet(keys).decrypt(sealed.token)
    except InvalidToken:
        opener = "the master key beside it" if sealed.salt is None else "KIMP_KEYS_PASSPHRASE"
        raise KeyRefused(
            f"{file}: {opener} does not open it: it was closed with another one"
        ) from None


def _to_json(key: VenueKey) -> dict[str, str]:
    return {
        "venue": key.venue,
        "name": key.name,
        "permissions": key.declared,
        "created_at": key.created_at.isoformat(),
        "access_key": key.credentials.access_key,
        "secret_key": key.credentials.secret_key,
    }


def _from_json(fields: dict[str, str]) -> VenueKey:
    return VenueKey(
        Venue(fields["venue"]),
        fields["name"],
        parse_permissions(fields["permissions"]),
        datetime.fromisoformat(fields["created_at"]),
        Credentials(fields["access_key"], fields["secret_key"]),
    )
