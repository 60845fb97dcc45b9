"""The servers under load: no pages, no admin, no toolbar, no static files, DEBUG off.

Everything that may differ between two runs comes from the environment, which the harness sets and records.
"""

from __future__ import annotations

import os
from typing import Any

import dj_database_url

from apps.catalog.connection import connection_options, pool_options
from apps.scenarios.cached.connection import django_caches
from project import startproject

SECRET_KEY = os.environ.get("CROSSOVER_SECRET_KEY") or os.urandom(32).hex()
DEBUG = False
ALLOWED_HOSTS = ["127.0.0.1", "localhost"]

INSTALLED_APPS = [*startproject.CONTRIB_APPS, "apps.catalog", "apps.scenarios"]
STACKS = {"none": [], "sync-only": [*startproject.MIDDLEWARE, "apps.scenarios.middleware_tax.sync_only.mark"]}
MIDDLEWARE = STACKS.get(os.environ.get("CROSSOVER_MIDDLEWARE", ""), startproject.MIDDLEWARE)
ROOT_URLCONF = "apps.scenarios.urls"
TEMPLATES = startproject.TEMPLATES
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
LOGIN_URL = "/accounts/login/"
DISPOSABLE_DATABASE = True  # it lives as long as a run: has users whose session keys anybody can work out
USE_TZ = True
TIME_ZONE = "UTC"
LOGGING = {  # a 404 is part of the work, a line for each would be measured; a 500 is not, and its traceback is wanted
    "version": 1,
    "disable_existing_loggers": False,
    "handlers": {"stderr": {"class": "logging.StreamHandler"}},
    "loggers": {"django": {"handlers": ["stderr"], "level": "ERROR", "propagate": False}},
}

DATABASE: dict[str, Any] = {}
if url := os.environ.get("CROSSOVER_DATABASE_URL", ""):
    DATABASE = {**dj_database_url.parse(url)}
    if "postgresql" in DATABASE["ENGINE"]:
        DATABASE["OPTIONS"] = {
            **DATABASE.get("OPTIONS", {}),
            **connection_options(os.environ.get("CROSSOVER_SCHEMA", "")),
            "server_side_binding": True,  # without it nothing can be prepared: parameters are part of the text
        }
        if os.environ.get("CROSSOVER_POOL_SIZE") == "0":
            DATABASE["CONN_MAX_AGE"] = None  # no pool: each thread keeps a connection of its own
        else:
            DATABASE["OPTIONS"]["pool"] = pool_options()
    else:
        DATABASE["OPTIONS"] = {
            "timeout": 20,
            "transaction_mode": "IMMEDIATE",
            "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL",
        }
DATABASES = {"default": DATABASE}
CACHES = django_caches()

if fastlane_threads := os.environ.get("CROSSOVER_FASTLANE_THREADS", ""):
    FASTLANE_THREADS = int(fastlane_threads)  # else as many as the fast lane thinks best
