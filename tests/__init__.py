"""Tests mirror the package; what runs on both stores takes the `address` fixture."""
