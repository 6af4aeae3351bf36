"""Secrets from a person or a pipe: never from the command line, never echoed."""

from __future__ import annotations

import sys
from getpass import getpass

from pydantic import SecretStr

from deployments.failure import CommandFailed
from exchanges.credentials import Credentials
from exchanges.instrument import Venue
from tasks.venue_keys.venue_key import checked_credentials

_PEM_BEGIN, _PEM_END = "-----BEGIN ", "-----END "


def ask_pair(venue: Venue) -> Credentials:
    """A venue's key: asked for on a terminal, else the first line of stdin and what follows it.

    Raises CommandFailed when stdin holds no pair, KeyRefused when it cannot be one.
    """
    names = ("access key", "secret key")
    if venue is Venue.HYPERLIQUID:
        names = ("account address (0x…)", "API wallet's private key")
    if sys.stdin.isatty():
        access = getpass(f"{venue} {names[0]}: ")
        secret = getpass(f"{venue} {names[1]}: ")
        while secret.startswith(_PEM_BEGIN) and _PEM_END not in secret:
            secret += "\n" + getpass("")
    else:
        access, _, secret = sys.stdin.read().partition("\n")
    if not access.strip() or not secret.strip():
        raise CommandFailed(
            f"stdin: expected two lines, the {names[0]} and the {names[1]} of {venue}"
        )
    return checked_credentials(venue, access.strip(), secret.strip())


def ask_new_passphrase() -> SecretStr:
    """Twice on a terminal, else the first line of stdin. Raises CommandFailed when they differ."""
    if not sys.stdin.isatty():
        return SecretStr(sys.stdin.readline().rstrip("\n"))
    passphrase = getpass("new passphrase: ")
    if getpass("the same again: ") != passphrase:
        raise CommandFailed("passphrase: expected the same twice, got two")
    return SecretStr(passphrase)
