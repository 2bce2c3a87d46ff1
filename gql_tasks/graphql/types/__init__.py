"""The public types: declarations and descriptions. What a field is in SQL stands in the store."""
