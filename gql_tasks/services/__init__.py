"""Use cases: plain functions over a session that the store hands them, one transaction each."""
