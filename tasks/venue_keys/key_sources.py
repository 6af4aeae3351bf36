"""Where the desk's venue keys come from, and which of them may be used for what."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Protocol
from urllib.parse import urlsplit

from exchanges.clock import Clock
from exchanges.instrument import Venue
from tasks.errors import DeskError, KeyRefused
from tasks.setting_types import LOOPBACK
from tasks.settings import Mode, Settings
from tasks.venue_keys.environment_source import EnvironmentSource
from tasks.venue_keys.key_file import KeyFile
from tasks.venue_keys.permission import Permission
from tasks.venue_keys.vault_source import VaultSource
from tasks.venue_keys.venue_key import VenueKey
from tasks.venue_settings import KeySourceName


class KeySource(Protocol):
    @property
    def where(self) -> str:
        """For people: ``the environment``."""
        ...

    def keys(self, venue: Venue) -> Sequence[VenueKey]:
        """The keys it has for ``venue``. Raises KeyRefused; may take as long as a request."""
        ...

    def missing(self, venue: Venue) -> DeskError:
        """What to say when it has none."""
        ...


class FileSource:
    """The desk's own key file."""

    def __init__(self, file: KeyFile) -> None:
        self._file = file
        self.where = str(file.file)

    def keys(self, venue: Venue) -> Sequence[VenueKey]:
        return [key for key in self._file.read() if key.venue is venue]

    def missing(self, venue: Venue) -> DeskError:
        return KeyRefused(
            f"{self.where}: expected a key of {venue}: add it with `kimp keys add {venue}`"
        )


def key_file(settings: Settings, clock: Clock) -> KeyFile:
    return KeyFile(settings.keys_dir, settings.keys_passphrase, clock)


def key_source(settings: Settings, clock: Clock) -> KeySource:
    """The one that ``key_source`` names. Raises SettingMissing when it needs more settings."""
    match settings.key_source:
        case KeySourceName.FILE:
            return FileSource(key_file(settings, clock))
        case KeySourceName.VAULT:
            return VaultSource(settings)
        case KeySourceName.ENVIRONMENT:
            return EnvironmentSource(settings, clock.now())


def venue_key(source: KeySource, venue: Venue, needed: Permission) -> VenueKey:
    """The key for ``needed``. For reading it is the trading key if there is one, so that what is
    looked at is the account that trades.

    Raises:
        KeyRefused: it is declared for less; or the source cannot be read.
        SettingMissing: there is none.
    """
    keys = sorted(source.keys(venue), key=lambda key: (not key.may_trade, key.name))
    if not keys:
        raise source.missing(venue)
    if needed not in keys[0].permissions:
        raise KeyRefused(
            f"{keys[0]} in {source.where} is declared for reading only, and the desk trades only "
            "with a key declared read,trade"
        )
    return keys[0]


def desk_keys(
    settings: Settings, venues: Iterable[Venue], needed: Permission, clock: Clock
) -> dict[Venue, VenueKey]:
    """The key of each venue from the source in use. Blocks for as long as the source takes.

    Raises KeyRefused or SettingMissing, as :func:`venue_key`; KeyRefused also for a stored key
    that would leave this machine in paper mode.
    """
    source = key_source(settings, clock)
    keys = {venue: venue_key(source, venue, needed) for venue in venues}
    if settings.mode is Mode.PAPER:
        for venue in keys:
            _refuse_real(settings, venue)
    return keys


def _refuse_real(settings: Settings, venue: Venue) -> None:
    """The settings see to it for keys of their own; this holds for all sources."""
    if urlsplit(getattr(settings, f"{venue}_url")).hostname not in LOOPBACK:
        raise KeyRefused(
            f"mode: expected no venue key in paper mode unless {venue}_url is a simulator on this "
            "machine, got one for a real venue"
        )
