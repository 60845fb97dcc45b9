"""The ASGI door through the fast lane: ``uvicorn project.asgi_fastlane:application``."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from apps.fastlane import get_fastlane_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "project.settings")
fastlane = get_fastlane_application()

from apps.scenarios.routes import django_lifespan  # noqa: E402 - needs the settings
from project.asgi_door import opened  # noqa: E402


@asynccontextmanager
async def lifespan(state: dict[str, Any]) -> AsyncIterator[None]:
    """The views' own, and after it the end of the threads: what a view closes may need one."""
    try:
        async with django_lifespan(state):
            yield
    finally:
        await fastlane.close()


application = opened(fastlane.handler, lifespan)
