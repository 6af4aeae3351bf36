"""The desk as others see it: state, pairs with their value now, gauges. Reads only."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any

from tasks.desk_blocks import DeskBlocks
from tasks.desk_facts import DeskFacts
from tasks.exit_judge import ExitJudge
from tasks.feeds import Feeds
from tasks.kill_switch import KillSwitch
from tasks.leg_venue import LegVenue
from tasks.pair import LegName, Pair
from tasks.pair_transitions import PairState
from tasks.rates import Rates
from tasks.stop_board import StopBoard
from tasks.switch_guard import STOPS_ENTRIES, SwitchGuard
from tasks.trading import Trading
from tasks.wire_text import decimal_text, utc_text


class DeskView:
    """Answers of ``GET /v1/state``, ``/v1/pairs`` and ``/metrics``."""

    def __init__(
        self,
        trading: Trading,
        facts: DeskFacts,
        judge: ExitJudge,
        feeds: Feeds,
        rates: Rates,
        guard: SwitchGuard,
        board: StopBoard,
        blocks: DeskBlocks,
        kill: KillSwitch,
        epoch: Callable[[], int],
        started_at: datetime,
        open_exposure_krw_s: Callable[[], Decimal],
    ) -> None:
        self._trading = trading
        self._facts = facts
        self._judge = judge
        self._feeds = feeds
        self._rates = rates
        self._guard = guard
        self._board = board
        self._blocks = blocks
        self._kill = kill
        self._epoch = epoch
        self._started_at = started_at
        self._open_exposure_krw_s = open_exposure_krw_s
        self.open_alerts: Callable[[], int] = int
        """How many wait for a person."""
        self.resuming: Callable[[], Mapping[str, Any] | None] = lambda: None
        """How the desk is looking whether it may trade again; None: nobody asks."""

    def state(self) -> dict[str, Any]:
        """The whole desk at one look."""
        settings = self._trading.settings
        blocks = self.blocks()
        fx = self._rates.fx
        return {
            "mode": settings.mode.value,
            "epoch": self._epoch(),
            "started_at": utc_text(self._started_at),
            "accepting_entries": not blocks,
            "blocks": [{"code": code, "message": message} for code, message in blocks.items()],
            "switches": {**self._guard.paused, "age_s": self._guard.age_s},
            "stops": self._board.told(),
            "resuming": self.resuming(),
            "resume_refused": self._board.refused,
            "venues": {
                venue.venue.value: self._venue(venue) for venue in self._trading.venues.values()
            },
            "rates": {
                "krw_per_usd": _text(self._rates.krw_per_usd),
                "krw_per_usdt": _text(self._rates.krw_per_usdt),
                "dollar": self._feeds.dollar,
                "fx_source": fx.source if fx else None,
                "fx_age_s": self._rates.fx_age_s(self._trading.clock.monotonic()),
            },
            "premium": {symbol: self._feeds.premium(symbol) for symbol in settings.symbols},
            "open_pairs": len(self._trading.pairs.open_pairs()),
            "naked_pairs": [
                pair.pair_id
                for pair in self._trading.pairs.open_pairs()
                if pair.state is PairState.NAKED
            ],
            "capital": self._capital(),
            "killed": self._kill.reason,
            "open_alerts": self.open_alerts(),
            "killed_symbols": dict(self._kill.symbols),
        }

    def blocks(self) -> dict[str, str]:
        """All that stands against entries whatever the signal, code → sentence."""
        blocks = dict(self._blocks)
        why = self._board.why()
        for name in STOPS_ENTRIES:
            if self._guard.is_paused(name):
                told = f" ({why[name]})" if name in why else ""
                blocks[f"paused:{name}"] = f"{name} is paused in Prefect{told}"
        age_s = self._guard.age_s
        if age_s is None or age_s > self._trading.settings.switch_silence_s:
            heard = "never" if age_s is None else f"{age_s:.0f} s ago"
            blocks["switch_silent"] = f"Prefect was last heard {heard}"
        if self._kill.reason is not None:
            blocks["killed"] = f"killed: {self._kill.reason}"
        return blocks

    def pairs(self, *, open_only: bool) -> list[dict[str, Any]]:
        """Pairs, oldest first."""
        return [self._pair(pair) for pair in self._trading.pairs if pair.is_open or not open_only]

    def pair(self, pair_id: str) -> dict[str, Any] | None:
        pair = self._trading.pairs.get(pair_id)
        return None if pair is None else self._pair(pair)

    def gauges(self) -> dict[str, float]:
        """See :data:`tasks.metrics.GAUGES`; what is not known is left as it was."""
        now = self._trading.clock.monotonic()
        open_pairs = self._trading.pairs.open_pairs()
        gauges = {
            "open_pairs": float(len(open_pairs)),
            "naked_pairs": float(sum(pair.state is PairState.NAKED for pair in open_pairs)),
            "unhedged_coin": float(sum(pair.unhedged for pair in open_pairs)),
            "open_exposure_krw_seconds": float(self._open_exposure_krw_s()),
            "accepting_entries": float(not self.blocks()),
            "epoch": float(self._epoch()),
        }
        for leg in LegName:
            books = self._trading.venues[leg].books.values()
            if books:
                gauges[f"{leg}_book_age_seconds"] = now - min(book.received for book in books)
        ages = {
            "switches_age_seconds": self._guard.age_s,
            "fx_age_seconds": self._rates.fx_age_s(now),
        }
        return gauges | {name: age for name, age in ages.items() if age is not None}

    def _pair(self, pair: Pair) -> dict[str, Any]:
        now = None
        if pair.state is PairState.HEDGED:
            judged = self._judge.judge(pair, self._trading.settings.default_slippage_bps)
            if judged.net_krw is not None:
                now = {
                    "net_krw": decimal_text(judged.net_krw),
                    "premium_pct": _text(judged.premium_pct),
                    "sentence": judged.sentence,
                }
        return {**pair.snapshot(), "now": now}

    def _venue(self, venue: LegVenue) -> dict[str, Any]:
        now = self._trading.clock.monotonic()
        return {
            "circuit": venue.breaker.state.value,
            "clock_offset_ms": venue.clock_offset_ms,
            "order_room": venue.exchange.order_room(),
            "unfit": dict(venue.unfit),
            "books": {
                symbol: {
                    "age_ms": round((now - book.received) * 1000),
                    "bid": _text(book.best_bid.price if book.best_bid else None),
                    "ask": _text(book.best_ask.price if book.best_ask else None),
                }
                for symbol, book in venue.books.items()
            },
            "balances": {
                balance.currency: {
                    "total": decimal_text(balance.total),
                    "available": decimal_text(balance.available),
                }
                for balance in venue.balances.values()
            },
        }

    def _capital(self) -> Mapping[str, str] | None:
        capital = self._facts.capital()
        if capital is None:
            return None
        return {
            name: decimal_text(getattr(capital, name))
            for name in (
                "krw_spendable",
                "usdt_spendable",
                "total_krw",
                "open_notional_krw",
                "day_result_krw",
            )
        }


def _text(value: Decimal | None) -> str | None:
    return None if value is None else decimal_text(value)
