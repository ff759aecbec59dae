"""The long trials: whole by scripts/soak, scaled by the tests."""
