"""Replies in Binance's shapes."""

from __future__ import annotations

from typing import Any

EXCHANGE_INFO = {
    "timezone": "UTC",
    "symbols": [
        {"symbol": "ETHUSDT", "filters": []},
        {
            "symbol": "BTCUSDT",
            "status": "TRADING",
            "pricePrecision": 2,
            "quantityPrecision": 3,
            "filters": [
                {
                    "filterType": "PRICE_FILTER",
                    "tickSize": "0.10",
                    "minPrice": "556.80",
                    "maxPrice": "4529764",
                },
                {
                    "filterType": "LOT_SIZE",
                    "stepSize": "0.001",
                    "minQty": "0.001",
                    "maxQty": "1000",
                },
                {
                    "filterType": "MARKET_LOT_SIZE",
                    "stepSize": "0.002",
                    "minQty": "0.004",
                    "maxQty": "120",
                },
                {"filterType": "MIN_NOTIONAL", "notional": "50"},
            ],
        },
    ],
}
COMMISSION = {
    "symbol": "BTCUSDT",
    "makerCommissionRate": "0.0002",
    "takerCommissionRate": "0.0005",
    "rpiCommissionRate": "0.00005",
}
BALANCES = [
    {
        "accountAlias": "SgsR",
        "asset": "USDT",
        "balance": "1000.12345678",
        "crossWalletBalance": "1000.12345678",
        "crossUnPnl": "0.0",
        "availableBalance": "400.5",
        "maxWithdrawAmount": "400.5",
        "marginAvailable": True,
        "updateTime": 1793588645123,
    }
]
POSITION = {
    "symbol": "BTCUSDT",
    "positionSide": "BOTH",
    "positionAmt": "-0.012",
    "entryPrice": "60000.1",
    "breakEvenPrice": "60030.1",
    "markPrice": "60100.20000000",
    "unRealizedProfit": "-1.20120000",
    "liquidationPrice": "0",
    "updateTime": 1793588645123,
}
DEPTH = {
    "lastUpdateId": 1027024,
    "E": 1793588645200,
    "T": 1793588645123,
    "bids": [["60000.10", "1.5"], ["60000.00", "0"], ["59999.90", "2"]],
    "asks": [["60000.20", "0.001"], ["60000.30", "3"]],
}


def order(**changes: Any) -> dict[str, Any]:
    """A filled market sell of 0.01 BTC, as POST answers it: without any average price."""
    return {
        "clientOrderId": "kimp-p1-p001",
        "cumQty": "0.010",
        "executedQty": "0.010",
        "orderId": 22542179,
        "origQty": "0.010",
        "price": "0",
        "reduceOnly": False,
        "side": "SELL",
        "positionSide": "BOTH",
        "status": "FILLED",
        "stopPrice": "0",
        "closePosition": False,
        "symbol": "BTCUSDT",
        "timeInForce": "GTC",
        "type": "MARKET",
        "origType": "MARKET",
        "updateTime": 1793588645123,
        "time": 1793588645100,
        **changes,
    }


def trade(**changes: Any) -> dict[str, Any]:
    return {
        "buyer": False,
        "commission": "0.18000030",
        "commissionAsset": "USDT",
        "id": 698759,
        "maker": False,
        "orderId": 22542179,
        "price": "60000.10",
        "qty": "0.006",
        "quoteQty": "360.0006",
        "realizedPnl": "0",
        "side": "SELL",
        "positionSide": "BOTH",
        "symbol": "BTCUSDT",
        "time": 1793588645123,
        **changes,
    }


TRADES = [trade(), trade(id=698760, price="60000", qty="0.004", commission="0.12000000")]


def income(**changes: Any) -> dict[str, Any]:
    return {
        "symbol": "BTCUSDT",
        "incomeType": "FUNDING_FEE",
        "income": "-0.37500000",
        "asset": "USDT",
        "info": "FUNDING_FEE",
        "time": 1793577600000,
        "tranId": 9689322392,
        "tradeId": "",
        **changes,
    }


DEPTH_EVENT = {
    "e": "depthUpdate",
    "E": 1793588645210,
    "T": 1793588645205,
    "s": "BTCUSDT",
    "ps": "BTCUSDT",
    "U": 1027020,
    "u": 1027030,
    "pu": 1027011,
    "b": [["60000.00", "0.5"], ["59999.90", "0"]],
    "a": [["60000.30", "2.5"]],
    "st": 1,
}
TOUCH = {
    "e": "bookTicker",
    "u": 1027031,
    "E": 1793588645215,
    "T": 1793588645212,
    "s": "BTCUSDT",
    "ps": "BTCUSDT",
    "b": "60000.10",
    "B": "1.4",
    "a": "60000.20",
    "A": "0.7",
    "st": 1,
}


def order_event(**changes: Any) -> dict[str, Any]:
    """The first 0.006 of a market sell of 0.01 BTC."""
    return {
        "e": "ORDER_TRADE_UPDATE",
        "E": 1793588645130,
        "T": 1793588645123,
        "o": {
            "s": "BTCUSDT",
            "c": "kimp-p1-p001",
            "S": "SELL",
            "o": "MARKET",
            "f": "GTC",
            "q": "0.010",
            "p": "0",
            "ap": "60000.10",
            "sp": "0",
            "x": "TRADE",
            "X": "PARTIALLY_FILLED",
            "i": 22542179,
            "l": "0.006",
            "z": "0.006",
            "L": "60000.10",
            "N": "USDT",
            "n": "0.18000030",
            "T": 1793588645123,
            "t": 698759,
            "b": "0",
            "a": "0",
            "m": False,
            "R": False,
            "ps": "BOTH",
            "rp": "0",
            "er": "0",
            **changes,
        },
    }
