"""Where connections of the WebSocket API begin."""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import parse_qs

from exchanges.simulator.binance.call import Route
from exchanges.simulator.binance.engine import BinanceEngine
from exchanges.simulator.binance.streams.hub import StreamHub
from exchanges.simulator.binance.ws_api.session import CarryOut, WsApiSession
from exchanges.simulator.faults import Faults
from exchanges.simulator.front import Channel, Conversation
from exchanges.simulator.request_log import RequestLog
from exchanges.transport import Request

PATH = "/ws-fapi/v1"


class WsApi:
    def __init__(
        self,
        engine: BinanceEngine,
        faults: Faults,
        log: RequestLog,
        hub: StreamHub,
        routes: Mapping[tuple[str, str], Route],
        carry_out: CarryOut,
    ) -> None:
        self._engine = engine
        self._faults = faults
        self._log = log
        self._hub = hub
        self._routes = routes
        self._carry_out = carry_out

    def conversation(self, handshake: Request) -> Conversation | None:
        """None for another path. ``?returnRateLimits=false`` is about the whole connection."""
        if handshake.path.rstrip("/") != PATH:
            return None
        wanted = parse_qs(handshake.query).get("returnRateLimits", ["true"])[-1].lower()

        async def converse(channel: Channel) -> None:
            connection = self._hub.connect(channel)
            try:
                await WsApiSession(
                    self._engine,
                    self._faults,
                    self._log,
                    connection,
                    self._routes,
                    self._carry_out,
                    return_rate_limits=wanted != "false",
                ).serve()
            finally:
                self._hub.disconnect(connection)

        return converse
