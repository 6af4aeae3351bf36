"""Trades that a venue shows and the journal does not have: whose they are, and what follows.

Three kinds: a *late* one of an order of ours that had ended; a *stray* one under an id of ours that
the journal never gave out; and one that no order of the desk explains. The last is *adopted*: made
by hand, or by the venue to close a position by force.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from decimal import Decimal

from exchanges.fill import Fill
from exchanges.instrument import Venue
from exchanges.side import Side
from tasks.adoption import Adoption, AdoptionKind, adopt_fill
from tasks.alert import Alert, AlertLevel, AlertType
from tasks.client_order_id import PREFIX
from tasks.exit_judge import ExitJudge
from tasks.pair import LegName, Pair
from tasks.pair_transitions import PairEvent, PairState
from tasks.reconciling.account_books import AccountBooks, TradeKey
from tasks.reconciling.asking import Asking
from tasks.reconciling.pairs_coin import coin_of_pairs
from tasks.trading import Trading
from tasks.wire_text import short_decimal_text

OVERLAP = timedelta(minutes=10)
"""Trades are read again from so long before the last agreement: a venue may list one late."""
CLOCKS_DIFFER = timedelta(seconds=5)
"""A trade that a venue dates so little before a pair was opened may still be the pair's."""
SETTLED = (PairState.HEDGED, PairState.NAKED)
"""Nothing is under way for such a pair, so a trade begins something."""


@dataclass(slots=True)
class UnknownTradesFound:
    """In one market, of one reading."""

    adopted: list[tuple[Fill, list[Adoption]]] = field(default_factory=list)
    late: list[Fill] = field(default_factory=list)
    """Of orders of ours that had ended. Hand them to whoever settles orders again."""
    stray: list[Fill] = field(default_factory=list)
    before: list[TradeKey] = field(default_factory=list)
    """Older than the books: no agreement about the market came before them."""


class UnknownTrades:
    """Finds and adopts them. The caller holds the symbol's lock."""

    def __init__(
        self, trading: Trading, books: AccountBooks, judge: ExitJudge, asking: Asking
    ) -> None:
        self._trading = trading
        self._books = books
        self._judge = judge
        self._asking = asking

    async def take_over(
        self, leg: LegName, symbol: str, *, adopt_strays: bool = False, urgent: bool = False
    ) -> UnknownTradesFound:
        """Read the account's trades and take over those that the journal does not have, stray ones
        only where a person says so; ``urgent`` may use the rate reserve.

        Pairs that are touched are not repaired here. Raises ExchangeError and what the journal
        raises.
        """
        venue = self._trading.venues[leg]
        since, known = self._since(), self._books.executed(venue.venue, symbol)
        fills = await self._asking.ask(
            venue, lambda: venue.exchange.fills(symbol, since, known=known, urgent=urgent)
        )
        return self.take(leg, symbol, fills, adopt_strays=adopt_strays)

    def take(
        self, leg: LegName, symbol: str, fills: Sequence[Fill], *, adopt_strays: bool = False
    ) -> UnknownTradesFound:
        """As :meth:`take_over`, of trades at hand."""
        venue = self._trading.venues[leg].venue
        found = UnknownTradesFound()
        shares: list[Adoption] = []
        for fill in sorted(fills, key=lambda fill: fill.time):
            missing = self._books.missing(venue, fill)
            if not missing:
                continue
            own = (fill.client_order_id or "").startswith(PREFIX)
            is_stray = own and not self._is_known(fill)
            if is_stray and not adopt_strays:
                found.stray.append(fill)
            elif own and not is_stray:
                if self._trading.pairs.ended_order(fill.client_order_id or "") is not None:
                    found.late.append(fill)
            elif not self._books.has_begun(venue, symbol):
                found.before.append((venue, symbol, fill.trade_id))
            else:
                adopted = self._adopt(leg, fill, missing)
                found.adopted.append((fill, adopted))
                shares += adopted
        for pair in self._trading.pairs.open_pairs(symbol):
            mine = [share for share in shares if share.pair_id == pair.pair_id]
            if mine or self._is_torn(pair):
                self._tell(pair, mine)
        return found

    def has_torn(self, symbol: str) -> bool:
        """Does a pair stand as hedged although its legs differ? :meth:`take` tells it, of no trades
        too; that a venue's rules were not known can have kept it from that at start."""
        return any(self._is_torn(pair) for pair in self._trading.pairs.open_pairs(symbol))

    def _since(self) -> datetime:
        return (self._books.read_until or self._trading.clock.now()) - OVERLAP

    def _is_known(self, fill: Fill) -> bool:
        """Did the journal give out the id of the trade's order?"""
        try:
            self._trading.pairs.leg_order(fill.client_order_id or "")
        except KeyError:
            return False
        return True

    def _adopt(self, leg: LegName, fill: Fill, missing: Decimal) -> list[Adoption]:
        """Journal and count the shares of a trade, or those that a crash kept from being."""
        pairs, venue = self._trading.pairs, self._trading.venues[leg].venue
        kind = AdoptionKind(fill.forced) if fill.forced else AdoptionKind.MANUAL_TRADE
        owners = [
            pair
            for pair in pairs.open_pairs(fill.symbol)
            if pair.opened_at <= fill.time + CLOCKS_DIFFER
        ]
        rest, detail = fill, _sentence(venue, kind, fill)
        if missing != fill.quantity:
            earlier = [
                share
                for share in pairs.adoptions()
                if (share.venue, share.symbol, share.trade_id)
                == (venue, fill.symbol, fill.trade_id)
            ]
            have_theirs = {share.pair_id for share in earlier}
            owners = [pair for pair in owners if pair.pair_id not in have_theirs]
            paid = sum((share.fee for share in earlier), Decimal(0))
            rest = replace(fill, quantity=missing, fee=fill.fee - paid)
        beside = self._beside(leg, fill)
        shares = adopt_fill(rest, venue, leg, kind, owners, detail, beside)
        for share in shares:
            pairs.adopt(share)
        touched = ", ".join(share.pair_id for share in shares if share.pair_id)
        self._trading.alert(
            Alert(
                AlertType.FORCED_CLOSE if kind.is_forced else AlertType.MANUAL_TRADE,
                AlertLevel.CRITICAL if kind.is_forced else AlertLevel.WARNING,
                f"{detail}: " + (f"it changes {touched}." if touched else "it touches no pair."),
                next((share.pair_id for share in shares if share.pair_id), None),
                f"{venue} {fill.symbol} {fill.trade_id}",
            )
        )
        return shares

    def _beside(self, leg: LegName, fill: Fill) -> Decimal:
        """Coin that no pair holds and that ``fill`` takes from."""
        venue = self._trading.venues[leg].venue
        beside = self._books.expected(venue, fill.symbol) - coin_of_pairs(
            self._trading.pairs.open_pairs(fill.symbol), leg
        )
        return max(beside if fill.side is Side.SELL else -beside, Decimal(0))

    def _is_torn(self, pair: Pair) -> bool:
        """Do the legs differ and nobody was told: adopted, and the event was not written?"""
        if pair.state is not PairState.HEDGED:
            return False
        known = all(pair.symbol in venue.rules for venue in self._trading.venues.values())
        return known and not self._trading.is_matched(pair)

    def _tell(self, pair: Pair, shares: Sequence[Adoption]) -> None:
        """The event of what was adopted into the pair: just now, or before a crash."""
        pairs = self._trading.pairs
        if not shares:
            shares = [one for one in pairs.adoptions() if one.pair_id == pair.pair_id][-1:]
        event, detail, leaving = PairEvent.LATE_FILL, "the legs differ", None
        if shares:
            forced = any(share.kind.is_forced for share in shares)
            event = PairEvent.FORCED_CLOSE if forced else PairEvent.MANUAL_TRADE
            detail = "; ".join(share.detail for share in shares)
            if pair.state in SETTLED:
                leaving = self._judge.leaving_reference(pair)
                leaving = leaving or pair.exit_reference or pair.entry_reference
        pairs.advance(pair.pair_id, event, detail, exit_reference=leaving)


def _sentence(venue: Venue, kind: AdoptionKind, fill: Fill) -> str:
    verb = "bought" if fill.side is Side.BUY else "sold"
    how = {
        AdoptionKind.ADL: "by the venue (auto-deleveraging)",
        AdoptionKind.LIQUIDATION: "by the venue (liquidation)",
    }.get(kind, "by hand")
    return (
        f"{venue}: {short_decimal_text(fill.quantity)} {fill.symbol} {verb} {how} at "
        f"{short_decimal_text(fill.price)}, trade {fill.trade_id}"
    )
