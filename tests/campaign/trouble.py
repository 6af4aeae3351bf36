"""What can go wrong at a venue, as a value that hypothesis draws, prints and makes simpler."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from hypothesis import strategies as st

from exchanges.instrument import Venue
from exchanges.simulator.faults import CONDITIONS, EVENT_KINDS, Fault, FaultKind
from tests.tasks.desks import PLACE

EVERYTHING = "*"
QUESTIONS = {
    Venue.UPBIT: ("GET /v1/order", "GET /v1/orders/open", "GET /v1/accounts"),
    Venue.BINANCE: ("GET /fapi/v1/order", "GET /fapi/v1/userTrades", "GET /fapi/v1/openOrders"),
    Venue.HYPERLIQUID: ("POST /info",),
}
"""What is asked about orders; what is lost there keeps them in doubt."""

_ARGS: dict[FaultKind, tuple[dict[str, Any], ...]] = {
    FaultKind.DELAY: ({"ms": 200}, {"ms": 1_500}, {"ms": 6_000}),
    FaultKind.RATE_LIMITED: ({"seconds": 1}, {"seconds": 4}),
    FaultKind.BANNED: ({"seconds": 3},),
    FaultKind.PARTIAL: tuple({"fraction": share} for share in ("0.37", "0", "0.5", "0.95")),
}
_OF_REQUESTS = tuple(kind for kind in FaultKind if kind not in EVENT_KINDS | CONDITIONS)

# Made once: hypothesis looks through each strategy that it has not seen before.
_KINDS = st.sampled_from(_OF_REQUESTS) | st.sampled_from(FaultKind)
_SPOT = st.booleans()
_ARGS_OF = {kind: st.sampled_from(_ARGS.get(kind, ({},))) for kind in FaultKind}
_WHERE = st.sampled_from([0, 0, 0, 1, 2, 3, 4])
_TIMES = st.sampled_from([1, 1, 2, 4, 9])


@dataclass(frozen=True, slots=True)
class Trouble:
    """A fault at Upbit (``spot``) or at the perpetual's venue. ``where``: 0 is the order itself,
    then the questions about it, then everything."""

    kind: FaultKind
    spot: bool
    where: int = 0
    times: int = 1
    args: dict[str, Any] = field(default_factory=dict)

    def at(self, perpetual: Venue) -> Fault:
        venue = Venue.UPBIT if self.spot else perpetual
        places = (PLACE[venue], *QUESTIONS[venue], EVERYTHING)
        endpoint = places[self.where % len(places)]
        if self.kind in EVENT_KINDS | CONDITIONS:
            endpoint = EVERYTHING
        return Fault(venue, endpoint, self.kind, self.times, self.args)


@st.composite
def troubles(draw: st.DrawFn) -> Trouble:
    """Half of them of orders: that is where money is."""
    kind = draw(_KINDS)
    spot = kind is FaultKind.WALLET_CLOSED or draw(_SPOT)
    args = draw(_ARGS_OF[kind])
    if kind in CONDITIONS:
        return Trouble(kind, spot)
    return Trouble(kind, spot, draw(_WHERE), draw(_TIMES), args)
