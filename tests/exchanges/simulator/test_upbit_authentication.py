"""Who may ask: tokens at the simulated Upbit, over HTTP."""

from __future__ import annotations

import base64
import hashlib

import pytest

from exchanges.simulator.upbit.auth import Authenticator, body_text, parse_body, query_text
from exchanges.simulator.upbit.refusal import Refusal
from tests.exchanges.simulator.running import Running

BUY = (
    ("market", "KRW-BTC"),
    ("side", "bid"),
    ("ord_type", "limit"),
    ("volume", "0.01"),
    ("price", "60010000"),
    ("identifier", "한글 & id=1"),
)


@pytest.mark.parametrize("algorithm", ["HS256", "HS512"])
async def test_both_algorithms_of_the_field_are_accepted(venues: Running, algorithm: str) -> None:
    client = venues.upbit
    client.algorithm = algorithm

    reply = await client.get("/v1/accounts")

    assert reply.status == 200
    assert {row["currency"] for row in reply.json} == {"KRW", "BTC"}


async def test_another_algorithm_is_refused(venues: Running) -> None:
    client = venues.upbit
    client.algorithm = "HS384"

    reply = await client.get("/v1/accounts")

    assert (reply.status, reply.error) == (401, "jwt_verification")


async def test_no_token_is_refused(venues: Running) -> None:
    reply = await venues.upbit.send("GET", "/v1/accounts", (), None)

    assert (reply.status, reply.error) == (401, "no_authorization_token")


@pytest.mark.parametrize("token", ["x", "a.b", "a.b.c", "....", "e30.e30.e30", "é.é.é"])
async def test_a_broken_token_is_refused(venues: Running, token: str) -> None:
    authenticator = Authenticator(lambda key: "secret")

    with pytest.raises(Refusal) as refused:
        authenticator.access_key(f"Bearer {token}", "")

    assert (refused.value.status, refused.value.name) == (401, "jwt_verification")


async def test_an_unknown_key_is_refused(venues: Running) -> None:
    client = venues.upbit
    client.key = "nobody"

    reply = await client.get("/v1/accounts")

    assert (reply.status, reply.error) == (401, "invalid_access_key")


async def test_a_wrong_secret_is_refused(venues: Running) -> None:
    client = venues.upbit
    client.secret = "guess"

    reply = await client.get("/v1/accounts")

    assert (reply.status, reply.error) == (401, "jwt_verification")


async def test_a_nonce_is_good_once(venues: Running) -> None:
    client = venues.upbit
    token = client.token((), nonce="00000000-0000-4000-8000-000000000001")

    first = await client.send("GET", "/v1/accounts", (), token)
    second = await client.send("GET", "/v1/accounts", (), token)

    assert first.status == 200
    assert (second.status, second.error) == (401, "nonce_used")


async def test_parameters_must_be_the_signed_ones(venues: Running) -> None:
    client = venues.upbit
    signed_other = client.token((("market", "KRW-USDT"),))

    reply = await client.send("GET", "/v1/orders/chance", (("market", "KRW-BTC"),), signed_other)

    assert (reply.status, reply.error) == (401, "invalid_query_payload")


async def test_parameters_without_a_hash_are_refused(venues: Running) -> None:
    client = venues.upbit

    reply = await client.send("POST", "/v1/orders", BUY, client.token(()))

    assert (reply.status, reply.error) == (401, "invalid_query_payload")


async def test_the_hash_follows_the_order_of_the_body(venues: Running) -> None:
    client = venues.upbit

    swapped = await client.send("POST", "/v1/orders", BUY, client.token(BUY[::-1]))
    straight = await client.send("POST", "/v1/orders", BUY, client.token(BUY))

    assert (swapped.status, swapped.error) == (401, "invalid_query_payload")
    assert straight.status == 201
    assert straight.json["identifier"] == "한글 & id=1"


async def test_the_hash_is_over_the_decoded_query(venues: Running) -> None:
    await venues.upbit.send("POST", "/v1/orders", BUY, venues.upbit.token(BUY))

    reply = await venues.upbit.get("/v1/order", ("identifier", "한글 & id=1"))

    assert reply.status == 200


async def test_a_space_may_be_hashed_as_the_first_party_client_does(venues: Running) -> None:
    plus = [(name, value.replace(" ", "+")) for name, value in BUY]

    reply = await venues.upbit.send("POST", "/v1/orders", BUY, venues.upbit.token(plus))

    assert reply.status == 201


async def test_a_form_is_not_taken_for_an_order(venues: Running) -> None:
    client = venues.upbit
    async with client.session.post(
        client.url + "/v1/orders",
        data=dict(BUY),
        headers={"Authorization": f"Bearer {client.token(BUY)}"},
    ) as response:
        refusal = await response.json()

    assert (response.status, refusal["error"]["name"]) == (400, "validation_error")


def test_hashed_texts_are_those_of_the_first_party_client() -> None:
    body = parse_body(b'{"a": 1.10, "b": null, "c": "", "d": true, "uuids": ["x", "y"]}')

    assert body_text(body) == "a=1.10&d=true&uuids[]=x&uuids[]=y"
    assert query_text("uuids[]=a&uuids[]=b&t=1%3A2") == "uuids[]=a&uuids[]=b&t=1:2"
    digest = hashlib.sha512(query_text("uuids[]=a&uuids[]=b").encode()).hexdigest()
    assert digest.startswith("72936e0b10602e7219c6d8f4f8e49095")


@pytest.mark.parametrize("algorithm", ["HS256", "HS512"])
def test_a_token_made_elsewhere_is_understood(algorithm: str) -> None:
    tokens = {
        "HS256": (
            "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9",
            "8VBM6gV7LFn76C8N29CwmJ0yfHqVXIsKK0ALOmERCUM",
        ),
        "HS512": (
            "eyJhbGciOiJIUzUxMiIsInR5cCI6IkpXVCJ9",
            "myAM1BuTrM9Bo3I8pvDiqn2d8Dlenkhwph8f365XtHod5Q1NjiahIfA0veXPkLb1r-3CKysI90rElMM_YoXOPA",
        ),
    }
    text = "market=KRW-BTC&side=bid&ord_type=price&price=100000&identifier=t-1"
    payload = _base64(
        '{"access_key":"AK-TEST","nonce":"00000000-0000-4000-8000-000000000001",'
        f'"query_hash":"{hashlib.sha512(text.encode()).hexdigest()}","query_hash_alg":"SHA512"}}'
    )
    head, signature = tokens[algorithm]
    authenticator = Authenticator({"AK-TEST": "SK-TEST"}.get)

    key = authenticator.access_key(f"Bearer {head}.{payload}.{signature}", text)

    assert key == "AK-TEST"


def _base64(text: str) -> str:
    return base64.urlsafe_b64encode(text.encode()).rstrip(b"=").decode()
