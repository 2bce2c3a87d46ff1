"""Faults injected into the program as it runs, and what the store says of it from outside."""
