"""The WSGI door: ``gunicorn project.wsgi:application``."""

import os

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "project.settings")
application = get_wsgi_application()

from django.conf import settings  # noqa: E402 - needs the settings
from django.contrib.staticfiles.handlers import StaticFilesHandler  # noqa: E402

from apps.results.first_start import prepare  # noqa: E402

prepare()
if "django.contrib.staticfiles" in settings.INSTALLED_APPS:
    application = StaticFilesHandler(application)
