"""What must be true of any desk, whatever was done to it: read from its journal and the venues.

Each check returns a sentence for every violation, none when all is well.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from decimal import Decimal

from exchanges.instrument import Venue
from tasks.pair import LegName, Pair
from tasks.pair_transitions import PairState
from tasks.paper_desk import PaperDesk
from tasks.wire_text import read_utc
from tests.campaign.venues import COIN
from tests.campaign.world import World
from tests.tasks.desks import KRW, USDT, Bench
from warehouse import Record
from warehouse.records import RecordType

ENDS = (PairState.HEDGED, PairState.CLOSED, PairState.UNWOUND, PairState.FAILED, PairState.NAKED)
REPAIRS = ("hedge", "unwind")
TRADABLE = Decimal("0.0012")
"""Coin that is above the least value of an order at every venue."""
LOTS = {Venue.BINANCE: Decimal("0.001"), Venue.HYPERLIQUID: Decimal("0.00001")}
"""The coarser quantity step of Upbit and each venue."""


def no_id_is_sent_twice(bench: Bench) -> list[str]:
    """No (pair, leg, attempt) reaches a venue twice, lost requests counted."""
    placed = Counter(name for name in bench.orders_placed() if name.startswith("kimp-"))
    return [f"{name} was sent {times} times" for name, times in placed.items() if times > 1]


def every_order_was_journalled(bench: Bench, records: Sequence[Record]) -> list[str]:
    """What reached a venue under our prefix was in the journal before."""
    intended = {
        record.body["client_order_id"]
        for record in records
        if record.type == RecordType.ORDER_INTENDED
    }
    return [
        f"{name} reached a venue and is not in the journal"
        for name in bench.orders_placed()
        if name.startswith("kimp-") and name not in intended
    ]


def nothing_is_sent_in_doubt(records: Iterable[Record]) -> list[str]:
    """No repair of a pair is intended while another of its orders has no end."""
    wrong: list[str] = []
    open_orders: defaultdict[str, set[str]] = defaultdict(set)
    pair_of: dict[str, str] = {}
    for record in records:
        body = record.body
        if record.type == RecordType.ORDER_INTENDED:
            name, pair_id = body["client_order_id"], body["pair_id"]
            if name in pair_of:
                wrong.append(f"{name} was intended twice")
            if body["purpose"] in REPAIRS and open_orders[pair_id]:
                wrong.append(f"{name} was intended while {open_orders[pair_id]} had no end")
            pair_of[name] = pair_id
            open_orders[pair_id].add(name)
        elif record.type == RecordType.ORDER_OUTCOME and body["final"]:
            name = body["client_order_id"]
            open_orders[pair_of.get(name, "")].discard(name)
    return wrong


def no_pair_is_opened_beside_trouble(records: Iterable[Record]) -> list[str]:
    """While a pair of the coin is in doubt or naked, no other is opened."""
    wrong: list[str] = []
    states: dict[str, str] = {}
    trouble = (PairState.UNKNOWN, PairState.NAKED, PairState.RECOVERING)
    for record in records:
        if record.type != RecordType.PAIR_EVENT:
            continue
        body = record.body
        if body["from_state"] is None:
            beside = [name for name, state in states.items() if state in trouble]
            if beside:
                wrong.append(f"{body['pair_id']} was opened while {beside} were not settled")
        states[body["pair_id"]] = body["to_state"]
    return wrong


def each_signal_is_decided_once(records: Iterable[Record]) -> list[str]:
    decided = Counter(
        record.body["outcome"]["signal_id"]
        for record in records
        if record.type == RecordType.SIGNAL_DECIDED and record.body["binding"]
    )
    return [
        f"signal {name} was decided {times} times" for name, times in decided.items() if times > 1
    ]


def answers_agree(world: World) -> list[str]:
    """Whoever asks twice is told that, and the first outcome."""
    wrong = []
    for name, outcomes in world.answers.items():
        firsts = {outcome.settled.model_dump_json(exclude={"timings_us"}) for outcome in outcomes}
        if len(firsts) > 1:
            wrong.append(f"signal {name} was answered in {len(firsts)} ways: {sorted(firsts)}")
    return wrong


def pairs_stand_whole(desk: PaperDesk, perpetual: Venue) -> list[str]:
    """Every pair hedged to within one lot, or flat, or naked and said so."""
    wrong = []
    lot = LOTS[perpetual]
    for pair in desk.parts.trading.pairs:
        held = f"spot {pair.held(LegName.SPOT)}, perpetual {pair.held(LegName.PERPETUAL)}"
        if pair.state not in ENDS:
            wrong.append(f"{pair.pair_id} ended {pair.state} ({held})")
        if pair.state is PairState.HEDGED and pair.unhedged >= lot:
            wrong.append(f"{pair.pair_id} is {pair.state} with {held}")
        if pair.state is PairState.HEDGED and max(pair.held(leg) for leg in LegName) < lot:
            wrong.append(f"{pair.pair_id} is {pair.state} and holds nothing: {held}")
        if pair.state.is_terminal and any(pair.held(leg) >= lot for leg in LegName):
            wrong.append(f"{pair.pair_id} is {pair.state} with {held}")
        if any(pair.held(leg) < 0 for leg in LegName):
            wrong.append(f"{pair.pair_id} holds less than nothing: {held}")
    return wrong


def nobody_is_needed(desk: PaperDesk) -> list[str]:
    """At calm venues recovery repairs whatever can be traded at all."""
    return [
        f"{pair.pair_id} is naked by {pair.unhedged} though the venues would trade it"
        for pair in desk.parts.trading.pairs
        if pair.state is PairState.NAKED and pair.unhedged >= TRADABLE
    ]


def naked_pairs_are_told(desk: PaperDesk, bench: Bench) -> list[str]:
    """A naked pair has a critical alert and keeps entries of its coin out."""
    naked = [pair for pair in desk.parts.trading.pairs if pair.state is PairState.NAKED]
    if not naked:
        return []
    alerted = {
        record.body["pair_id"]
        for record in bench.records(RecordType.ALERT)
        if record.body["level"] == "critical"
    }
    wrong = [
        f"{pair.pair_id} is naked and no critical alert names it"
        for pair in naked
        if pair.pair_id not in alerted
    ]
    entry = desk.signal(id="entry-beside-naked", action="ENTER", quantity="0.01")
    reasons = [reason["code"] for reason in desk.parts.desk.check(entry)["reasons"]]
    if "naked_pair" not in reasons:
        wrong.append(f"{naked[0].pair_id} is naked and entries are refused only for {reasons}")
    return wrong


def books_equal_venues(world: World, desk: PaperDesk, records: Sequence[Record]) -> list[str]:
    """Coin, position and cash at the venues are what they began with plus the flows of all pairs,
    of what was adopted beside them, and funding: to the last decimal."""
    bench, pairs = world.bench, desk.parts.trading.pairs
    perpetual = bench.perpetual
    krw, coin, dollars, position = KRW, COIN, USDT, Decimal(0)
    for pair in pairs:
        long = 1 if pair.direction == "long_premium" else -1
        spot, future = pair.spot, pair.perpetual
        krw += long * (spot.exit.value - spot.entry.value) - spot.entry.fee - spot.exit.fee
        coin += long * pair.held(LegName.SPOT)
        position -= long * pair.held(LegName.PERPETUAL)
        dollars += long * (future.entry.value - future.exit.value)
        dollars -= future.entry.fee + future.exit.fee
    for adoption in pairs.adoptions():
        if adoption.pair_id is not None:
            continue
        value = adoption.signed_quantity * (adoption.price or Decimal(0))
        at_spot = adoption.venue is Venue.UPBIT
        if adoption.symbol == "BTC" and at_spot:
            coin += adoption.signed_quantity
            krw -= value + adoption.fee
        elif adoption.symbol == "BTC":
            position += adoption.signed_quantity
            dollars -= value + adoption.fee
        elif at_spot:
            krw += adoption.signed_quantity
        else:
            dollars += adoption.signed_quantity
    paid = {
        record.body["transaction_id"]: Decimal(record.body["amount"])
        for record in records
        if record.type == RecordType.FUNDING
    }
    dollars += sum(paid.values(), Decimal(0))
    # A venue books a position's price only when it is closed; until then the wallet differs by
    # its cost.
    dollars += sum((cost for _, cost in bench.positions()), Decimal(0))
    found = {
        "KRW": (krw, bench.krw()),
        "coin": (coin, bench.coin()),
        f"position at {perpetual}": (position, bench.position()),
        f"dollars at {perpetual}": (dollars, bench.dollars()),
    }
    return [
        f"{name}: the books say {books}, the venue {venue} (difference {venue - books})"
        for name, (books, venue) in found.items()
        if books != venue
    ]


def results_are_cash(desk: PaperDesk) -> list[str]:
    """A closed pair's parts add up to its result, and no loss is called a gain."""
    wrong = []
    for pair in desk.parts.trading.pairs:
        result = desk.parts.trading.pairs.result(pair.pair_id)
        if result is None:
            if pair.state in (PairState.CLOSED, PairState.UNWOUND):
                wrong.append(f"{pair.pair_id} is {pair.state} without a result")
            continue
        net = Decimal(result["net_krw"])
        parts = sum(
            (
                Decimal(result[name] or 0)
                for name in ("premium_krw", "fx_krw", "funding_krw", "fees_krw", "slippage_krw")
            ),
            Decimal(0),
        )
        if parts != net:
            wrong.append(f"{pair.pair_id}: parts {parts} do not make {net}")
        cash = _cash(pair, Decimal(result["krw_per_usdt"])) + Decimal(result["funding_krw"] or 0)
        rest = sum((pair.held(leg) for leg in LegName), Decimal(0))
        if rest == 0 and cash != net:
            wrong.append(f"{pair.pair_id}: cash {cash} is booked as {net}")
    return wrong


def exits_were_in_profit(world: World, records: Sequence[Record]) -> list[str]:
    """An exit that needed no repair, at prices that stood still, earned something."""
    wrong = []
    moved = [time for time, _, _ in world.prices]
    began: dict[str, float] = {}
    touched = {
        record.body["pair_id"]
        for record in records
        if (record.type == RecordType.ORDER_INTENDED and record.body["purpose"] in REPAIRS)
        or (record.type == RecordType.ADOPTION and record.body["pair_id"])
    }
    oldest_s = world.bench.settings.max_book_age_ms / 1000
    for record in records:
        if record.type != RecordType.PAIR_EVENT:
            continue
        body, at = record.body, world.seconds(read_utc(record.time))
        if body["event"] == "exit_started":
            began[body["pair_id"]] = at
        if body["event"] != "flat" or body["pair_id"] in touched:
            continue
        since = began[body["pair_id"]] - oldest_s
        if any(since <= time <= at for time in moved):
            continue
        world.tally.exits_judged += 1
        if Decimal(body["result"]["net_krw"]) <= 0:
            wrong.append(f"{body['pair_id']} was closed at a loss: {body['result']}")
    return wrong


def _cash(pair: Pair, rate: Decimal) -> Decimal:
    """What the pair's orders left in KRW, dollars converted at ``rate``."""
    long = 1 if pair.direction == "long_premium" else -1
    spot, future = pair.spot, pair.perpetual
    krw = long * (spot.exit.value - spot.entry.value) - spot.entry.fee - spot.exit.fee
    dollars = long * (future.entry.value - future.exit.value) - future.entry.fee - future.exit.fee
    return krw + rate * dollars


def of_journal(world: World, records: Sequence[Record]) -> list[str]:
    """Everything that the journal and the requests tell without a desk."""
    bench = world.bench
    return [
        *no_id_is_sent_twice(bench),
        *every_order_was_journalled(bench, records),
        *nothing_is_sent_in_doubt(records),
        *no_pair_is_opened_beside_trouble(records),
        *each_signal_is_decided_once(records),
        *answers_agree(world),
        *exits_were_in_profit(world, records),
    ]


def of_desk(world: World, desk: PaperDesk, records: Sequence[Record]) -> list[str]:
    """Everything that a desk at rest must show."""
    return [
        *pairs_stand_whole(desk, world.perpetual),
        *naked_pairs_are_told(desk, world.bench),
        *nobody_is_needed(desk),
        *books_equal_venues(world, desk, records),
        *results_are_cash(desk),
    ]
