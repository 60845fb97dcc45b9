"""The fast lane: Django's ASGI handler without the threads it does not need.

Imports relatively and nothing of Crossover, so that it installs as ``crossover_fastlane`` into any project.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .application import get_fastlane_application as get_fastlane_application
    from .handler import FastlaneHandler as FastlaneHandler
    from .release import ThreadInUse as ThreadInUse
    from .release import release_thread as release_thread

__all__ = ["FastlaneHandler", "ThreadInUse", "get_fastlane_application", "release_thread"]

HOMES = {
    "get_fastlane_application": ".application",
    "FastlaneHandler": ".handler",
    "release_thread": ".release",
    "ThreadInUse": ".release",
}


def __getattr__(name: str) -> Any:
    """Loaded when asked for: Django has to be set up before its handler can be imported."""
    if name not in HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(HOMES[name], __name__), name)
