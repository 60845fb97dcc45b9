"""What the ASGI doors share: data prepared, static files before Django, lifespan beside it; needs the settings."""

from __future__ import annotations

from typing import Any

from django.conf import settings

from apps.scenarios.routes import django_lifespan
from project.lifespan import Lifespan, Message, Receive, Send, run_lifespan
from project.static_files import served_statically


def opened(django_application: Any, lifespan: Lifespan = django_lifespan) -> Any:
    """The application that a server is to be given for Django's."""
    if getattr(settings, "PREPARES_ITSELF", False):
        from apps.results.first_start import prepare  # a server under load holds only what it needs

        prepare()
    served = served_statically(django_application, asgi=True)

    async def application(scope: Message, receive: Receive, send: Send) -> None:
        """Lifespan beside Django, everything else to it."""
        if scope["type"] == "lifespan":
            await run_lifespan(lifespan, scope, receive, send)
        else:
            await served(scope, receive, send)

    return application
