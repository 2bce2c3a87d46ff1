"""The formats in which tasks come in and go out, a module each. They know files, not the store."""
