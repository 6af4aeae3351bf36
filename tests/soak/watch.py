"""What an adapter told, held against what may be told."""

from __future__ import annotations

from dataclasses import dataclass, field

from exchanges.binance.book_sync import LATE_S
from exchanges.book import Book
from exchanges.clock import Clock
from exchanges.fill import Fill
from exchanges.instrument import Venue
from exchanges.order import OrderReport
from tests.soak.market_moves import MarketMoves, is_of

OLDEST_S = 1.0
"""A told book was the venue's at some moment of so many last seconds."""


@dataclass(slots=True)
class OrderWatch:
    """Everything told of orders; ``wrong`` is empty when all of it could be."""

    clock: Clock
    last: dict[str, OrderReport] = field(default_factory=dict)
    reports: int = 0
    lags_s: list[float] = field(default_factory=list)
    """From each trade at the venue to our telling."""
    wrong: list[str] = field(default_factory=list)

    def take(self, report: OrderReport) -> None:
        self.reports += 1
        name = report.client_order_id
        before = self.last.get(name)
        self.last[name] = report
        ids = [fill.trade_id for fill in report.fills]
        if len(set(ids)) < len(ids):
            self.wrong.append(f"{name}: a trade twice in one report")
        if sum(fill.quantity for fill in report.fills) > report.filled:
            self.wrong.append(f"{name}: trades of more than {report.filled}")
        told = {fill.trade_id: fill for fill in before.fills} if before else {}
        if before is not None:
            self._compare(before, report)
        now = self.clock.now()
        for fill in report.fills:
            if fill.trade_id not in told:
                self.lags_s.append((now - fill.time).total_seconds())

    def is_over(self, name: str) -> bool:
        report = self.last.get(name)
        return report is not None and report.is_terminal and report.fills_complete

    def _compare(self, before: OrderReport, report: OrderReport) -> None:
        name = report.client_order_id
        if report.filled < before.filled:
            self.wrong.append(f"{name}: filled went from {before.filled} to {report.filled}")
        if before.is_terminal and not report.is_terminal:
            self.wrong.append(f"{name}: came back from {before.status} to {report.status}")
        now = {fill.trade_id: essence(fill) for fill in report.fills}
        for fill in before.fills:
            if now.get(fill.trade_id) != essence(fill):
                self.wrong.append(f"{name}: trade {fill.trade_id} changed or went away")


@dataclass(slots=True)
class BookWatch:
    """Everything told of books."""

    venue: Venue
    moves: MarketMoves
    clock: Clock
    books: int = 0
    last: Book | None = None
    longest_pause_s: float = 0.0
    wrong: list[str] = field(default_factory=list)

    def take(self, book: Book) -> None:
        now = self.clock.monotonic()
        if self.last is not None:
            self.longest_pause_s = max(self.longest_pause_s, now - self.last.received)
        self.books += 1
        self.last = book
        if book.is_crossed or not book.bids or not book.asks:
            self.wrong.append(f"book {self.books}: crossed, or a side is empty")
        elif not is_of(
            self.venue,
            book,
            self.moves.seen_since(now - OLDEST_S),
            self.moves.seen_since(now - OLDEST_S - LATE_S),
        ):
            self.wrong.append(
                f"book {self.books} at {now:.3f}: {book.bids[0]} {book.asks[0]} was not the venue's"
            )


def essence(fill: Fill) -> tuple[object, ...]:
    """What REST and stream must agree on."""
    return fill.trade_id, fill.price, fill.quantity, fill.fee, fill.fee_currency
