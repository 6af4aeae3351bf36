"""A venue's key with what it was declared for."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass, field
from datetime import datetime

from exchanges.binance.signing import Signer
from exchanges.credentials import Credentials
from exchanges.hyperliquid.address import parse_address
from exchanges.hyperliquid.signing import parse_key
from exchanges.instrument import Venue
from tasks.errors import KeyRefused
from tasks.venue_keys.permission import Permission, Permissions

NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]{0,63}")
_PRINTABLE = re.compile(r"[!-~]{1,512}")
_PEM = "-----BEGIN "


@dataclass(frozen=True, slots=True)
class VenueKey:
    """One key of one account. Its repr and :meth:`to_json` are fit to be shown to anyone."""

    venue: Venue
    name: str
    permissions: Permissions = field(repr=False)
    created_at: datetime
    """When the desk got to know it; aware, UTC."""
    credentials: Credentials = field(repr=False)

    @property
    def may_trade(self) -> bool:
        return Permission.TRADE in self.permissions

    @property
    def declared(self) -> str:
        """``read`` or ``read,trade``."""
        return ",".join(sorted(self.permissions))

    @property
    def fingerprint(self) -> str:
        """Tells two keys apart and cannot be turned back: 16 hex digits of a SHA-256."""
        parts = (self.venue, self.credentials.access_key, self.credentials.secret_key)
        return hashlib.sha256("\0".join(parts).encode()).hexdigest()[:16]

    def __str__(self) -> str:
        return f'{self.venue} key "{self.name}" ({self.declared}, {self.fingerprint})'

    def to_json(self) -> dict[str, str]:
        return {
            "venue": self.venue,
            "name": self.name,
            "permissions": self.declared,
            "created_at": self.created_at.isoformat(),
            "fingerprint": self.fingerprint,
        }


def checked_name(name: str) -> str:
    """Raises KeyRefused when ``name`` cannot be the name of a key."""
    if NAME.fullmatch(name) is None:
        raise KeyRefused(
            "name: expected 1 to 64 letters, digits, dots, dashes or underscores, "
            f"got {name[:64]!r}"
        )
    return name


def checked_credentials(venue: Venue, access_key: str, secret_key: str) -> Credentials:
    """The pair, if it can be one at ``venue``; at Binance the secret may be an Ed25519 private key
    in PEM. Raises KeyRefused, showing neither part."""
    pair = Credentials(access_key, secret_key)
    _check_printable(venue, "access key", access_key)
    if venue is Venue.BINANCE and secret_key.startswith(_PEM):
        _check_pem(pair)
    else:
        _check_printable(venue, "secret key", secret_key)
    if venue is Venue.HYPERLIQUID:
        _check_wallet(access_key, secret_key)
    return pair


def _check_printable(venue: Venue, what: str, value: str) -> None:
    if _PRINTABLE.fullmatch(value) is None:
        raise KeyRefused(
            f"{venue} {what}: expected 1 to 512 printable characters without spaces, "
            "got something else"
        )


def _check_pem(pair: Credentials) -> None:
    try:
        Signer(pair)
    except ValueError:
        raise KeyRefused(
            "binance secret key: expected an Ed25519 private key in PEM, without a password, "
            "got something else"
        ) from None


def _check_wallet(address: str, private_key: str) -> None:
    try:
        parse_address(address)
    except ValueError:
        raise KeyRefused(
            "hyperliquid access key: expected the account's address, 0x and 40 hex digits, "
            "got something else"
        ) from None
    try:
        parse_key(private_key)
    except ValueError:
        raise KeyRefused(
            "hyperliquid secret key: expected the API wallet's private key, 64 hex digits, "
            "got something else"
        ) from None
