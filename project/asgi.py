"""The ASGI door: ``uvicorn project.asgi:application``."""

import os

from django.core.asgi import get_asgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "project.settings")
django_application = get_asgi_application()

from project.asgi_door import opened  # noqa: E402 - needs the settings

application = opened(django_application)
