"""How Binance's own orders are told from everybody's.

Source: Binance docs, USDⓈ-M futures, "Event: Order update", special client order ids. The id of
auto-deleveraging is one and the same for all such orders.
"""

from __future__ import annotations

from exchanges.forced_close import ForcedClose

_ADL = "adl_autoclose"
_LIQUIDATION = "autoclose-"


def forced_close(client_order_id: str) -> ForcedClose | None:
    """What an order under this client order id does, if it is the venue's."""
    if client_order_id.startswith(_ADL):
        return ForcedClose.ADL
    return ForcedClose.LIQUIDATION if client_order_id.startswith(_LIQUIDATION) else None
