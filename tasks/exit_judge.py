"""May a pair be closed now? Applies the exit rule to the books as they stand."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from exchanges.side import Side
from tasks.desk_facts import market_problem, reference
from tasks.exit_rule import ExitPrices, judge_exit
from tasks.exiting import ExitPlan, profit_bound
from tasks.leg_orders import BPS, price_bound, within_bound
from tasks.pair import LegName, Pair, PriceReference
from tasks.pair_result import funding_of
from tasks.premium import premium_pct
from tasks.rates import Rates
from tasks.settings import Basis
from tasks.settled_order import Purpose
from tasks.trading import Trading


@dataclass(frozen=True, slots=True)
class Judged:
    """The verdict on one pair. ``plan`` is there exactly when it may be closed."""

    pair: Pair
    plan: ExitPlan | None
    net_krw: Decimal | None
    """If closed now; None when that cannot be told (no fresh book, no rate)."""
    at_least_krw: Decimal
    premium_pct: Decimal | None
    sentence: str


@dataclass(frozen=True, slots=True)
class _Prices:
    exit: ExitPrices
    spot_worst: Decimal
    spot_touch: Decimal


class ExitJudge:
    """Judges; sends nothing."""

    def __init__(self, trading: Trading, rates: Rates) -> None:
        self._trading = trading
        self._rates = rates

    def automatic_target(self, pair: Pair) -> Decimal:
        """Net profit in KRW at which a pair closes without a signal."""
        settings = self._trading.settings
        target = pair.spot.entry.value * settings.auto_exit_profit_bps / BPS
        return max(target, settings.min_net_profit_krw)

    def judge(
        self, pair: Pair, slippage_bps: int, *, at_least_krw: Decimal | None = None
    ) -> Judged:
        """Judge ``pair`` at executable prices. ``at_least_krw``: the profit it must exceed, by
        default the setting ``min_net_profit_krw``."""
        least = self._trading.settings.min_net_profit_krw if at_least_krw is None else at_least_krw
        prices = self._prices(pair)
        if isinstance(prices, str):
            return Judged(pair, None, None, least, None, prices)
        apart = self._rates_apart()
        if apart is not None:
            return Judged(pair, None, None, least, None, apart)
        verdict = judge_exit(pair, prices.exit, funding_of(self._trading, pair), least)
        premium = prices.exit.reference.premium_pct
        if not verdict.allowed:
            return Judged(pair, None, verdict.net_krw, least, premium, verdict.sentence)
        side = pair.side(LegName.SPOT, purpose_is_entry=False)
        slippage = price_bound(side, prices.spot_touch, slippage_bps)
        if not within_bound(side, prices.spot_worst, slippage):
            sentence = (
                f"{prices.exit.quantity:f} {pair.symbol} reaches further into the spot book than "
                f"the {slippage_bps} bps that are allowed"
            )
            return Judged(pair, None, verdict.net_krw, least, premium, sentence)
        plan = ExitPlan(
            pair.pair_id,
            prices.exit.reference,
            profit_bound(
                side,
                prices.spot_worst,
                verdict.net_krw - least,
                prices.exit.quantity,
                slippage,
            ),
            Purpose.EXIT,
            verdict.sentence,
        )
        return Judged(pair, plan, verdict.net_krw, least, premium, verdict.sentence)

    def _rates_apart(self) -> str | None:
        """Why a profit in KRW cannot be told: the dollar coin that decides costs nonsense."""
        settings = self._trading.settings
        if settings.basis is not Basis.TETHER:
            return None
        return self._rates.apart(settings.max_rates_apart_pct)

    def reference_now(self, pair: Pair) -> PriceReference | None:
        """The touch and the rates that leaving ``pair`` would meet now."""
        prices = self._prices(pair)
        return None if isinstance(prices, str) else prices.exit.reference

    def leaving_reference(self, pair: Pair) -> PriceReference | None:
        """As :meth:`reference_now` where a leg may hold nothing any more: of the touches alone."""
        rate, usd = self._rates.deciding(self._trading.settings.basis), self._rates.krw_per_usd
        spot, perpetual = (self._leaving_touch(pair, leg) for leg in LegName)
        if rate is None or spot is None or perpetual is None:
            return None
        return reference(
            spot,
            perpetual,
            rate,
            usd,
            premium_pct(spot, perpetual, rate),
            None if usd is None else premium_pct(spot, perpetual, usd),
        )

    def _leaving_touch(self, pair: Pair, leg: LegName) -> Decimal | None:
        """The best price that leaving ``leg`` would meet in a fresh book."""
        book = self._trading.venues[leg].books.get(pair.symbol)
        age_s = None if book is None else self._trading.clock.monotonic() - book.received
        if book is None or age_s is None or age_s * 1000 > self._trading.settings.max_book_age_ms:
            return None
        side = pair.side(leg, purpose_is_entry=False)
        touch = book.best_ask if side is Side.BUY else book.best_bid
        return None if touch is None else touch.price

    def _prices(self, pair: Pair) -> _Prices | str:
        """What leaving would trade at, or one sentence why that cannot be told."""
        settings = self._trading.settings
        now = self._trading.clock.monotonic()
        rate = self._rates.deciding(settings.basis)
        if rate is None:
            return f"the {settings.basis} rate is missing"
        quantity = min(pair.held(leg) for leg in LegName)
        taken = {}
        touches = {}
        for leg in LegName:
            venue = self._trading.venues[leg]
            if pair.symbol not in venue.rules:
                return f"the rules of {pair.symbol} at {venue.venue} are not known"
            problem = market_problem(venue, pair.symbol)
            if problem is not None:
                return f"{venue.venue}: {problem}"
            book = venue.books.get(pair.symbol)
            if book is None or (now - book.received) * 1000 > settings.max_book_age_ms:
                return f"the book of {venue.venue} is missing or stale"
            side = pair.side(leg, purpose_is_entry=False)
            touch = book.best_ask if side is Side.BUY else book.best_bid
            executable = book.executable(side, quantity) if quantity > 0 else None
            if touch is None or executable is None:
                return f"the book of {venue.venue} holds less than {quantity:f} {pair.symbol}"
            taken[leg], touches[leg] = executable, touch.price
        spot, perpetual = taken[LegName.SPOT], taken[LegName.PERPETUAL]
        usd = self._rates.krw_per_usd
        return _Prices(
            ExitPrices(
                quantity=quantity,
                spot_value=spot.value,
                perpetual_value=perpetual.value,
                spot_taker_fee=self._taker_fee(LegName.SPOT, pair.symbol),
                perpetual_taker_fee=self._taker_fee(LegName.PERPETUAL, pair.symbol),
                reference=reference(
                    touches[LegName.SPOT],
                    touches[LegName.PERPETUAL],
                    rate,
                    usd,
                    premium_pct(spot.value, perpetual.value, rate),
                    None if usd is None else premium_pct(spot.value, perpetual.value, usd),
                ),
            ),
            spot.worst_price,
            touches[LegName.SPOT],
        )

    def _taker_fee(self, leg: LegName, symbol: str) -> Decimal:
        return self._trading.venues[leg].rules[symbol].taker_fee
