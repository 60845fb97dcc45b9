"""The showcase: pages, stored runs, admin; debug toolbar with DJANGO_DEBUG=1.

Environment: SECRET_KEY, DJANGO_DEBUG, DJANGO_HTTPS, DJANGO_ALLOWED_HOSTS (comma-separated), RESULTS_DATABASE_URL,
CROSSOVER_VAR (folder for the database and the key; default ``var/``).
"""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any

import dj_database_url
from csp.constants import NONCE, NONE, SELF

from project import startproject
from project.secret_key import secret_key


def switched_on(name: str) -> bool:
    return os.environ.get(name, "").strip().lower() in ("1", "true", "yes", "on")


BASE_DIR = Path(__file__).resolve().parent.parent
VAR_DIR = Path(os.environ.get("CROSSOVER_VAR") or BASE_DIR / "var")
PREPARES_ITSELF = True  # the first start makes its database, see apps/results/first_start.py

SECRET_KEY = secret_key(VAR_DIR)
DEBUG = switched_on("DJANGO_DEBUG")
HTTPS = switched_on("DJANGO_HTTPS")
LOOPBACK = ["127.0.0.1", "localhost", "[::1]"]
ALLOWED_HOSTS = LOOPBACK + [host for host in os.environ.get("DJANGO_ALLOWED_HOSTS", "").split(",") if host]
INTERNAL_IPS = ["127.0.0.1", "::1"]

INSTALLED_APPS = [
    "django.contrib.admin",
    *startproject.CONTRIB_APPS,
    "django.contrib.staticfiles",
    "csp",
    "apps.catalog",
    "apps.scenarios",
    "apps.reporting",
    "apps.results",
    "apps.comparisons",
    *(["debug_toolbar"] if DEBUG else []),
]
MIDDLEWARE = [*startproject.MIDDLEWARE, "csp.middleware.CSPMiddleware"]
if DEBUG:
    MIDDLEWARE[1:1] = ["debug_toolbar.middleware.DebugToolbarMiddleware", "project.uncompressed.uncompressed"]
    DEBUG_TOOLBAR_CONFIG = {"SHOW_TEMPLATE_CONTEXT": False}  # of a run's hundreds of charts that is 125 MB a page
ROOT_URLCONF = "project.urls"
LOGIN_URL = "admin:login"
AUTHENTICATION_BACKENDS = ["django.contrib.auth.backends.ModelBackend", "sesame.backends.ModelBackend"]
SESAME_ONE_TIME = True
SESAME_MAX_AGE = 600  # seconds: the link that `make serve` prints is for now
WSGI_APPLICATION = "project.wsgi.application"
TEMPLATES = startproject.TEMPLATES

SQLITE: dict[str, Any] = {
    "ENGINE": "django.db.backends.sqlite3",
    "NAME": VAR_DIR / "showcase.sqlite3",
    "OPTIONS": {
        "timeout": 20,
        # Plain BEGIN lets two writers both start reading; one of them then fails at once, whatever the timeout.
        "transaction_mode": "IMMEDIATE",
        "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL",
    },
}
RESULTS_DATABASE_URL = os.environ.get("RESULTS_DATABASE_URL", "")
try:
    DATABASES = {"default": dj_database_url.parse(RESULTS_DATABASE_URL) if RESULTS_DATABASE_URL else SQLITE}
except ValueError as error:
    sys.exit(f"RESULTS_DATABASE_URL is not understood ({error}): write postgresql://user:password@host/name")
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

LOGGING = {  # Django's default mails errors to administrators, and there are none
    "version": 1,
    "disable_existing_loggers": False,
    "handlers": {"stderr": {"class": "logging.StreamHandler"}},
    "loggers": {"django.request": {"handlers": ["stderr"], "level": "ERROR", "propagate": False}},
}

LANGUAGE_CODE = "en-us"
TIME_ZONE = "UTC"
USE_TZ = True
STATIC_URL = "static/"
STATIC_ROOT = VAR_DIR / "static"  # see project/static_files.py
SERVESTATIC_USE_BROTLI = SERVESTATIC_USE_ZSTD = False  # gzip takes a fifth of the time at the first start
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "apps.reporting.storage.HashedStaticFilesStorage"},
}

# The toolbar's own scripts and styles carry the nonce; without DEBUG there is nothing inline at all.
OWN = [SELF, *([NONCE] if DEBUG else [])]
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [NONE],
        "script-src": OWN,
        "style-src": OWN,
        "img-src": [SELF, "data:"],
        "font-src": [SELF],
        "connect-src": [SELF],
        "form-action": [SELF],
        "frame-ancestors": [NONE],
        "base-uri": [NONE],
    }
}

SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = SECURE_SSL_REDIRECT = HTTPS
SECURE_HSTS_SECONDS = 3600 if HTTPS else 0
SILENCED_SYSTEM_CHECKS = [
    "security.W005",  # HSTS for subdomains: a showcase must not decide for its neighbours
    "security.W021",  # HSTS preload: a list of browsers' makers, hard to leave
]
if not HTTPS:  # plain HTTP on loopback is the default; DJANGO_HTTPS=1 turns all of these on
    SILENCED_SYSTEM_CHECKS += ["security.W004", "security.W008", "security.W012", "security.W016"]
