"""Takes the facts that the gate judges by from everything the desk knows, at one moment."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from decimal import Decimal

from exchanges.book import Book
from exchanges.clock import Clock
from exchanges.side import Side
from tasks import signal_checks
from tasks.capital import Capital, free_coin, spendable, total_krw
from tasks.client_order_id import pair_id_for
from tasks.clock_watch import clock_problem
from tasks.day_results import DayResults
from tasks.desk_blocks import DeskBlocks
from tasks.entering import EntryPlan
from tasks.gate_facts import Door, GateFacts, LegFacts, SignerFacts, Switches
from tasks.key_store import KeyStore
from tasks.kill_switch import KillSwitch
from tasks.leg_orders import price_bound
from tasks.leg_venue import LegVenue
from tasks.market_fitness import wide_spread
from tasks.pair import LegName, Pair, PairLeg, PriceReference, leg_side
from tasks.pair_book import STALE, PairBook
from tasks.pair_transitions import PairState
from tasks.premium import RECORD_STEP, premium_pct
from tasks.rates import Rates
from tasks.refusal import Refusal
from tasks.settings import Settings
from tasks.signal import Signal
from tasks.signing import is_signed_by
from tasks.sizing import entry_quantity
from tasks.stop_board import StopBoard
from tasks.stop_reason import decided_before
from tasks.switch_guard import EXIT_VALIDATION, SIGNAL_INTAKE, STOPS_ENTRIES, SwitchGuard

OPERATOR_KEY = "operator"


class DeskFacts:
    """Reads only; changes nothing."""

    def __init__(
        self,
        venues: Mapping[LegName, LegVenue],
        rates: Rates,
        pairs: PairBook,
        results: DayResults,
        keys: KeyStore,
        guard: SwitchGuard,
        board: StopBoard,
        blocks: DeskBlocks,
        kill: KillSwitch,
        lease_held: Callable[[], bool],
        clock: Clock,
        settings: Settings,
    ) -> None:
        self._venues = venues
        self._rates = rates
        self._pairs = pairs
        self._results = results
        self._keys = keys
        self._guard = guard
        self._board = board
        self._blocks = blocks
        self._kill = kill
        self._lease_held = lease_held
        self._clock = clock
        self._settings = settings
        self._verified: tuple[Signal, SignerFacts] | None = None

    def of(self, signal: Signal, door: str = Door.FAST) -> GateFacts:
        """The facts for ``signal`` now."""
        rate = self._rates.deciding(self._settings.basis)
        quantity = self._quantity(signal)
        legs = {leg: self._leg(leg, signal, quantity) for leg in LegName}
        signer = self._signer(signal)
        return GateFacts(
            signal=signal,
            # The word "operator" counts only with the operator's key.
            door=Door.FAST if door == Door.OPERATOR and not signer.is_operator else Door(door),
            now=self._clock.now(),
            settings=self._settings,
            # Of an ENTER whose id is not remembered any more. The age of a signal is a matter of
            # clocks, which can be set back; its pair's orders have their ids from it.
            seen_before=self._pairs.get(pair_id_for(signal.id)) is not None,
            signer=signer,
            switches=Switches(self._guard.paused, self._guard.age_s, self._board.why()),
            killed=self._kill.reason_for(signal.symbol),
            lease_held=self._lease_held(),
            not_ready="; ".join(sentence for _, sentence in self._blocks) or None,
            legs=legs,
            krw_per_usd=self._rates.krw_per_usd,
            fx_age_s=self._rates.fx_age_s(self._clock.monotonic()),
            krw_per_usdt=self._rates.krw_per_usdt,
            tether_age_s=self._tether_age_s(),
            quantity=quantity,
            premium_pct=_premium(legs, rate),
            capital=self._capital(signal.symbol, rate),
            open_pairs=len(self._pairs.open_pairs()),
            naked_pair_id=self._unsettled(signal.symbol),
            contradiction=self._pairs.contradictions.of(signal.symbol),
        )

    def signature_refusal(self, signal: Signal) -> Refusal | None:
        """Is the signal signed by a key that the desk trusts? Asked before anything else."""
        signer = self._signer(signal)
        return signal_checks.key_refusal(signal, signer) or signal_checks.signature_refusal(
            signal, signer
        )

    def told_of_stop(self, facts: GateFacts, reason: str | None) -> str | None:
        """``reason`` of a signal that was acted on by ``facts``, and, where a stop that concerns it
        was heard only afterwards, that it was."""
        names = STOPS_ENTRIES if facts.is_entry else (SIGNAL_INTAKE,)
        stop = self._board.heard_since(facts.now, names)
        if stop is not None:
            told = decided_before(f"the pause of {stop.switch}", stop.heard_at, facts.now)
        else:
            coin = facts.signal.symbol
            killed_at = self._kill.pulled_since(facts.now, coin) if facts.is_entry else None
            if killed_at is None:
                return reason
            told = decided_before(f"the emergency stop of {coin}", killed_at, facts.now)
        return f"before_the_stop: {told}" if reason is None else f"{reason}; {told}"

    def automatic_exit_refusal(self) -> Refusal | None:
        """Why no pair may be closed without a signal now."""
        if self._guard.is_paused(EXIT_VALIDATION):
            return Refusal("paused", f"{EXIT_VALIDATION} is paused in Prefect: no automatic exits")
        if not self._lease_held():
            return Refusal("lease_lost", "this executor does not hold the journal's lease")
        if self._pairs.is_stale:
            return Refusal("restored", STALE)
        problem = self.clock_problem()
        return None if problem is None else Refusal("clock_changed", problem)

    def clock_problem(self) -> str | None:
        """Why no orders of a pair may be signed now; None: they may."""
        problems = map(self._clock_problem, self._venues.values())
        return next((problem for problem in problems if problem is not None), None)

    def entry_plan(self, signal: Signal, facts: GateFacts) -> EntryPlan:
        """The pair and its price bound for an ENTER that passed the gate with ``facts``."""
        quantity, rate = facts.quantity, facts.deciding_rate
        spot, perpetual = (facts.legs[leg] for leg in LegName)
        if quantity is None or rate is None or spot.touch is None or perpetual.touch is None:
            raise ValueError("facts: expected those of an ENTER that passed the gate")
        pair = Pair(
            pair_id=pair_id_for(signal.id),
            signal_id=signal.id,
            strategy=signal.strategy,
            symbol=signal.symbol,
            direction=signal.direction,
            state=PairState.OPENING,
            target_quantity=quantity,
            opened_at=self._clock.now(),
            closed_at=None,
            spot=self._fresh_leg(LegName.SPOT, signal.symbol),
            perpetual=self._fresh_leg(LegName.PERPETUAL, signal.symbol),
            entry_reference=reference(
                spot.touch, perpetual.touch, rate, facts.krw_per_usd, facts.premium_pct,
                _premium(facts.legs, facts.krw_per_usd),
            ),
        )  # fmt: skip
        side = pair.side(LegName.SPOT, purpose_is_entry=True)
        bps = signal.max_slippage_bps
        bps = self._settings.default_slippage_bps if bps is None else bps
        return EntryPlan(pair, price_bound(side, spot.touch, bps))

    # ---- parts

    def _fresh_leg(self, leg: LegName, symbol: str) -> PairLeg:
        exchange = self._venues[leg].exchange
        return PairLeg(exchange.venue, exchange.instrument(symbol).quote)

    def _signer(self, signal: Signal) -> SignerFacts:
        """Verifying costs a tenth of a millisecond and is asked for twice per signal: first by
        itself, then with the facts."""
        if self._verified is not None and self._verified[0] is signal:
            return self._verified[1]
        public_key = self._keys.trusted().get(signal.key_id) if signal.key_id else None
        signer = SignerFacts(
            is_trusted=public_key is not None,
            signature_fits=public_key is not None and is_signed_by(signal, public_key),
            is_operator=signal.key_id == OPERATOR_KEY,
        )
        self._verified = (signal, signer)
        return signer

    def _quantity(self, signal: Signal) -> Decimal | None:
        if signal.quantity is None and signal.notional_krw is None:
            return None
        spot, perpetual = (self._venues[leg] for leg in LegName)
        book = spot.books.get(signal.symbol)
        side = leg_side(signal.direction, LegName.SPOT, True)
        level = _touch(book, side)
        rules = spot.rules.get(signal.symbol), perpetual.rules.get(signal.symbol)
        if level is None or rules[0] is None or rules[1] is None:
            return None
        return entry_quantity(signal, level, rules[0], rules[1])

    def _leg(self, leg: LegName, signal: Signal, quantity: Decimal | None) -> LegFacts:
        venue = self._venues[leg]
        book = venue.books.get(signal.symbol)
        side = leg_side(signal.direction, leg, True)
        complete = book is not None and bool(book.bids) and bool(book.asks)
        return LegFacts(
            venue=venue.venue,
            quote=venue.exchange.instrument(signal.symbol).quote,
            circuit=venue.breaker.state,
            clock_offset_ms=venue.clock_offset_ms,
            clock_problem=self._clock_problem(venue),
            book_age_ms=self._age_ms(book) if book is not None and complete else None,
            book_crossed=book is not None and book.is_crossed,
            rules=venue.rules.get(signal.symbol),
            executable=book.executable(side, quantity) if book is not None and quantity else None,
            order_room=venue.exchange.order_room(),
            touch=_touch(book, side),
            market_problem=market_problem(venue, signal.symbol),
            unfit=_unfit(venue, signal.symbol),
        )

    def _clock_problem(self, venue: LegVenue) -> str | None:
        return clock_problem(venue, self._clock, self._settings.max_clock_offset_ms)

    def _age_ms(self, book: Book) -> float:
        return (self._clock.monotonic() - book.received) * 1000

    def _tether_age_s(self) -> float | None:
        book = self._rates.tether_book
        return None if book is None else self._clock.monotonic() - book.received

    def _unsettled(self, symbol: str) -> str | None:
        for pair in self._pairs.open_pairs(symbol):
            # Entries of a coin are decided one after the other, so a pair that is still opening
            # or closing has been left there by a failure.
            if pair.state is not PairState.HEDGED:
                return pair.pair_id
        return None

    def capital(self) -> Capital | None:
        """The desk's money, of its first coin; None while balances or rates are missing."""
        rate = self._rates.deciding(self._settings.basis)
        return self._capital(self._settings.symbols[0], rate)

    def _capital(self, symbol: str, rate: Decimal | None) -> Capital | None:
        spot, perpetual = (self._venues[leg] for leg in LegName)
        if rate is None or not spot.balances or not perpetual.balances:
            return None
        coin_value = Decimal(0)
        open_notional = in_flight_krw = in_flight_usdt = Decimal(0)
        for coin in self._settings.symbols:
            bid = _touch(spot.books.get(coin), Side.SELL)
            perpetual_bid = _touch(perpetual.books.get(coin), Side.SELL)
            if bid is None or perpetual_bid is None:
                return None
            if coin in spot.balances:
                coin_value += spot.balances[coin].total * bid
            for pair in self._pairs.open_pairs(coin):
                held = max(pair.held(leg) for leg in LegName)
                if pair.state is PairState.OPENING:
                    # Sent and not yet in the balances that were read before.
                    held = pair.target_quantity
                    in_flight_krw += held * bid
                    in_flight_usdt += held * perpetual_bid / self._settings.perpetual_leverage
                open_notional += held * bid
        dollar = perpetual.exchange.instrument(symbol).quote
        krw, usdt = spot.balances.get("KRW"), perpetual.balances.get(dollar)
        krw_total = krw.total if krw else Decimal(0)
        usdt_total = usdt.total if usdt else Decimal(0)
        reserve = self._settings.reserve_pct
        return Capital(
            krw_spendable=spendable(
                krw_total + coin_value, spot.available("KRW") - in_flight_krw, reserve
            ),
            usdt_spendable=spendable(
                usdt_total, perpetual.available(dollar) - in_flight_usdt, reserve
            ),
            free_coin=free_coin(spot.available(symbol), self._pairs.open_pairs(symbol), symbol),
            total_krw=total_krw(krw_total, usdt_total, rate, coin_value),
            open_notional_krw=open_notional,
            day_result_krw=self._results.of_day(self._clock.now()),
        )


def reference(
    spot_price: Decimal,
    perpetual_price: Decimal,
    krw_per_usdt: Decimal,
    krw_per_usd: Decimal | None,
    premium: Decimal | None,
    premium_fx: Decimal | None,
) -> PriceReference:
    """A price reference with premiums rounded as records keep them."""
    if premium is None:
        raise ValueError("premium: expected that of executable prices")
    return PriceReference(
        spot_price,
        perpetual_price,
        krw_per_usdt,
        krw_per_usd,
        premium.quantize(RECORD_STEP),
        None if premium_fx is None else premium_fx.quantize(RECORD_STEP),
    )


def market_problem(venue: LegVenue, symbol: str) -> str | None:
    """Why the market of ``symbol`` does not trade, as the venue last said; None: it does."""
    rules = venue.rules.get(symbol)
    if rules is None or rules.is_trading:
        return None
    return f"the market of {symbol} does not trade"


def _unfit(venue: LegVenue, symbol: str) -> str | None:
    """What the watch has found, and what the book of this moment shows."""
    book = venue.books.get(symbol)
    reasons = [venue.unfit.get(symbol), None if book is None else wide_spread(book)]
    return "; ".join(reason for reason in reasons if reason is not None) or None


def _premium(legs: Mapping[LegName, LegFacts], rate: Decimal | None) -> Decimal | None:
    """Executable premium of the entry's size at ``rate`` KRW per dollar."""
    spot, perpetual = (legs[leg].executable for leg in LegName)
    if spot is None or perpetual is None or rate is None:
        return None
    return premium_pct(spot.value, perpetual.value, rate)


def _touch(book: Book | None, side: Side) -> Decimal | None:
    """The best price that an order of ``side`` would meet."""
    if book is None:
        return None
    level = book.best_ask if side is Side.BUY else book.best_bid
    return None if level is None else level.price
