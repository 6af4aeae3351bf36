"""Venue keys from the settings: ``KIMP_UPBIT_ACCESS_KEY`` and the like."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from exchanges.instrument import Venue
from tasks.errors import DeskError, SettingMissing
from tasks.settings import Settings
from tasks.venue_keys.permission import parse_permissions
from tasks.venue_keys.venue_key import VenueKey, checked_credentials

NAME = "environment"


class EnvironmentSource:
    """One key a venue. ``now`` stands as its time, because settings have none."""

    where = "the environment"

    def __init__(self, settings: Settings, now: datetime) -> None:
        self._settings = settings
        self._now = now

    def __repr__(self) -> str:
        return "EnvironmentSource()"

    def keys(self, venue: Venue) -> Sequence[VenueKey]:
        """Raises KeyRefused when what is set cannot be a key."""
        access, secret = (getattr(self._settings, f"{venue}_{part}_key") for part in _PARTS)
        if access is None or secret is None:
            return ()
        pair = checked_credentials(venue, access.get_secret_value(), secret.get_secret_value())
        declared = parse_permissions(getattr(self._settings, f"{venue}_key_permissions"))
        return (VenueKey(venue, NAME, declared, self._now, pair),)

    def missing(self, venue: Venue) -> DeskError:
        unset = [
            name
            for name in (f"{venue}_{part}_key" for part in _PARTS)
            if getattr(self._settings, name) is None
        ]
        variables = " and ".join(f"KIMP_{name.upper()}" for name in unset)
        return SettingMissing(f"{unset[0]}: expected a key, set {variables}")


_PARTS = ("access", "secret")
