"""Requests that nobody thought of: Schemathesis's, hypothesis's, and bytes at random."""
