"""Upbit, KRW spot market."""
