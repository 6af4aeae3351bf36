from __future__ import annotations

import base64
from datetime import UTC, datetime
from urllib.parse import parse_qs

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
)

from exchanges.binance.signing import Signer, query_string
from exchanges.credentials import Credentials

CREDENTIALS = Credentials(
    "dbefbc809e3e83c283a984c3a1459732ea7db1360ca80c5c2c8867408d28cc83",
    "2b5eb11e18796d12d88f13dc27dbbd02c2cc51ff7059765ed9821957d82bb4d9",
)
PARAMETERS = [
    ("symbol", "BTCUSDT"),
    ("side", "BUY"),
    ("type", "LIMIT"),
    ("quantity", "1"),
    ("price", "9000"),
    ("timeInForce", "GTC"),
]
PAYLOAD = (
    "symbol=BTCUSDT&side=BUY&type=LIMIT&quantity=1&price=9000&timeInForce=GTC"
    "&recvWindow=5000&timestamp=1591702613943"
)
SIGNATURE = "3c661234138461fcc7a7d8746c6558c9842d4e10870d2ecbedf7777cad694af9"


TIME = datetime(2020, 6, 9, 11, 36, 53, 943000, tzinfo=UTC)


def pem_of(key: Ed25519PrivateKey | ec.EllipticCurvePrivateKey) -> str:
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()


def test_signature_is_the_one_of_the_documentation() -> None:
    assert Signer(CREDENTIALS).signature(PAYLOAD) == SIGNATURE


def test_whole_query_is_the_one_of_the_documentation() -> None:
    assert Signer(CREDENTIALS).query(PARAMETERS, TIME) == f"{PAYLOAD}&signature={SIGNATURE}"


def test_values_are_escaped_before_they_are_signed() -> None:
    assert query_string([("newClientOrderId", "a/b:c d")]) == "newClientOrderId=a%2Fb%3Ac%20d"


def test_request_of_the_web_socket_api_is_signed_over_its_sorted_parameters() -> None:
    parameters: dict[str, str | int] = {
        "symbol": "BTCUSDT",
        "side": "SELL",
        "type": "MARKET",
        "quantity": "0.001",
        "newClientOrderId": "x-1",
        "newOrderRespType": "RESULT",
        "timestamp": 1591702613943,
    }

    signed = Signer(CREDENTIALS).signed(parameters)

    assert signed == {
        **parameters,
        "apiKey": CREDENTIALS.access_key,
        "signature": "26af210d18fcbfaecce1cd7a59391aefd17f9dfbc42d3f20bd6b6b7d0abe3080",
    }


def test_ed25519_key_signs_the_payload_as_it_is_sent() -> None:
    key = Ed25519PrivateKey.generate()
    signer = Signer(Credentials("key", pem_of(key)))

    query = signer.query(PARAMETERS, TIME)

    payload, _, _ = query.rpartition("&signature=")
    signature = parse_qs(query, strict_parsing=True)["signature"][0]
    key.public_key().verify(base64.b64decode(signature, validate=True), payload.encode())
    assert payload == PAYLOAD
    assert signer.is_ed25519
    assert not Signer(CREDENTIALS).is_ed25519


@pytest.mark.parametrize(
    "secret",
    [
        pem_of(ec.generate_private_key(ec.SECP256R1())),
        "-----BEGIN PRIVATE KEY-----\nnothing\n-----END PRIVATE KEY-----\n",
    ],
    ids=["another-kind", "none"],
)
def test_pem_of_another_kind_is_refused_without_being_shown(secret: str) -> None:
    with pytest.raises(ValueError) as caught:
        Signer(Credentials("key", secret))

    assert str(caught.value) == (
        "secret_key: expected an HMAC secret or an Ed25519 private key in PEM"
    )
    assert caught.value.__suppress_context__ or caught.value.__context__ is None
