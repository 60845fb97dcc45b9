"""Plaintext once more, sync: what differs is in front of it."""

from apps.scenarios.plaintext.sync_view import view

__all__ = ["view"]
