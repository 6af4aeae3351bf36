"""Trading rules of the contracts and the filters an order must pass.

Values of BTCUSDT as exchangeInfo showed them in September 2026. Refusals:
-1111 too many decimals, -4014 tick, -4023 step, -4002/-4013 price range,
-4003/-4004/-4005 quantity, -4016/-4024 percent price, -4164 notional.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal

from exchanges.side import Side
from exchanges.simulator.binance.refusal import Refused

PERCENT_PRICE_UP = Decimal("1.0500")
PERCENT_PRICE_DOWN = Decimal("0.9500")
MARKET_TAKE_BOUND = Decimal("0.05")
MAX_OPEN_ORDERS = 200
TAKER_FEE = Decimal("0.0005")
MAKER_FEE = Decimal("0.0002")
LIQUIDATION_FEE = Decimal("0.012500")
"""Of the value that a liquidation closes, as far as there is money left."""


@dataclass(frozen=True, slots=True)
class SymbolRules:
    """One contract. Prices and notional in USDT, quantities in coin."""

    symbol: str
    base: str
    tick: Decimal
    min_price: Decimal
    max_price: Decimal
    price_precision: int
    step: Decimal
    min_quantity: Decimal
    max_quantity: Decimal
    max_market_quantity: Decimal
    quantity_precision: int
    min_notional: Decimal

    def check_price(self, price: Decimal, side: Side, mark: Decimal) -> None:
        """Precision, range, tick, and the distance from the mark that the side may pay."""
        self.check_price_grid(price)
        highest, lowest = mark * PERCENT_PRICE_UP, mark * PERCENT_PRICE_DOWN
        if side is Side.BUY and price > highest:
            raise Refused(-4016, self.round_price(highest))
        if side is Side.SELL and price < lowest:
            raise Refused(-4024, self.round_price(lowest))

    def check_price_grid(self, price: Decimal) -> None:
        """Precision, range and tick, wherever the market is."""
        if decimals(price) > self.price_precision:
            raise Refused(-1111)
        if price > self.max_price:
            raise Refused(-4002)
        if price < self.min_price:
            raise Refused(-4013)
        if (price - self.min_price) % self.tick:
            raise Refused(-4014)

    def check_quantity(self, quantity: Decimal, *, market: bool) -> None:
        """Sign, precision, range and step; a market order has its own maximum."""
        if quantity <= 0:
            raise Refused(-4003)
        if decimals(quantity) > self.quantity_precision:
            raise Refused(-1111)
        if quantity < self.min_quantity:
            raise Refused(-4004)
        if quantity > (self.max_market_quantity if market else self.max_quantity):
            raise Refused(-4005)
        if (quantity - self.min_quantity) % self.step:
            raise Refused(-4023)

    def check_notional(self, value: Decimal, *, code: int = -4164) -> None:
        """A change of an order has its own ``code``."""
        if value < self.min_notional:
            raise Refused(code, self.min_notional)

    def round_price(self, price: Decimal) -> Decimal:
        """Down to a tick."""
        return price // self.tick * self.tick

    def round_quantity(self, quantity: Decimal) -> Decimal:
        """Down to a step."""
        return quantity // self.step * self.step


def decimals(value: Decimal) -> int:
    """Digits after the point; trailing zeros do not count."""
    exponent = value.normalize().as_tuple().exponent
    return max(0, -exponent) if isinstance(exponent, int) else 0


CONTRACTS: Mapping[str, SymbolRules] = {
    "BTCUSDT": SymbolRules(
        symbol="BTCUSDT",
        base="BTC",
        tick=Decimal("0.10"),
        min_price=Decimal("556.80"),
        max_price=Decimal("4529764"),
        price_precision=2,
        step=Decimal("0.001"),
        min_quantity=Decimal("0.001"),
        max_quantity=Decimal("1000"),
        max_market_quantity=Decimal("120"),
        quantity_precision=3,
        min_notional=Decimal("50"),
    ),
}
