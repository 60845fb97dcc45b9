"""Statistics: pure functions, each citing its source."""
