from __future__ import annotations

from typing import Any

import pytest

from exchanges.adapter_names import AdapterName
from exchanges.clock import SystemClock
from exchanges.endpoints import Endpoints
from exchanges.factory import create_exchange
from exchanges.instrument import Instrument, InstrumentKind, Venue
from tests.exchanges.scripted_transport import ScriptedTransport, reply

ENDPOINTS = Endpoints("http://127.0.0.1:1")


def build(venue: Venue, **changes: Any) -> Any:
    arguments: dict[str, Any] = {
        "credentials": None,
        "endpoints": ENDPOINTS,
        "clock": SystemClock(),
        **changes,
    }
    return create_exchange(venue, **arguments)


@pytest.mark.parametrize("adapter", ["direct", "ccxt"])
@pytest.mark.parametrize(
    ("venue", "expected"),
    [
        (Venue.UPBIT, Instrument(Venue.UPBIT, InstrumentKind.SPOT, "BTC", "KRW", "KRW-BTC")),
        (
            Venue.BINANCE,
            Instrument(Venue.BINANCE, InstrumentKind.PERPETUAL, "BTC", "USDT", "BTCUSDT"),
        ),
        (
            Venue.HYPERLIQUID,
            Instrument(Venue.HYPERLIQUID, InstrumentKind.PERPETUAL, "BTC", "USDC", "BTC"),
        ),
    ],
)
async def test_each_venue_has_its_adapter(
    venue: Venue, expected: Instrument, adapter: AdapterName
) -> None:
    exchange = build(venue, adapter=adapter)

    assert exchange.venue is venue
    assert exchange.kind is expected.kind
    assert exchange.instrument("BTC") == expected
    await exchange.aclose()


async def test_given_transport_is_used_and_closed_with_the_exchange() -> None:
    wire = ScriptedTransport(reply({"serverTime": 1591702613943}))
    exchange = build(Venue.BINANCE, transport=wire)

    await exchange.server_time()
    await exchange.aclose()

    assert [request.path for request in wire.requests] == ["/fapi/v1/time"]
    assert wire.is_closed


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"adapter": "soap"}, "adapter: expected direct or ccxt, got 'soap'"),
        (
            {"adapter": "ccxt", "transport": ScriptedTransport()},
            "transport, connector: expected none, ccxt makes its own connections",
        ),
        ({"timeout_s": 0}, "timeout_s: expected seconds above 0, got 0"),
        ({"timeout_s": float("nan")}, "timeout_s: expected seconds above 0, got nan"),
    ],
)
def test_bad_argument_is_refused_in_one_sentence(changes: dict[str, Any], sentence: str) -> None:
    with pytest.raises(ValueError) as caught:
        build(Venue.UPBIT, **changes)

    assert str(caught.value) == sentence
