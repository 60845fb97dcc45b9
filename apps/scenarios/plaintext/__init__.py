"""Framework overhead alone."""
