"""Keys of the tests, and a look whether any of their secrets has got out."""

from __future__ import annotations

import traceback
from datetime import UTC, datetime

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from pydantic import SecretStr

from exchanges.credentials import Credentials
from exchanges.instrument import Venue
from tasks.venue_keys.permission import parse_permissions
from tasks.venue_keys.venue_key import VenueKey
from tests.exchanges.manual_clock import ManualClock

ACCESS, SECRET = "AccessKeyOfTheTests", "SecretKeyOfTheTests"
NEW_ACCESS, NEW_SECRET = "AnotherAccessKey", "AnotherSecretKey"
PASSPHRASE, NEW_PASSPHRASE = "a long passphrase", "another long passphrase"
TOKEN = "hvs.TokenOfTheTests"
SECRETS = (ACCESS, SECRET, NEW_ACCESS, NEW_SECRET, PASSPHRASE, NEW_PASSPHRASE, TOKEN)
NOW = datetime(2026, 11, 21, 8, 0, tzinfo=UTC)


def a_clock() -> ManualClock:
    return ManualClock(NOW)


def a_key(
    venue: Venue = Venue.UPBIT,
    name: str = "main",
    permissions: str = "read,trade",
    access: str = ACCESS,
    secret: str = SECRET,
) -> VenueKey:
    return VenueKey(venue, name, parse_permissions(permissions), NOW, Credentials(access, secret))


def a_pem() -> str:
    """An Ed25519 private key as Binance's users have it, the same each time."""
    key = Ed25519PrivateKey.from_private_bytes(b"7" * 32)
    pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    return pem.decode().strip()


def hidden(text: str) -> SecretStr:
    return SecretStr(text)


def assert_no_secret(*texts: object) -> None:
    """Neither in what is shown of ``texts`` nor, for an error, in its traceback."""
    for text in texts:
        shown = f"{text!s}\n{text!r}"
        if isinstance(text, BaseException):
            shown += "".join(traceback.format_exception(text))
        for secret in SECRETS:
            assert secret not in shown


def logged(caplog: pytest.LogCaptureFixture) -> str:
    """All that was logged, with tracebacks, as a handler would write it."""
    return "\n".join(
        [caplog.text, *(str(record.__dict__.get("exc_text")) for record in caplog.records)]
    )
