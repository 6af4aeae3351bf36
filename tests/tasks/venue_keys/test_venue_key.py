"""A venue's key: what it is declared for, and what is shown of it."""

from __future__ import annotations

import json

import pytest

from exchanges.instrument import Venue
from tasks.errors import KeyRefused
from tasks.venue_keys.permission import Permission, parse_permissions
from tasks.venue_keys.venue_key import checked_credentials, checked_name
from tests.tasks.venue_keys.samples import (
    ACCESS,
    NEW_SECRET,
    SECRET,
    a_key,
    a_pem,
    assert_no_secret,
)

ADDRESS, PRIVATE_KEY = "0x" + "ab" * 20, "11" * 32


def test_nothing_secret_is_shown_of_a_key() -> None:
    key = a_key()

    assert_no_secret(key, json.dumps(key.to_json()), [key], key.credentials)
    assert str(key) == f'upbit key "main" (read,trade, {key.fingerprint})'


def test_a_fingerprint_tells_keys_apart() -> None:
    same, other_pair = a_key(name="other"), a_key(secret=NEW_SECRET)

    assert a_key().fingerprint == same.fingerprint
    assert a_key().fingerprint != other_pair.fingerprint
    assert len(same.fingerprint) == 16


@pytest.mark.parametrize(
    ("text", "permissions"),
    [
        ("read", {Permission.READ}),
        ("read,trade", {Permission.READ, Permission.TRADE}),
        (" Trade ", {Permission.READ, Permission.TRADE}),
    ],
)
def test_permissions_are_declared_in_words(text: str, permissions: set[Permission]) -> None:
    assert parse_permissions(text) == permissions


@pytest.mark.parametrize("text", ["withdraw", "read,trade,withdraw", "read,WITHDRAWALS"])
def test_a_key_declared_for_withdrawing_is_refused_outright(text: str) -> None:
    with pytest.raises(ValueError, match="expected a key that cannot withdraw"):
        parse_permissions(text)


@pytest.mark.parametrize("text", ["", "all", "read;trade", "read,,trade"])
def test_other_words_are_no_permissions(text: str) -> None:
    with pytest.raises(ValueError, match=r"^expected read or read,trade$"):
        parse_permissions(text)


@pytest.mark.parametrize("name", ["", "../x", ".hidden", "a b", "x" * 65])
def test_a_name_that_is_none_is_refused(name: str) -> None:
    with pytest.raises(KeyRefused, match=r"^name: expected 1 to 64"):
        checked_name(name)


@pytest.mark.parametrize(
    ("venue", "access", "secret", "sentence"),
    [
        (Venue.UPBIT, "", SECRET, "upbit access key: expected 1 to 512 printable characters"),
        (Venue.UPBIT, ACCESS, f"{SECRET} {SECRET}", "upbit secret key: expected 1 to 512"),
        (Venue.BINANCE, ACCESS, f"{SECRET}\n", "binance secret key: expected 1 to 512"),
        (Venue.BINANCE, ACCESS, f"-----BEGIN {SECRET}", "binance secret key: expected an Ed25519"),
        (Venue.HYPERLIQUID, ACCESS, PRIVATE_KEY, "hyperliquid access key: expected the account's"),
        (Venue.HYPERLIQUID, ADDRESS, SECRET, "hyperliquid secret key: expected the API wallet's"),
        (Venue.HYPERLIQUID, ADDRESS, "00" * 32, "hyperliquid secret key: expected the API wallet"),
    ],
)
def test_what_cannot_be_a_key_is_refused_without_being_shown(
    venue: Venue, access: str, secret: str, sentence: str
) -> None:
    with pytest.raises(KeyRefused) as caught:
        checked_credentials(venue, access, secret)

    assert str(caught.value).startswith(sentence)
    assert str(caught.value).endswith("got something else")
    assert_no_secret(caught.value)


def test_binance_takes_an_ed25519_private_key_in_pem() -> None:
    assert checked_credentials(Venue.BINANCE, ACCESS, a_pem()).secret_key == a_pem()

    for venue in (Venue.UPBIT, Venue.HYPERLIQUID):
        with pytest.raises(KeyRefused):
            checked_credentials(venue, ACCESS, a_pem())


@pytest.mark.parametrize("prefix", ["", "0x"])
def test_an_api_wallet_is_taken_with_and_without_prefix(prefix: str) -> None:
    pair = checked_credentials(Venue.HYPERLIQUID, ADDRESS, prefix + PRIVATE_KEY)

    assert pair.secret_key == prefix + PRIVATE_KEY
