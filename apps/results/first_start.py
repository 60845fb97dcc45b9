"""The first start makes what is missing: tables, and a small catalog, so that every variant answers."""

from __future__ import annotations

import fcntl
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from django.conf import settings
from django.core.management import call_command
from django.db import connection, connections
from django.db.migrations.executor import MigrationExecutor

from apps.catalog import corpus
from apps.catalog.models import Seed
from apps.catalog.seed import seed


def prepare() -> None:
    """Migrate and seed the showcase's database if needed; several processes may start at once.

    In a thread of its own: a server imports its application inside a running loop, where the ORM refuses to work.
    """
    if getattr(settings, "PREPARES_ITSELF", False):
        with ThreadPoolExecutor(max_workers=1) as executor:
            executor.submit(_prepare).result()


def _prepare() -> None:
    folder = Path(settings.VAR_DIR)
    folder.mkdir(parents=True, exist_ok=True)
    try:
        with open(folder / ".prepare-lock", "w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            executor = MigrationExecutor(connection)
            if executor.migration_plan(executor.loader.graph.leaf_nodes()):
                call_command("migrate", verbosity=0, interactive=False)
            _seed_small()
    finally:
        connections.close_all()


def _seed_small() -> None:
    if not Seed.objects.filter(version=corpus.VERSION).exists():
        seed(corpus.SMALL_BOOKS)
