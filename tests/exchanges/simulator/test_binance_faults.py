"""Faults and limits as the simulated Binance shows them."""

from __future__ import annotations

from decimal import Decimal

import aiohttp
import pytest

from exchanges.simulator.faults import FaultKind
from tests.exchanges.simulator.binance_venue import SYMBOL, running_venue

ORDER = "/fapi/v1/order"


async def test_a_told_rejection_is_the_venues_definite_no_and_is_used_up() -> None:
    async with running_venue() as venue:
        venue.fault(FaultKind.REJECT, f"POST {ORDER}")

        rejected = await venue.order(newClientOrderId="mine")
        afterwards = await venue.signed("GET", ORDER, symbol=SYMBOL, origClientOrderId="mine")
        accepted = await venue.order(newClientOrderId="mine")

        assert (rejected.status, rejected.code) == (400, -2019)
        assert afterwards.code == -2013
        assert accepted.json["status"] == "FILLED"


async def test_a_told_rejection_may_name_its_code_and_message() -> None:
    async with running_venue() as venue:
        venue.fault(FaultKind.REJECT, f"POST {ORDER}", code=-4131, message="too far")

        reply = await venue.order()

        assert reply.json == {"code": -4131, "msg": "too far"}


@pytest.mark.parametrize(
    ("params", "executed"),
    [
        ({"quantity": "1.000"}, "0.400"),
        ({"quantity": "0.003"}, "0.001"),
        (
            {"quantity": "1.000", "type": "LIMIT", "price": "50001.0", "timeInForce": "IOC"},
            "0.400",
        ),
        (
            {"quantity": "1.000", "type": "LIMIT", "price": "50001.0", "timeInForce": "GTC"},
            "0.400",
        ),
    ],
)
async def test_a_partial_fill_is_a_share_of_the_order_and_its_rest_expires(
    params: dict[str, object], executed: str
) -> None:
    async with running_venue() as venue:
        venue.fault(FaultKind.PARTIAL, f"POST {ORDER}", fraction="0.4")

        reply = await venue.order(**params)

        assert (reply.json["status"], reply.json["executedQty"]) == ("EXPIRED", executed)
        assert Decimal((await venue.position() or {})["positionAmt"]) == Decimal(executed)


async def test_a_share_of_nothing_ends_an_order_that_would_have_traded_and_lets_others_rest() -> (
    None
):
    async with running_venue() as venue:
        venue.fault(FaultKind.PARTIAL, f"POST {ORDER}", fraction="0")
        crossing = await venue.limit("50001.0", quantity="1.000")
        venue.fault(FaultKind.PARTIAL, f"POST {ORDER}", fraction="0")
        passive = await venue.limit("49000.0", quantity="1.000")

        assert (crossing.json["status"], crossing.json["executedQty"]) == ("EXPIRED", "0.000")
        assert passive.json["status"] == "NEW"


async def test_a_partial_fill_kills_a_fill_or_kill_order() -> None:
    async with running_venue() as venue:
        venue.fault(FaultKind.PARTIAL, f"POST {ORDER}", fraction="0.4")

        assert (await venue.limit("50001.0", "FOK", quantity="1.000")).code == -5021
        assert await venue.position() is None


async def test_a_lost_reply_hides_an_order_that_was_carried_out() -> None:
    async with running_venue() as venue:
        venue.fault(FaultKind.LOSE_REPLY, f"POST {ORDER}")

        with pytest.raises(aiohttp.ClientError):
            await venue.order(newClientOrderId="mine")

        read = await venue.signed("GET", ORDER, symbol=SYMBOL, origClientOrderId="mine")
        assert read.json["status"] == "FILLED"


async def test_a_lost_request_was_never_carried_out() -> None:
    async with running_venue() as venue:
        venue.fault(FaultKind.LOSE_REQUEST, f"POST {ORDER}")

        with pytest.raises(aiohttp.ClientError):
            await venue.order(newClientOrderId="mine")

        read = await venue.signed("GET", ORDER, symbol=SYMBOL, origClientOrderId="mine")
        assert read.code == -2013


async def test_a_server_error_does_not_say_what_became_of_the_order() -> None:
    async with running_venue() as venue:
        venue.fault(FaultKind.HTTP_500, f"POST {ORDER}")

        reply = await venue.order(newClientOrderId="mine")

        assert (reply.status, reply.code) == (500, -1000)


async def test_the_request_log_names_the_order_and_nothing_secret() -> None:
    async with running_venue() as venue:
        await venue.order(newClientOrderId="mine")

        seen = venue.simulation.requests.requests()[-1]

        assert (seen.method, seen.path, seen.client_order_id) == ("POST", ORDER, "mine")


async def test_used_weight_is_shown_and_beyond_the_minute_s_limit_requests_are_refused() -> None:
    async with running_venue() as venue:
        first = await venue.get("/fapi/v1/depth", symbol=SYMBOL, limit=1000)
        for _ in range(119):
            await venue.get("/fapi/v1/depth", symbol=SYMBOL, limit=1000)

        refused = await venue.get("/fapi/v1/time")
        venue.clock.advance(60)
        later = await venue.get("/fapi/v1/time")

        assert first.headers["x-mbx-used-weight-1m"] == "20"
        assert (refused.status, refused.code) == (429, -1003)
        assert refused.headers["retry-after"] == "55"  # the clock stands at second 5
        assert refused.headers["x-mbx-used-weight-1m"] == "2401"
        assert later.status == 200
        assert later.headers["x-mbx-used-weight-1m"] == "1"


async def test_orders_are_counted_in_ten_seconds_and_in_a_minute() -> None:
    async with running_venue() as venue:
        replies = [await venue.order(quantity="0.0001") for _ in range(300)]
        too_fast = await venue.order()
        for _ in range(3):
            venue.clock.advance(10)
            for _ in range(300):
                await venue.order(quantity="0.0001")
        venue.clock.advance(10)
        too_many = await venue.order()
        venue.clock.advance(60)
        free = await venue.order()

        assert replies[-1].headers["x-mbx-order-count-10s"] == "300"
        assert (too_fast.status, too_fast.code) == (429, -1015)
        assert too_fast.headers["retry-after"] == "5"
        assert "300 orders per TEN_SECONDS" in too_fast.json["msg"]
        assert (too_many.status, too_many.code) == (429, -1015)
        assert "1200 orders per MINUTE" in too_many.json["msg"]
        assert free.json["status"] == "FILLED"
        assert free.headers["x-mbx-order-count-1m"] == "1"


async def test_a_read_shows_no_order_counters() -> None:
    async with running_venue() as venue:
        reply = await venue.signed("GET", "/fapi/v1/openOrders", symbol=SYMBOL)

        assert reply.headers["x-mbx-used-weight-1m"] == "1"
        assert "x-mbx-order-count-10s" not in reply.headers
