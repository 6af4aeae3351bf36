"""Binance, USDⓈ-margined perpetuals."""
