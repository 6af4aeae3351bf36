"""One execution of an order."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from types import MappingProxyType

from exchanges.forced_close import ForcedClose
from exchanges.side import Side

KnownOrders = Mapping[str, Decimal]
"""The venue's id of an order → its executed quantity whose trades are known."""
NONE_KNOWN: KnownOrders = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Fill:
    """A trade of ours as the venue recorded it.

    ``price`` is in the market's quote currency, ``fee`` in ``fee_currency``:
    the quote currency too, unless the account pays its fees in a coin of the
    venue (BNB). A positive fee is paid by us.
    """

    trade_id: str
    """The venue's id, unique within venue and market."""
    venue_order_id: str
    client_order_id: str | None
    """None where the venue's trade list does not carry it."""
    symbol: str
    side: Side
    price: Decimal
    quantity: Decimal
    fee: Decimal
    fee_currency: str
    time: datetime
    forced: ForcedClose | None = None
    """The venue closed a position with it; None: somebody traded."""
