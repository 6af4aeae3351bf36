"""What every venue's REST client does around a request."""

from __future__ import annotations

import pytest

from exchanges.errors import (
    AuthenticationFailed,
    BadReply,
    ExchangeError,
    OrderRejected,
    OutcomeUnknown,
    RateLimited,
    VenueUnavailable,
)
from exchanges.instrument import Venue
from exchanges.rate_budget import RateBudget
from exchanges.rate_window import RatePool
from exchanges.transport import Interrupted, NotSent, Request, Response, TransportError
from exchanges.venue_client import Costs, Replies, VenueClient, key_of
from exchanges.virtual_time import VirtualClock, VirtualTimeLoop, run_virtually
from tests.exchanges.manual_clock import ManualClock
from tests.exchanges.scripted_transport import ScriptedTransport, reply

ASK: Costs = {"questions": 1}
PLACE: Costs = {"orders": 1}
REQUEST = Request("GET", "/")


def limited_or(response: Response, other: ExchangeError) -> ExchangeError:
    banned = response.status == 418
    if banned or response.status == 429:
        return RateLimited(Venue.UPBIT, "slow down", retry_after_s=60, banned=banned)
    return other


def observe_headers(budget: RateBudget, response: Response) -> None:
    if "left" in response.headers:
        budget.observe_left("questions", int(response.headers["left"]))


REPLIES = Replies(
    lambda response: limited_or(response, OrderRejected(Venue.UPBIT, "no", code="x", status=400)),
    lambda response: limited_or(response, BadReply(Venue.UPBIT, "what?")),
    observe_headers,
    lambda response, costs: None if response.status == 418 else tuple(costs),
)


def build(
    *answers: Response | TransportError,
) -> tuple[VenueClient, ScriptedTransport, ManualClock]:
    clock, wire = ManualClock(), ScriptedTransport(*answers)
    pools = (RatePool("questions", 3, 1, reserve=1), RatePool("orders", 2, 1, reserve=1))
    budget = RateBudget(pools, clock)
    return VenueClient(Venue.UPBIT, wire, budget, REPLIES, clock, timeout_s=3), wire, clock


async def place(client: VenueClient) -> Response:
    return await client.place(REQUEST, PLACE, client.book(PLACE, urgent=True))


@pytest.mark.parametrize(
    ("answer", "of_a_question", "of_an_order"),
    [
        (NotSent("x"), VenueUnavailable, VenueUnavailable),
        (Interrupted("x"), VenueUnavailable, OutcomeUnknown),
        (reply(b"", 400), BadReply, OrderRejected),
        (reply(b"", 429), RateLimited, RateLimited),
        (reply(b"", 302), BadReply, OrderRejected),
    ],
)
async def test_failure_is_named_by_what_is_known_and_the_request_is_sent_once(
    answer: Response | TransportError,
    of_a_question: type[ExchangeError],
    of_an_order: type[ExchangeError],
) -> None:
    client, wire, clock = build(answer, answer)

    with pytest.raises(of_a_question) as asked:
        await client.ask(REQUEST, ASK)
    clock.advance(3_600)
    with pytest.raises(of_an_order) as placed:
        await place(client)

    assert (type(asked.value), type(placed.value)) == (of_a_question, of_an_order)
    assert asked.value.__cause__ is None
    assert len(wire.requests) == 2


async def test_reserve_is_for_what_is_urgent() -> None:
    client, wire, _ = build(*(reply({}) for _ in range(3)))
    await client.ask(REQUEST, ASK)
    await client.ask(REQUEST, ASK)

    with pytest.raises(RateLimited, match="not sent"):
        await client.ask(REQUEST, ASK)
    await client.ask(REQUEST, ASK, urgent=True)

    assert len(wire.requests) == 3


async def test_booked_place_is_used_once() -> None:
    client, wire, _ = build(reply({}))
    booking = client.book(PLACE, urgent=False)
    await client.place(REQUEST, PLACE, booking)

    with pytest.raises(ValueError, match="booking"):
        await client.place(REQUEST, PLACE, booking)

    assert len(wire.requests) == 1


async def test_headers_of_every_reply_are_read() -> None:
    client, _, _ = build(reply({}, 400, {"left": "0"}))

    with pytest.raises(BadReply):
        await client.ask(REQUEST, ASK)

    assert client.budget.wait(ASK, urgent=True) > 0


async def test_refusal_closes_its_own_pool_and_a_ban_closes_all() -> None:
    client, _, clock = build(reply(b"", 429), reply(b"", 418))

    with pytest.raises(RateLimited):
        await client.ask(REQUEST, ASK)
    after_refusal = (client.budget.wait(ASK, urgent=True), client.budget.wait(PLACE, urgent=True))
    clock.advance(60)
    with pytest.raises(RateLimited):
        await client.ask(REQUEST, ASK)
    after_ban = (client.budget.wait(ASK, urgent=True), client.budget.wait(PLACE, urgent=True))

    assert (after_refusal, after_ban) == ((60, 0), (60, 60))


async def test_bans_in_a_row_are_taken_to_grow_unless_the_venue_says_how_long() -> None:
    unsaid, said = reply(b"", 418), reply(b"", 418, {"retry-after": "60"})
    client, _, clock = build(unsaid, unsaid, unsaid, said, unsaid)
    waits = []

    for pause_s in (60, 120, 240, 240 + 3_600, 0):
        with pytest.raises(RateLimited) as caught:
            await client.ask(REQUEST, ASK)
        waits.append(caught.value.retry_after_s)
        clock.advance(pause_s)

    assert waits == [60, 120, 240, 60, 60]


def test_patient_question_waits_for_room_but_not_for_a_ban() -> None:
    loop = VirtualTimeLoop()
    clock = VirtualClock(loop, ManualClock().now())
    wire = ScriptedTransport(*(reply({}) for _ in range(3)), reply(b"", 418))
    budget = RateBudget((RatePool("questions", 3, 1, reserve=1),), clock)
    client = VenueClient(Venue.UPBIT, wire, budget, REPLIES, clock, timeout_s=3)

    async def story() -> None:
        for _ in range(3):
            await client.room(ASK, longest_s=2)
            await client.ask(REQUEST, ASK)
        with pytest.raises(RateLimited):
            await client.ask(REQUEST, ASK)
        with pytest.raises(RateLimited, match="silenced"):
            await client.room(ASK, longest_s=2)

    run_virtually(story(), loop)

    assert 1 <= clock.monotonic() < 1.1


def test_missing_key_is_said() -> None:
    with pytest.raises(AuthenticationFailed, match="no key is set"):
        key_of(Venue.UPBIT, None)
