"""The store: SQLite or PostgreSQL behind one small door. The only package that knows SQL."""
