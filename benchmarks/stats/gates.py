"""When a round must not be believed: each gate gives the reason, or nothing."""

from __future__ import annotations

from collections.abc import Mapping

BUSY_LIMIT = 0.9
ERROR_LIMIT = 0.001


def saturated(busy: Mapping[str, float | None]) -> str:
    """The load side, or one of its processes, had no time left: then it is what was measured."""
    for name, share in busy.items():
        if share is not None and share > BUSY_LIMIT:
            return f"{name} was {share:.0%} busy: it would be what was measured"
    return ""


def above_ceiling(requests_per_s: float, ceiling_per_s: float | None) -> str:
    """More than the wait allows: something was not done that should have been."""
    if ceiling_per_s is not None and requests_per_s > ceiling_per_s:
        return f"{requests_per_s:,.0f} requests/s is above the {ceiling_per_s:,.0f} that the wait allows"
    return ""


def too_many_errors(succeeded: int, errors: Mapping[str, int]) -> str:
    """More than one answer in a thousand was wrong or missing."""
    failed = sum(errors.values())
    if failed > ERROR_LIMIT * (succeeded + failed):
        classes = ", ".join(f"{count} {name}" for name, count in sorted(errors.items()))
        return f"{failed} of {succeeded + failed} requests failed ({classes})"
    return ""
