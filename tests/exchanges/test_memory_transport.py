"""The wire to a simulated venue in the same process."""

from __future__ import annotations

import asyncio

import pytest

from exchanges.memory_transport import MemoryTransport
from exchanges.simulator.faults import Vanish
from exchanges.transport import Interrupted, NotSent, Request, Response

ASKED = Request("GET", "/v1/market/all")


class Venue:
    """Answers when it is let to."""

    def __init__(self, *, error: Exception | None = None) -> None:
        self.may_answer = asyncio.Event()
        self.answered = 0
        self._error = error

    async def handle(self, request: Request) -> Response:
        await self.may_answer.wait()
        if self._error is not None:
            raise self._error
        self.answered += 1
        return Response(200, {}, request.path.encode())


async def test_the_venues_answer_comes_back() -> None:
    venue = Venue()
    venue.may_answer.set()

    response = await MemoryTransport(venue).send(ASKED, timeout_s=1)

    assert response.body == b"/v1/market/all"


async def test_no_answer_leaves_the_fate_open() -> None:
    venue = Venue(error=Vanish(processed=True))
    venue.may_answer.set()

    with pytest.raises(Interrupted, match="broke"):
        await MemoryTransport(venue).send(ASKED, timeout_s=1)


async def test_a_request_that_timed_out_is_still_processed() -> None:
    venue = Venue()
    transport = MemoryTransport(venue)

    with pytest.raises(Interrupted, match="no answer within"):
        await transport.send(ASKED, timeout_s=0.01)
    before = venue.answered
    venue.may_answer.set()
    await transport.aclose()

    assert (before, venue.answered) == (0, 1)


async def test_a_late_loss_of_the_answer_disturbs_nobody() -> None:
    venue = Venue(error=Vanish(processed=False))
    transport = MemoryTransport(venue)
    with pytest.raises(Interrupted):
        await transport.send(ASKED, timeout_s=0.01)

    venue.may_answer.set()

    await transport.aclose()


async def test_a_closed_transport_sends_nothing() -> None:
    venue = Venue()
    transport = MemoryTransport(venue)
    await transport.aclose()

    with pytest.raises(NotSent):
        await transport.send(ASKED, timeout_s=1)
    assert venue.answered == 0


async def test_a_fault_of_the_venues_own_code_is_not_hidden() -> None:
    venue = Venue(error=ZeroDivisionError("a bug"))
    venue.may_answer.set()

    with pytest.raises(ZeroDivisionError):
        await MemoryTransport(venue).send(ASKED, timeout_s=1)
