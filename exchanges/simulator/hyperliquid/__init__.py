"""A simulated Hyperliquid: cross-margined USDC perpetuals, signed actions and their wire format.

:mod:`.engine` is the venue without any I/O; :mod:`.front` speaks its HTTP and WebSocket language
over it. Field names, error texts and limits follow Hyperliquid's public documentation and its
Python SDK; where a public measurement of the venue contradicts the documentation, the measurement
is followed and the place says so.
"""
