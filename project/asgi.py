"""The ASGI door: ``uvicorn project.asgi:application``."""

from __future__ import annotations

import os

from django.core.asgi import get_asgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "project.settings")
django_application = get_asgi_application()

from django.conf import settings  # noqa: E402 - needs the settings
from django.contrib.staticfiles.handlers import ASGIStaticFilesHandler  # noqa: E402

from apps.results.first_start import prepare  # noqa: E402
from apps.scenarios.routes import django_lifespan  # noqa: E402 - as above
from project.lifespan import Message, Receive, Send, run_lifespan  # noqa: E402

prepare()
if "django.contrib.staticfiles" in settings.INSTALLED_APPS:
    django_application = ASGIStaticFilesHandler(django_application)


async def application(scope: Message, receive: Receive, send: Send) -> None:
    """Lifespan beside Django, everything else to it."""
    if scope["type"] == "lifespan":
        await run_lifespan(django_lifespan, scope, receive, send)
    else:
        await django_application(scope, receive, send)  # type: ignore[arg-type]
