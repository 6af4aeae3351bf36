"""Known answers of the signing algorithm of Upbit's own SDK."""

from __future__ import annotations

import base64
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exchanges.credentials import Credentials
from exchanges.upbit.signing import Algorithm, fresh_nonce, query_hash, query_string, token

CREDENTIALS = Credentials("AK-TEST", "SK-TEST")
NONCE = "00000000-0000-4000-8000-000000000001"
MARKET_BUY = [
    ("market", "KRW-BTC"),
    ("side", "bid"),
    ("ord_type", "price"),
    ("price", "100000"),
    ("identifier", "t-1"),
]


def decoded(part: str) -> object:
    return json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))


@pytest.mark.parametrize(
    ("parameters", "expected"),
    [
        (
            MARKET_BUY,
            "6ea8d23a3391ff2a1bcf0525a65578d131c33eb5535af0c0f3c3bfcafc86fc01"
            "938079a968f1257c8d387f5c68dafcb2305dc56d8494be1cd1b96a82257fda3c",
        ),
        (
            [("market", "KRW-BTC")],
            "b749dfc2e17f75e5b46c8161f97fe7c9298ed4167ea21c5c94d16573efd8a801"
            "351470c0ff1a9a3f1e763f8249968218c04c571c8b45aa80cd4588e6c4be0738",
        ),
        (
            [("uuids[]", "a"), ("uuids[]", "b")],
            "72936e0b10602e7219c6d8f4f8e49095fe1c00a2c349cf6b71833af3868d0eab"
            "7b550d9582177f42a93f8e753652e93e4e4742d1f3743ce509bfcc58e3b1381d",
        ),
        (
            [("states[]", "wait"), ("states[]", "watch"), ("limit", "10")],
            "052aaafddcbb21e93c368f8d8145cbd0c954cc9a165a3ba63915e73efc3e4184"
            "9087c8b5394c015b42a8be07ea1f1603548dae4d0eb3c7778f425207e703ac39",
        ),
    ],
)
def test_query_hash_has_the_known_value(parameters: list[tuple[str, str]], expected: str) -> None:
    assert query_hash(parameters) == expected


@pytest.mark.parametrize(
    ("algorithm", "signature"),
    [
        ("HS256", "8VBM6gV7LFn76C8N29CwmJ0yfHqVXIsKK0ALOmERCUM"),
        (
            "HS512",
            "myAM1BuTrM9Bo3I8pvDiqn2d8Dlenkhwph8f365XtHod5Q1NjiahIfA0veXPkLb1r-3CKysI90rElMM_YoXOPA",
        ),
    ],
)
def test_token_has_the_known_signature(algorithm: Algorithm, signature: str) -> None:
    header, claims, signed = token(CREDENTIALS, NONCE, MARKET_BUY, algorithm).split(".")

    assert signed == signature
    assert decoded(header) == {"alg": algorithm, "typ": "JWT"}
    assert decoded(claims) == {
        "access_key": "AK-TEST",
        "nonce": NONCE,
        "query_hash": query_hash(MARKET_BUY),
        "query_hash_alg": "SHA512",
    }


def test_token_of_a_request_without_parameters_has_no_hash() -> None:
    header, claims = map(decoded, token(CREDENTIALS, NONCE, ()).split(".")[:2])

    assert header == {"alg": "HS256", "typ": "JWT"}  # what the venue's own SDK sends
    assert claims == {"access_key": "AK-TEST", "nonce": NONCE}


def test_address_escapes_values_but_not_the_brackets_of_lists() -> None:
    parameters = [
        ("states[]", "wait"),
        ("start_time", "2026-01-01T00:00:00+09:00"),
        ("identifier", "a/b &c"),
    ]

    assert query_string(parameters) == (
        "states[]=wait&start_time=2026-01-01T00%3A00%3A00%2B09%3A00&identifier=a%2Fb%20%26c"
    )


@given(st.lists(st.tuples(st.sampled_from(["market", "states[]"]), st.text(max_size=8))))
def test_hash_is_over_what_the_address_decodes_to(parameters: list[tuple[str, str]]) -> None:
    from urllib.parse import parse_qsl

    try:
        query = query_string(parameters)
    except UnicodeEncodeError:  # a lone surrogate is no text
        return
    received = parse_qsl(query, keep_blank_values=True)

    assert query_hash(received) == query_hash(parameters)


def test_nonces_differ() -> None:
    assert len({fresh_nonce() for _ in range(100)}) == 100
