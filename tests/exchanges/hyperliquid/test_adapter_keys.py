"""What the Hyperliquid adapter does with keys, and without."""

from __future__ import annotations

import pytest

from exchanges.credentials import Credentials
from exchanges.errors import AuthenticationFailed, OutcomeUnknown
from tests.exchanges.hyperliquid import samples
from tests.exchanges.hyperliquid.wired import ACCOUNT, CREDENTIALS, LIMIT, body, build, build_ready
from tests.exchanges.scripted_transport import reply


async def test_without_a_key_only_market_data_is_read() -> None:
    exchange, wire, _ = build(reply(samples.BOOK), reply(samples.STATE), credentials=None)

    await exchange.book("BTC")
    await exchange.server_time()
    with pytest.raises(AuthenticationFailed):
        await exchange.balances()
    with pytest.raises(AuthenticationFailed):
        await anext(exchange.stream_orders())

    assert len(wire.requests) == 2


@pytest.mark.parametrize(
    "credentials",
    [
        Credentials("access-key", CREDENTIALS.secret_key),
        Credentials(ACCOUNT, "secret-key"),
        Credentials(ACCOUNT, "0" * 64),
    ],
)
def test_credentials_that_are_none_are_refused_without_being_shown(
    credentials: Credentials,
) -> None:
    with pytest.raises(ValueError) as refused:
        build(credentials=credentials)

    assert credentials.secret_key not in str(refused.value)
    assert credentials.access_key not in str(refused.value)


async def test_no_error_repr_or_request_shows_key_or_signature() -> None:
    echo = {"code": 1, "msg": f"bad key {CREDENTIALS.secret_key}"}
    exchange, wire, _ = await build_ready(reply(echo, 400))

    with pytest.raises(OutcomeUnknown) as caught:
        await exchange.submit(LIMIT)

    (sent,) = wire.requests
    shown = f"{caught.value} {caught.value!r} {sent!r} {exchange!r} {vars(exchange)!r}"
    assert CREDENTIALS.secret_key.removeprefix("0x") not in shown
    assert body(sent)["signature"]["s"].removeprefix("0x") not in shown
