"""ccxt's Hyperliquid client, without what it would sign for its own sake."""

from __future__ import annotations

from typing import Any

import ccxt
import ccxt.pro

from exchanges.ccxt_adapter.client import ExactClient
from exchanges.hyperliquid.client import ORDER_LIFE_MS


class HyperliquidClient(ExactClient, ccxt.pro.hyperliquid):  # type: ignore[misc]
    def __init__(self, config: Any) -> None:
        self._acknowledged: set[str] = set()
        super().__init__(config)

    async def initialize_client(self) -> bool:
        """ccxt would sign an approval of fees for itself, and name itself as referrer."""
        return True

    def create_orders_request(self, orders: Any, params: Any = None) -> Any:
        """An order that is held up on the way dies, as those of the direct adapter do."""
        request = super().create_orders_request(orders, params or {})
        return {**request, "expiresAfter": request["nonce"] + ORDER_LIFE_MS}

    def sign_l1_action(
        self, action: Any, nonce: Any, vaultAdress: Any = None, expiresAfter: Any = None
    ) -> Any:
        if action["type"] == "order":
            expiresAfter = nonce + ORDER_LIFE_MS
        return super().sign_l1_action(action, nonce, vaultAdress, expiresAfter)

    async def carry_out(self, action: Any) -> Any:
        """Sign an action that ccxt has no exact method for, and send it."""
        nonce = self.incrementing_nonce()
        signature = self.sign_l1_action(action, nonce)
        return await self.privatePostExchange(
            {"action": action, "nonce": nonce, "signature": signature}
        )

    def hears(self) -> bool:
        return self._acknowledged.issuperset(("orderUpdates", "userFills"))

    def handle_subscription_response(self, client: Any, message: Any) -> None:
        super().handle_subscription_response(client, message)
        self._acknowledged.add(message["data"]["subscription"]["type"])

    def handle_pong(self, client: Any, message: Any) -> Any:
        """ccxt compares it with the machine's clock."""
        client.lastPong = ccxt.Exchange.milliseconds()
        return message
