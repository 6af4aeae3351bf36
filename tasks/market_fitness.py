"""Why a market is no market to enter a pair on: what is wrong with it now, as sentences.

A premium behind a closed wallet, a halted market or a book that nobody fills is a
figure and no price. Leaving a pair is another matter: what can be left is left.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from enum import StrEnum

from exchanges.book import Book
from exchanges.market_state import DAY, RECENT, MarketState
from tasks.maintenance import MaintenanceWindow

MAX_SPREAD_PCT = Decimal(5)
THIN_SHARE = Decimal("0.1")
"""Of the normal volume, which is the day's average."""
STANDS_STILL_S = 60.0
"""A book that the venue has dated so long ago stands still, however often it is sent."""


class Unfit(StrEnum):
    """What is wrong with a market."""

    MAINTENANCE = "maintenance"
    NEVER_READ = "never_read"
    HALTED = "halted"
    WALLET_CLOSED = "wallet_closed"
    THIN = "thin"
    NO_BOOK = "no_book"
    OLD_BOOK = "old_book"
    CROSSED = "crossed"
    STANDS_STILL = "stands_still"
    WIDE = "wide"
    GAP = "gap"


HALTS = frozenset(
    (
        Unfit.HALTED,
        Unfit.NO_BOOK,
        Unfit.OLD_BOOK,
        Unfit.CROSSED,
        Unfit.STANDS_STILL,
        Unfit.WIDE,
    )
)
"""While one of these holds there is no price; the next one may be anywhere."""
OF_THE_GATE = frozenset((Unfit.NO_BOOK, Unfit.OLD_BOOK, Unfit.CROSSED, Unfit.WIDE))
"""What the gate finds by itself, in the book of the moment."""


@dataclass(frozen=True, slots=True)
class Problem:
    kind: Unfit
    sentence: str


def state_problems(
    symbol: str, state: MarketState | None, window: MaintenanceWindow | None
) -> list[Problem]:
    """What speaks against entries by the venue's word. ``window``: the maintenance that is near."""
    problems = []
    if window is not None:
        problems.append(Problem(Unfit.MAINTENANCE, window.sentence()))
    if state is None:
        sentence = f"how the market of {symbol} is doing could never be read"
        return [*problems, Problem(Unfit.NEVER_READ, sentence)]
    if not state.is_trading:
        problems.append(Problem(Unfit.HALTED, f"the market of {symbol} does not trade"))
    if state.wallet_open is False:
        sentence = f"the wallet of {symbol} is closed, so nobody can trade its premium away"
        problems.append(Problem(Unfit.WALLET_CLOSED, sentence))
    if is_thin(state):
        minutes = RECENT // timedelta(minutes=1)
        sentence = (
            f"only {state.volume_recent:f} {symbol} were traded in the last {minutes} minutes of "
            f"{state.volume_24h:f} in a day"
        )
        problems.append(Problem(Unfit.THIN, sentence))
    return problems


def is_thin(state: MarketState) -> bool:
    """Is less than a tenth of the normal traded? Normal is the average of the day; half of
    :data:`~exchanges.market_state.RECENT` counts, because so much is always told."""
    if state.volume_24h is None:
        return False
    normal = state.volume_24h / (DAY // (RECENT // 2))
    return state.volume_recent < normal * THIN_SHARE


def book_problems(
    symbol: str, book: Book | None, age_ms: float | None, max_age_ms: float, venue_now: datetime
) -> list[Problem]:
    """What is wrong with a book that arrived ``age_ms`` ago; ``venue_now``: the venue's clock."""
    if book is None or age_ms is None or not book.bids or not book.asks:
        return [Problem(Unfit.NO_BOOK, f"there is no book of {symbol}")]
    problems = []
    if age_ms > max_age_ms:
        problems.append(Problem(Unfit.OLD_BOOK, f"the book of {symbol} is {age_ms:,.0f} ms old"))
    stands_s = (venue_now - book.venue_time).total_seconds()
    if stands_s > STANDS_STILL_S:
        sentence = f"the book of {symbol} has stood still for {stands_s:,.0f} s"
        problems.append(Problem(Unfit.STANDS_STILL, sentence))
    if book.is_crossed:
        sentence = f"the book of {symbol} has its bid at or above its ask"
        problems.append(Problem(Unfit.CROSSED, sentence))
    wide = wide_spread(book)
    if wide is not None:
        problems.append(Problem(Unfit.WIDE, wide))
    return problems


def wide_spread(book: Book) -> str | None:
    """Why the two sides are too far from each other to be a price; None: they are not."""
    if book.best_bid is None or book.best_ask is None:
        return None
    spread_pct = (book.best_ask.price / book.best_bid.price - 1) * 100
    if spread_pct <= MAX_SPREAD_PCT:
        return None
    return f"the spread of {book.symbol} is {spread_pct:.1f} %, at most {MAX_SPREAD_PCT:f} %"


def middle(book: Book) -> Decimal | None:
    """Between both sides; None when one is missing."""
    if book.best_bid is None or book.best_ask is None:
        return None
    return (book.best_bid.price + book.best_ask.price) / 2
