"""What moved Binance's futures wallet and is neither trade nor funding, from its income feed.

Binance docs, USDⓈ-M futures, "Get income history": ``TRANSFER`` from and to the account's other
wallets, ``INSURANCE_CLEAR`` at a liquidation, rebates, rewards and more; ``tranId`` is unique
within a type.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from decimal import Decimal

from exchanges.binance.markets import perpetual_named
from exchanges.binance.parsing import FUNDING_TYPES
from exchanges.instrument import Venue
from exchanges.reply import Fields, document, objects
from exchanges.transfer import Transfer, TransferKind

_ELSEWHERE = {"REALIZED_PNL", "COMMISSION", *FUNDING_TYPES}
"""Told by the lists of trades and of funding."""
_LIQUIDATION_FEE = "INSURANCE_CLEAR"


def parse_income(body: bytes) -> Sequence[Fields]:
    return objects(Venue.BINANCE, "income", document(Venue.BINANCE, "income", body))


def transfers_of(income: Sequence[Fields]) -> Iterator[Transfer]:
    """Of rows of the feed. Raises BadReply."""
    for row in income:
        called = row.text("incomeType")
        if called in _ELSEWHERE:
            continue
        market = perpetual_named(row.text("symbol"))
        is_fee = called == _LIQUIDATION_FEE
        yield Transfer(
            transfer_id=f"{called}-{row.integer('tranId')}",
            kind=TransferKind.LIQUIDATION_FEE if is_fee else TransferKind.PAYMENT,
            called=called,
            currency=row.text("asset"),
            amount=row.decimal("income"),
            fee=Decimal(0),
            time=row.milliseconds("time"),
            symbol=None if market is None else market.symbol,
        )
