"""Hyperliquid, USDC-margined perpetuals."""
