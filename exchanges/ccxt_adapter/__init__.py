"""Venues through the library ccxt: its requests and streams behind our protocol and limits."""
