"""Orders over the WebSocket API: what is sent, what comes back, and when REST takes over."""

from __future__ import annotations

from decimal import Decimal

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from exchanges.binance.adapter import BinancePerpetual
from exchanges.credentials import Credentials
from exchanges.errors import (
    AuthenticationFailed,
    ExchangeError,
    OrderNotFound,
    OrderRejected,
    OutcomeUnknown,
    RateLimited,
    VenueUnavailable,
)
from exchanges.order import OrderStatus
from exchanges.simulator.faults import FaultKind
from tests.exchanges.binance.at_simulator import ACCOUNT, Scene, scene
from tests.exchanges.binance.test_signing import pem_of
from tests.exchanges.simulated_desk import learn

WS, REST = ("WS", "order.place"), ("POST", "/fapi/v1/order")
LOG_ON = ("WS", "session.logon")
FAULT = "WS order.place"


async def entered(
    stage: Scene, credentials: Credentials = ACCOUNT, timeout_s: float = 3.0
) -> BinancePerpetual:
    """An adapter whose orders go over the WebSocket from now on."""
    exchange = stage.connect("websocket", credentials, timeout_s)
    await learn(exchange)
    await stage.until(lambda: exchange.order_entry_ready)
    return exchange


async def test_order_goes_over_the_web_socket_and_its_trades_come_from_the_trade_list() -> None:
    async with scene() as stage:
        exchange = await entered(stage)
        order = stage.desk.order("ws", "0.1")
        room = exchange.order_room()

        placed = await exchange.submit(order)
        report = await exchange.order("BTC", order.client_order_id)

        assert (stage.asked(*WS), stage.asked(*REST)) == (1, 0)
        assert (placed.status, placed.filled) == (OrderStatus.FILLED, Decimal("0.1"))
        assert placed.fills == ()
        assert report.fills_complete
        assert exchange.order_room() == room - 1


async def test_ed25519_key_logs_on_once_and_signs_no_order() -> None:
    key = Ed25519PrivateKey.generate()
    public = key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    async with scene() as stage:
        stage.desk.simulation.binance.add_account(
            "ed25519-key", public.decode(), {"USDT": Decimal(1_000)}
        )
        exchange = await entered(stage, Credentials("ed25519-key", pem_of(key)))

        await exchange.submit(stage.desk.order("first"))
        await exchange.submit(stage.desk.order("second"))
        report = await exchange.order("BTC", "kimp-second")

        assert report.status is OrderStatus.FILLED
        assert (stage.asked(*LOG_ON), stage.asked(*WS), stage.asked(*REST)) == (1, 2, 0)


async def test_log_on_with_a_clock_that_is_off_asks_the_time_and_logs_on_again() -> None:
    key = Ed25519PrivateKey.generate()
    public = key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    async with scene() as stage:
        stage.desk.simulation.binance.add_account(
            "ed25519-key", public.decode(), {"USDT": Decimal(1_000)}
        )
        exchange = stage.connect("websocket", Credentials("ed25519-key", pem_of(key)))
        await exchange.rules("BTC")
        stage.desk.simulation.binance.set_clock_offset(60_000)

        await stage.until(lambda: exchange.order_entry_ready)
        await exchange.submit(stage.desk.order("shifted"))

        assert stage.asked(*LOG_ON) == 2
        assert (stage.asked(*WS), stage.asked("GET", "/fapi/v1/time")) == (1, 1)


async def test_before_it_is_connected_orders_go_over_rest() -> None:
    async with scene() as stage:
        exchange = stage.connect("websocket")
        stage.fault("WS session.logon", FaultKind.DELAY, ms=60_000)

        await exchange.rules("BTC")
        assert not exchange.order_entry_ready
        await exchange.submit(stage.desk.order("early"))

        assert (stage.asked(*WS), stage.asked(*REST)) == (0, 1)


async def test_session_that_is_not_let_in_leaves_orders_to_rest() -> None:
    key = Ed25519PrivateKey.generate()
    stranger = Ed25519PrivateKey.generate().public_key()
    public = stranger.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    async with scene() as stage:
        stage.desk.simulation.binance.add_account(
            "ed25519-key", public.decode(), {"USDT": Decimal(1_000)}
        )
        exchange = stage.connect("websocket", Credentials("ed25519-key", pem_of(key)))

        with pytest.raises(AuthenticationFailed):
            await exchange.rules("BTC")

        assert not exchange.order_entry_ready


@pytest.mark.parametrize("kind", [FaultKind.LOSE_REPLY, FaultKind.LOSE_REQUEST])
async def test_order_without_a_reply_is_unknown_and_sent_no_other_way(kind: FaultKind) -> None:
    async with scene() as stage:
        exchange = await entered(stage, timeout_s=1.0)  # which is waited out
        patient = stage.connect()
        stage.fault(FAULT, kind)

        with pytest.raises(OutcomeUnknown, match="no reply within"):
            await exchange.submit(stage.desk.order("lost", "0.1"))

        assert (stage.asked(*WS), stage.asked(*REST)) == (1, 0)
        if kind is FaultKind.LOSE_REPLY:
            assert (await patient.order("BTC", "kimp-lost")).filled == Decimal("0.1")
        else:
            with pytest.raises(OrderNotFound):
                await patient.order("BTC", "kimp-lost")


async def test_order_on_a_connection_that_breaks_is_unknown_and_the_next_takes_a_new_one() -> None:
    async with scene() as stage:
        exchange = await entered(stage)
        stage.fault(FAULT, FaultKind.REFUSE_CONNECTION, ms=1)

        with pytest.raises(OutcomeUnknown, match="the connection"):
            await exchange.submit(stage.desk.order("broken"))
        assert not exchange.order_entry_ready
        await stage.until(lambda: exchange.order_entry_ready)
        await exchange.submit(stage.desk.order("next"))

        assert (await exchange.order("BTC", "kimp-next")).status is OrderStatus.FILLED
        assert stage.asked(*REST) == 0


@pytest.mark.parametrize(
    ("kind", "args", "expected"),
    [
        (FaultKind.REJECT, {"code": -2019}, OrderRejected),
        (FaultKind.REJECT, {"code": -4164}, OrderRejected),
        (FaultKind.REJECT, {"code": -1007}, OutcomeUnknown),
        (FaultKind.REJECT, {"code": -1022}, AuthenticationFailed),
        (FaultKind.INSUFFICIENT, {}, OrderRejected),
        (FaultKind.HTTP_500, {}, OutcomeUnknown),
        (FaultKind.HTTP_503_UNKNOWN, {}, OutcomeUnknown),
        (FaultKind.RATE_LIMITED, {"seconds": 7}, RateLimited),
        (FaultKind.BANNED, {"seconds": 120}, RateLimited),
        (FaultKind.MAINTENANCE, {}, VenueUnavailable),
    ],
)
async def test_reply_means_the_same_as_over_rest(
    kind: FaultKind, args: dict[str, int], expected: type[ExchangeError]
) -> None:
    async with scene() as stage:
        exchange = await entered(stage)
        stage.fault(FAULT, kind, **args)

        with pytest.raises(expected) as caught:
            await exchange.submit(stage.desk.order("refused"))

        assert isinstance(caught.value, expected)
        if isinstance(caught.value, RateLimited):
            assert caught.value.retry_after_s == args["seconds"]
            assert caught.value.banned == (kind is FaultKind.BANNED)
            assert exchange.order_room() == 0


async def test_order_refused_for_its_time_has_the_time_asked_before_the_next_one() -> None:
    async with scene() as stage:
        exchange = await entered(stage)
        stage.desk.simulation.binance.set_clock_offset(30_000)

        with pytest.raises(AuthenticationFailed) as caught:
            await exchange.submit(stage.desk.order("refused"))
        await exchange.submit(stage.desk.order("next"))

        assert caught.value.code == "-1021"
        assert (stage.asked(*WS), stage.asked(*REST)) == (2, 0)
        assert stage.asked("GET", "/fapi/v1/time") == 1


async def test_counters_in_the_reply_are_believed() -> None:
    async with scene() as stage:
        exchange, other = await entered(stage), stage.connect()
        await other.rules("BTC")
        before = exchange.order_room()

        for number in range(5):
            await other.submit(stage.desk.order(f"other-{number}"))
        await exchange.submit(stage.desk.order("own"))

        assert exchange.order_room() == before - 6
