"""Orders of ours that rest. They never should: each ends at once or is cancelled by who sent it."""

from __future__ import annotations

from tasks.client_order_id import PREFIX
from tasks.late_fills import LateFills
from tasks.leg_venue import LegVenue
from tasks.reconciling import differences
from tasks.reconciling.asking import Asking
from tasks.trading import Trading
from tasks.wire_text import short_decimal_text
from warehouse.records import Difference


class RestingOrders:
    """Finds them. The caller holds the symbol's lock."""

    def __init__(self, trading: Trading, late_fills: LateFills, asking: Asking) -> None:
        self._trading = trading
        self._late_fills = late_fills
        self._asking = asking

    async def differences(self, venue: LegVenue, symbol: str) -> list[Difference]:
        """One for each. What the journal has as ended is settled again, which cancels it; an id
        that the journal never gave out is for a person to look at. Raises ExchangeError."""
        resting = await self._asking.ask(venue, lambda: venue.exchange.open_orders(symbol))
        ours = [order for order in resting if order.client_order_id.startswith(PREFIX)]
        again = await self._late_fills.found_resting(venue.venue, ours)
        return [
            Difference(
                kind=differences.ORDER,
                venue=venue.venue,
                symbol=symbol,
                journal="none resting",
                venue_says=f"{order.client_order_id} rests",
                difference=short_decimal_text(order.quantity - order.filled),
                explained="had ended in the journal: settled again"
                if order.client_order_id in again
                else self._being_settled(order.client_order_id),
            )
            for order in ours
        ]

    def _being_settled(self, client_order_id: str) -> str | None:
        try:
            return f"being settled for {self._trading.pairs.leg_order(client_order_id).pair_id}"
        except KeyError:
            return None
