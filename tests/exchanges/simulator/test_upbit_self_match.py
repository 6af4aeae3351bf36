"""Orders of one account that meet at the simulated Upbit. KRW-BTC stands at 60.00 M / 60.01 M."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from tests.exchanges.simulator.running import Running

MIDDLE = "60005000"
"""Between the touch: only an own order can be met there."""
FEE = Decimal("0.0005")


async def maker(venues: Running, volume: str = "0.1", price: str = MIDDLE) -> None:
    created = await venues.upbit.order(
        market="KRW-BTC", side="ask", ord_type="limit", volume=volume, price=price,
        identifier="maker",
    )  # fmt: skip
    assert created.status == 201


async def taker(venues: Running, **more: str) -> None:
    order = {"market": "KRW-BTC", "side": "bid", "ord_type": "limit", "volume": "0.3"}
    created = await venues.upbit.order(**(order | {"price": MIDDLE, "identifier": "taker"} | more))
    assert created.status == 201, created.json


async def shown(venues: Running, identifier: str) -> Any:
    return (await venues.upbit.get("/v1/order", ("identifier", identifier))).json


def state(order: Any) -> tuple[str, str, str, str]:
    names = ("state", "executed_volume", "prevented_volume", "prevented_locked")
    first, second, third, fourth = (str(order[name]) for name in names)
    return first, second, third, fourth


@pytest.mark.parametrize(
    ("smp", "of_maker", "of_taker", "left"),
    [
        (None, ("cancel", "0", "0.1", "0.1"), ("wait", "0", "0", "0"), "0.3"),
        ("cancel_maker", ("cancel", "0", "0.1", "0.1"), ("wait", "0", "0", "0"), "0.3"),
        ("cancel_taker", ("wait", "0", "0", "0"), ("cancel", "0", "0.3", "18001500"), "0"),
        ("reduce", ("cancel", "0", "0.1", "0.1"), ("wait", "0", "0.1", "6000500"), "0.2"),
        ("none", ("done", "0.1", "0", "0"), ("wait", "0.1", "0", "0"), "0.2"),
    ],
)
async def test_the_takers_smp_type_decides(
    venues: Running,
    smp: str | None,
    of_maker: tuple[str, str, str, str],
    of_taker: tuple[str, str, str, str],
    left: str,
) -> None:
    await maker(venues)

    await taker(venues, **({} if smp is None else {"smp_type": smp}))

    bought = await shown(venues, "taker")
    assert state(await shown(venues, "maker")) == of_maker
    assert (state(bought), bought["remaining_volume"]) == (of_taker, left)
    assert bought["smp_type"] == (smp or "cancel_maker")
    lock = Decimal(left) * Decimal(MIDDLE) * (1 + FEE)
    assert Decimal(bought["locked"]) == lock


async def test_others_at_the_same_price_come_first(venues: Running) -> None:
    await maker(venues, price="60010000")

    await taker(venues, price="60010000", volume="0.5", smp_type="cancel_taker")

    bought = await shown(venues, "taker")
    assert (bought["state"], bought["executed_volume"]) == ("done", "0.5")
    assert (await shown(venues, "maker"))["state"] == "wait"


async def test_a_better_own_price_is_met_before_others(venues: Running) -> None:
    await maker(venues)

    await taker(venues, price="60010000", volume="0.5", smp_type="cancel_taker")

    assert state(await shown(venues, "taker"))[:2] == ("cancel", "0")


async def test_a_reduced_market_buy_gets_its_won_back(venues: Running) -> None:
    await maker(venues, volume="0.05")

    created = await venues.upbit.order(
        market="KRW-BTC", side="bid", ord_type="price", price="6001000", smp_type="reduce",
        identifier="market",
    )  # fmt: skip
    bought = await shown(venues, "market")

    prevented = Decimal("0.05") * Decimal(MIDDLE)
    assert created.status == 201
    assert Decimal(bought["prevented_locked"]) == prevented
    assert bought["prevented_volume"] == "0.05"
    spent = Decimal(bought["executed_volume"]) * 60_010_000
    assert 0 <= 6_001_000 - prevented - spent < 1
    assert (bought["state"], bought["locked"]) == ("cancel", "0")


async def test_best_does_not_go_on_behind_an_own_order_at_the_touch(venues: Running) -> None:
    await maker(venues)

    await venues.upbit.order(
        market="KRW-BTC", side="bid", ord_type="best", price="20000000", time_in_force="ioc",
        smp_type="none", identifier="best",
    )  # fmt: skip
    bought = await shown(venues, "best")

    assert (bought["state"], bought["executed_volume"]) == ("cancel", "0.1")
    assert [trade["price"] for trade in bought["trades"]] == [MIDDLE]


async def test_a_market_buy_that_is_cancelled_is_prevented_to_the_last_won(
    venues: Running,
) -> None:
    await maker(venues)

    await venues.upbit.order(
        market="KRW-BTC", side="bid", ord_type="price", price="6001001", smp_type="cancel_taker",
        identifier="market",
    )  # fmt: skip
    bought = await shown(venues, "market")

    assert (bought["state"], bought["locked"]) == ("cancel", "0")
    assert bought["prevented_locked"] == "6001001"
    assert bought["prevented_volume"] == "0.10000834"  # cut to the eight decimals of a volume


async def test_both_sides_of_an_own_trade_are_booked(venues: Running) -> None:
    await maker(venues)
    await taker(venues, smp_type="none", volume="0.1")

    (sold,) = (await shown(venues, "maker"))["trades"]
    (bought,) = (await shown(venues, "taker"))["trades"]
    accounts = (await venues.upbit.get("/v1/accounts")).json

    assert sold["uuid"] == bought["uuid"]
    assert (sold["side"], bought["side"]) == ("ask", "bid")
    won = Decimal(accounts[0]["balance"])
    assert won == 100_000_000 - 2 * Decimal("6000500") * FEE
    assert accounts[1]["balance"] == "2"


@pytest.mark.parametrize(("smp", "status"), [("none", 201), ("reduce", 400), ("sometimes", 400)])
async def test_post_only_goes_with_no_prevention_only(
    venues: Running, smp: str, status: int
) -> None:
    reply = await venues.upbit.order(
        market="KRW-BTC", side="bid", ord_type="limit", volume="0.1", price="59000000",
        time_in_force="post_only", smp_type=smp,
    )  # fmt: skip

    assert reply.status == status


async def test_post_only_says_none_unasked_and_does_not_meet_own_orders(venues: Running) -> None:
    await maker(venues)

    await taker(venues, time_in_force="post_only")

    assert (await shown(venues, "taker"))["state"] == "cancel"
    assert (await shown(venues, "taker"))["smp_type"] == "none"
    assert (await shown(venues, "maker"))["state"] == "wait"
