"""Accounts of the simulated Binance that sign with a private key of their own."""

from __future__ import annotations

import base64
from collections.abc import Callable
from decimal import Decimal
from urllib.parse import quote, urlencode

import pytest
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1
from cryptography.hazmat.primitives.asymmetric.ec import generate_private_key as generate_ec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, generate_private_key
from cryptography.hazmat.primitives.asymmetric.types import PublicKeyTypes
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from tests.exchanges.simulator.binance_venue import Reply, RunningVenue, running_venue

Sign = Callable[[bytes], bytes]
KEY = "public-key-account"
RSA_KEY: RSAPrivateKey = generate_private_key(65_537, 2_048)
ED25519_KEY = Ed25519PrivateKey.generate()


def sign_with_rsa(payload: bytes) -> bytes:
    return RSA_KEY.sign(payload, PKCS1v15(), SHA256())


def pem(key: PublicKeyTypes) -> str:
    return key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()


async def balance(venue: RunningVenue, sign: Sign, payload: str = "") -> Reply:
    """What is signed is ``payload``, or else what is sent."""
    query = urlencode({"timestamp": venue.now_ms()})
    signature = base64.b64encode(sign((payload or query).encode())).decode()
    return await venue.send(
        "GET", "/fapi/v3/balance", f"{query}&signature={quote(signature, safe='')}", key=KEY
    )


@pytest.mark.parametrize(
    ("public", "sign"),
    [
        pytest.param(pem(RSA_KEY.public_key()), sign_with_rsa, id="rsa"),
        pytest.param(pem(ED25519_KEY.public_key()), ED25519_KEY.sign, id="ed25519"),
    ],
)
async def test_who_holds_the_private_key_is_let_in_and_nobody_else(public: str, sign: Sign) -> None:
    async with running_venue() as venue:
        venue.simulation.binance.add_account(KEY, public, {"USDT": Decimal(5)})

        own = await balance(venue, sign)
        of_another_request = await balance(venue, sign, "timestamp=1")
        of_another_key = await balance(venue, Ed25519PrivateKey.generate().sign)
        no_base64 = await balance(venue, lambda _: b"")

        assert own.json[0]["balance"] == "5.00000000"
        assert of_another_request.code == of_another_key.code == -1022
        assert no_base64.code == -1102  # an empty signature is none


async def test_a_signature_that_is_no_base64_is_refused() -> None:
    async with running_venue() as venue:
        venue.simulation.binance.add_account(KEY, pem(ED25519_KEY.public_key()), {})
        query = urlencode({"timestamp": venue.now_ms(), "signature": "*not base64*"})

        assert (await venue.send("GET", "/fapi/v3/balance", query, key=KEY)).code == -1022


async def test_a_key_of_another_kind_signs_nothing() -> None:
    async with running_venue() as venue:
        other = pem(generate_ec(SECP256R1()).public_key())
        venue.simulation.binance.add_account(KEY, other, {})

        assert (await balance(venue, sign_with_rsa)).code == -1022
