"""Accounts as the venue writes them."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from exchanges.side import Side
from exchanges.simulator.hyperliquid.account import VenueAccount
from exchanges.simulator.hyperliquid.address_budget import INITIAL, cap
from exchanges.simulator.hyperliquid.asset import MAKER_FEE, TAKER_FEE, Asset
from exchanges.simulator.hyperliquid.engine import HyperliquidEngine
from exchanges.simulator.hyperliquid.margin import Margin, Summary
from exchanges.simulator.hyperliquid.numbers import cut, rounded, shown, usdc
from exchanges.simulator.hyperliquid.records import FundingPayment, LedgerUpdate

Json = dict[str, Any]
LIQUIDATION_DECIMALS = 8
AGENT_NAME = "agent"
AGENT_LIFE_MS = 180 * 86_400_000
EMPTY = Summary(Decimal(0), Decimal(0), Decimal(0), Decimal(0))


def clearinghouse_state(engine: HyperliquidEngine, account: VenueAccount | None) -> Json:
    """An address that never traded has a state too: an empty one."""
    if account is None:
        return {
            "marginSummary": _summary(EMPTY),
            "crossMarginSummary": _summary(EMPTY),
            "crossMaintenanceMarginUsed": "0.0",
            "withdrawable": "0.0",
            "assetPositions": [],
            "time": engine.now_ms(),
        }
    margin = engine.book.margin(account)
    return {
        "marginSummary": _summary(margin.total()),
        "crossMarginSummary": _summary(margin.cross()),
        "crossMaintenanceMarginUsed": shown(usdc(margin.cross_maintenance())),
        "withdrawable": shown(usdc(margin.withdrawable())),
        "assetPositions": [
            {"type": "oneWay", "position": _position(account, engine.assets[index], margin)}
            for index, _ in account.held()
        ],
        "time": engine.now_ms(),
    }


def leverage_of(account: VenueAccount, asset: Asset) -> Json:
    """``rawUsd`` shows what an isolated position would leave if it were worth nothing."""
    value = account.leverage(asset)
    if asset.index not in account.isolated:
        return {"type": "cross", "value": value}
    position = account.position(asset.index)
    raw = position.isolated_margin - position.cost
    return {"type": "isolated", "value": value, "rawUsd": shown(usdc(raw))}


def active_asset_data(engine: HyperliquidEngine, account: VenueAccount, asset: Asset) -> Json:
    """How much may be bought and sold now."""
    margin = engine.book.margin(account)
    mark, free = margin.mark(asset.index), max(Decimal(0), margin.free())
    position = account.position(asset.index).size
    available = {
        side: free + 2 * abs(position) * mark / account.leverage(asset)
        if position * sign < 0
        else free
        for side, sign in ((Side.BUY, 1), (Side.SELL, -1))
    }
    sizes = [
        cut(available[side] * account.leverage(asset) / mark, asset.size_decimals)
        for side in (Side.BUY, Side.SELL)
    ]
    return {
        "user": account.address,
        "coin": asset.coin,
        "leverage": leverage_of(account, asset),
        "maxTradeSzs": [shown(size) for size in sizes],
        "availableToTrade": [shown(usdc(available[side])) for side in (Side.BUY, Side.SELL)],
        "markPx": shown(mark),
    }


def funding_delta(payment: FundingPayment) -> Json:
    """A row of ``userFunding``."""
    return {
        "time": payment.time_ms,
        "hash": payment.transaction,
        "delta": {"type": "funding", **_funding(payment), "nSamples": None},
    }


def ledger_delta(update: LedgerUpdate) -> Json:
    """A row of ``userNonFundingLedgerUpdates``."""
    usdc_moved = {"usdc": shown(abs(update.amount))}
    delta: Json = {"type": "deposit", **usdc_moved}
    if update.amount < 0:
        fee = {"nonce": update.time_ms, "fee": shown(update.fee)}
        delta = {"type": "withdraw", **usdc_moved, **fee}
    return {"time": update.time_ms, "hash": update.transaction, "delta": delta}


def funding_event(payment: FundingPayment) -> Json:
    """An item of a ``userFundings`` frame."""
    return {"time": payment.time_ms, **_funding(payment), "nSamples": None}


def rate_limit(account: VenueAccount | None) -> Json:
    volume = Decimal(0) if account is None else account.volume
    return {
        "cumVlm": shown(usdc(volume)),
        "nRequestsUsed": 0 if account is None else account.requests,
        "nRequestsCap": INITIAL if account is None else cap(account),
        "nRequestsSurplus": 0,
    }


def role(engine: HyperliquidEngine, address: str) -> Json:
    if engine.account(address) is not None:
        return {"role": "user"}
    owner = engine.signs_for(address)
    if owner is not None:
        return {"role": "agent", "data": {"user": owner.address}}
    return {"role": "missing"}


def extra_agents(account: VenueAccount | None) -> list[Json]:
    agents = [] if account is None else [one for one in account.agents if one != account.address]
    return [
        {
            "name": f"{AGENT_NAME} {number}",
            "address": agent,
            "validUntil": account.created_ms + AGENT_LIFE_MS if account is not None else 0,
        }
        for number, agent in enumerate(agents, start=1)
    ]


def user_fees() -> Json:
    """The base tier, which is everybody's here."""
    cross, add = shown(TAKER_FEE), shown(MAKER_FEE)
    return {
        "dailyUserVlm": [],
        "feeSchedule": {
            "cross": cross,
            "add": add,
            "tiers": {"vip": [], "mm": []},
            "referralDiscount": "0.0",
        },
        "userCrossRate": cross,
        "userAddRate": add,
        "activeReferralDiscount": "0.0",
    }


def _summary(summary: Summary) -> Json:
    return {
        "accountValue": shown(usdc(summary.account_value)),
        "totalNtlPos": shown(usdc(summary.notional)),
        "totalRawUsd": shown(usdc(summary.raw_usd)),
        "totalMarginUsed": shown(usdc(summary.margin_used)),
    }


def _position(account: VenueAccount, asset: Asset, margin: Margin) -> Json:
    position, mark = account.position(asset.index), margin.mark(asset.index)
    profit = position.unrealized(mark)
    initial = abs(position.cost) / account.leverage(asset)
    end = margin.liquidation_price(asset.index)
    return {
        "coin": asset.coin,
        "szi": shown(position.size),
        "leverage": leverage_of(account, asset),
        "entryPx": shown(position.entry_price(asset.price_decimals)),
        "positionValue": shown(usdc(position.value(mark))),
        "unrealizedPnl": shown(usdc(profit)),
        "returnOnEquity": shown(rounded(profit / initial, LIQUIDATION_DECIMALS)),
        "liquidationPx": None if end is None else shown(rounded(end, LIQUIDATION_DECIMALS)),
        "marginUsed": shown(usdc(margin.used_by(asset.index))),
        "maxLeverage": asset.max_leverage,
        "cumFunding": {
            "allTime": shown(position.funding_all_time),
            "sinceOpen": shown(position.funding_since_open),
            "sinceChange": shown(position.funding_since_change),
        },
    }


def _funding(payment: FundingPayment) -> Json:
    return {
        "coin": payment.coin,
        "usdc": shown(payment.amount),
        "szi": shown(payment.position),
        "fundingRate": shown(payment.rate),
    }
