"""What a dollar is worth in KRW, on both bases, and since when that is known."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from exchanges.book import Book
from tasks.fx_source import FxReading
from tasks.settings import Basis


def rates_apart(
    krw_per_usd: Decimal | None, krw_per_usdt: Decimal | None, most_pct: Decimal
) -> str | None:
    """Why a dollar coin so far from the bank's dollar is no rate: one venue's book can stand
    anywhere for some seconds. None: it is near enough, or one of both is not known."""
    if krw_per_usd is None or krw_per_usdt is None:
        return None
    away_pct = (krw_per_usdt / krw_per_usd - 1) * 100
    if abs(away_pct) <= most_pct:
        return None
    return (
        f"a dollar coin at {krw_per_usdt:,f} KRW is {away_pct:+.1f} % from the bank's dollar at "
        f"{krw_per_usd:,f} KRW, at most {most_pct:f} %"
    )


@dataclass(slots=True)
class Rates:
    """The last reading of each basis; None until the first."""

    fx: FxReading | None = None
    fx_heard: float | None = None
    """Monotonic seconds when ``fx`` was read."""
    tether_book: Book | None = None
    """Upbit's book of the dollar coin that the perpetual venue counts in: KRW-USDT, KRW-USDC."""

    @property
    def krw_per_usd(self) -> Decimal | None:
        """Bank rate."""
        return self.fx.krw_per_usd if self.fx else None

    @property
    def krw_per_usdt(self) -> Decimal | None:
        """What one of the perpetual venue's dollar coins fetches on Upbit now: the bid."""
        if self.tether_book is None or self.tether_book.best_bid is None:
            return None
        return self.tether_book.best_bid.price

    def deciding(self, basis: Basis) -> Decimal | None:
        """The rate of ``basis``."""
        return self.krw_per_usdt if basis is Basis.TETHER else self.krw_per_usd

    def apart(self, most_pct: Decimal) -> str | None:
        """Why the two rates cannot both be true; None: they can, or only one is known."""
        return rates_apart(self.krw_per_usd, self.krw_per_usdt, most_pct)

    def fx_age_s(self, now: float) -> float | None:
        return None if self.fx_heard is None else now - self.fx_heard
