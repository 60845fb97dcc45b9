"""The most completions a window can hold when every request has to wait (Little's law)."""

from __future__ import annotations


def ceiling_per_s(slots: int, wait_s: float, window_s: float) -> float | None:
    """Upper bound on requests/s for ``slots`` requests at once that each wait at least ``wait_s``.

    A slot can complete the request it had under way when the window began, then one per wait: slots × (T ÷ wait + 1)
    completions in a window of T. After J. D. C. Little, "A Proof for the Queuing Formula L = λW" (1961), with the
    edge of a finite window added. None without a wait.
    """
    if wait_s <= 0:
        return None
    return slots * (window_s / wait_s + 1) / window_s


def sustained_per_s(slots: int, wait_s: float) -> float | None:
    """What the ceiling comes to in the long run: slots ÷ wait (Little). None without a wait."""
    return slots / wait_s if wait_s > 0 else None
