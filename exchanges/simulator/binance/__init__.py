"""A simulated Binance USDⓈ-M futures venue: rules, margin, matching and wire format.

:mod:`.engine` is the venue without any I/O; :mod:`.front` speaks its REST
language over it. Field names, error codes and limits follow Binance's public
USDⓈ-M documentation.
"""
