"""The ASGI door: ``uvicorn project.asgi:application``."""

from __future__ import annotations

import os

from django.core.asgi import get_asgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "project.settings")
django_application = get_asgi_application()

from apps.results.first_start import prepare  # noqa: E402 - needs the settings
from apps.scenarios.routes import django_lifespan  # noqa: E402
from project.lifespan import Message, Receive, Send, run_lifespan  # noqa: E402
from project.static_files import served_statically  # noqa: E402

prepare()
django_application = served_statically(django_application, asgi=True)


async def application(scope: Message, receive: Receive, send: Send) -> None:
    """Lifespan beside Django, everything else to it."""
    if scope["type"] == "lifespan":
        await run_lifespan(django_lifespan, scope, receive, send)
    else:
        await django_application(scope, receive, send)  # type: ignore[arg-type]
