"""Runs as they are stored: Run, Cell, Round."""
