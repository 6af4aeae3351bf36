"""Simulated venues: engines without I/O, and fronts that speak the venues' own formats."""
