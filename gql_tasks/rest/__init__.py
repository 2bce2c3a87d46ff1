"""Front door 2: the tutorial's REST endpoints."""
