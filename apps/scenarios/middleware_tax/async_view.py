"""Plaintext once more, async: what differs is in front of it."""

from apps.scenarios.plaintext.async_view import view

__all__ = ["view"]
