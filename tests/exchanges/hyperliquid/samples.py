"""Replies in Hyperliquid's shapes."""

from __future__ import annotations

from typing import Any

from exchanges.hyperliquid.client_order_ids import cloid_of

ID = "kimp-p0123456789ab-p001"
CLOID = cloid_of(ID)
OTHER_CLOID = "0x5bdd47600dea461f36c8378cd7b4150c"
OID = 544900123760
MADE_MS = 1793588645000

META = {
    "universe": [
        {"name": "ETH", "szDecimals": 4, "maxLeverage": 25, "marginTableId": 55},
        {"name": "MATIC", "szDecimals": 1, "maxLeverage": 20, "isDelisted": True},
        {"name": "BTC", "szDecimals": 5, "maxLeverage": 40, "marginTableId": 56},
    ],
    "marginTables": [],
    "collateralToken": 0,
}
FEES = {
    "dailyUserVlm": [],
    "userCrossRate": "0.00045",
    "userAddRate": "0.00015",
    "activeReferralDiscount": "0.0",
}
RATE_LIMIT = {"cumVlm": "2854574.59", "nRequestsUsed": 2890, "nRequestsCap": 2864574}
STATE = {
    "marginSummary": {
        "accountValue": "1005.5",
        "totalNtlPos": "502.5",
        "totalRawUsd": "1508.0",
        "totalMarginUsed": "25.125",
    },
    "crossMarginSummary": {
        "accountValue": "1005.5",
        "totalNtlPos": "502.5",
        "totalRawUsd": "1508.0",
        "totalMarginUsed": "25.125",
    },
    "crossMaintenanceMarginUsed": "6.28",
    "withdrawable": "955.25",
    "assetPositions": [
        {
            "type": "oneWay",
            "position": {
                "coin": "BTC",
                "szi": "-0.01",
                "leverage": {"type": "cross", "value": 20},
                "entryPx": "50500.0",
                "positionValue": "502.5",
                "unrealizedPnl": "2.5",
                "returnOnEquity": "0.099",
                "liquidationPx": "148900.123",
                "marginUsed": "25.125",
                "maxLeverage": 40,
                "cumFunding": {"allTime": "0.0", "sinceOpen": "0.0", "sinceChange": "0.0"},
            },
        }
    ],
    "time": MADE_MS,
}
BOOK = {
    "coin": "BTC",
    "time": MADE_MS,
    "levels": [
        [{"px": "50000.0", "sz": "1.5", "n": 3}, {"px": "49999.0", "sz": "2.0", "n": 1}],
        [{"px": "50002.0", "sz": "0.001", "n": 1}, {"px": "50003.0", "sz": "3.0", "n": 2}],
    ],
}
NO_ORDER = {"status": "unknownOid"}
CANCELLED = {
    "status": "ok",
    "response": {"type": "cancel", "data": {"statuses": ["success"]}},
}


def placed(*statuses: Any) -> dict[str, Any]:
    return {"status": "ok", "response": {"type": "order", "data": {"statuses": list(statuses)}}}


def filled(size: str = "0.01") -> dict[str, Any]:
    return placed({"filled": {"totalSz": size, "avgPx": "49999.5", "oid": OID}})


def resting() -> dict[str, Any]:
    return placed({"resting": {"oid": OID, "cloid": CLOID}})


def refused(text: str) -> dict[str, Any]:
    """One order of an action that was carried out."""
    return placed({"error": text})


def err(text: str) -> dict[str, Any]:
    """The action as a whole."""
    return {"status": "err", "response": text}


def basic_order(**changes: Any) -> dict[str, Any]:
    return {
        "coin": "BTC",
        "side": "A",
        "limitPx": "47501.0",
        "sz": "0.0",
        "oid": OID,
        "timestamp": MADE_MS,
        "origSz": "0.01",
        "cloid": CLOID,
        **changes,
    }


def changed(status: str = "filled", **changes: Any) -> dict[str, Any]:
    """An order with its status, as ``orderUpdates`` tells it."""
    return {
        "order": basic_order(**changes),
        "status": status,
        "statusTimestamp": MADE_MS + 40,
    }


def order_status(status: str = "filled", **changes: Any) -> dict[str, Any]:
    told = changed(status, **changes)
    told["order"] |= {
        "triggerCondition": "N/A",
        "isTrigger": False,
        "triggerPx": "0.0",
        "children": [],
        "isPositionTpsl": False,
        "reduceOnly": False,
        "orderType": "Limit",
        "tif": "Ioc",
    }
    return {"status": "order", "order": told}


def fill(**changes: Any) -> dict[str, Any]:
    return {
        "coin": "BTC",
        "px": "50000.0",
        "sz": "0.006",
        "side": "A",
        "time": MADE_MS + 40,
        "startPosition": "0.0",
        "dir": "Open Short",
        "closedPnl": "0.0",
        "hash": "0x424b0788071d122b43c40444662e5c0205a5006da21030fde613b2dac610ec15",
        "oid": OID,
        "crossed": True,
        "fee": "0.135",
        "tid": 1109765720343214,
        "cloid": CLOID,
        "feeToken": "USDC",
        "twapId": None,
        **changes,
    }


FILLS = [fill(), fill(tid=780373658822388, px="49999.0", sz="0.004", fee="0.089999")]


def funding(**changes: Any) -> dict[str, Any]:
    delta = {
        "type": "funding",
        "coin": "BTC",
        "usdc": "0.0125",
        "szi": "-0.01",
        "fundingRate": "0.0000125",
        "nSamples": None,
    }
    return {"time": MADE_MS, "hash": "0x" + "0" * 64, "delta": {**delta, **changes}}
