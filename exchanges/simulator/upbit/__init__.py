"""Simulated Upbit: KRW spot markets."""
