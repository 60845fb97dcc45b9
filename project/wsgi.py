"""The WSGI door: ``gunicorn project.wsgi:application``."""

import os

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "project.settings")
application = get_wsgi_application()

from apps.results.first_start import prepare  # noqa: E402 - needs the settings
from project.static_files import served_statically  # noqa: E402

prepare()
application = served_statically(application, asgi=False)
