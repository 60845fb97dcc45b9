"""Static files: collected, hashed and compressed once under ``var/``, and served before Django's middlewares.

A request for a style sheet so costs no thread and no session; hashed names are cached for good.
"""

from __future__ import annotations

import fcntl
import hashlib
from pathlib import Path
from typing import Any
from wsgiref.headers import Headers

from django.conf import settings
from django.contrib.staticfiles.finders import get_finders
from django.core.management import call_command

MANIFEST = "staticfiles.json"  # of Django's storage: there when all files are
SIGNATURE = ".static-signature"  # what they were made from; not among them, since those are served
HASHED = r"^.+\.[0-9a-f]{12}\..+$"
OPTIONS: dict[str, Any] = {"prefix": "static/", "max_age": 60, "allow_all_origins": False}


def served_statically(application: Any, *, asgi: bool) -> Any:
    """The application with its static files before it; as it is where the settings have none."""
    if "django.contrib.staticfiles" not in settings.INSTALLED_APPS:
        return application
    from servestatic import ServeStatic, ServeStaticASGI  # a server under load holds only what it needs

    collect()
    kind = ServeStaticASGI if asgi else ServeStatic
    return kind(
        application,
        root=settings.STATIC_ROOT,
        immutable_file_test=HASHED,
        add_headers_function=_add_headers,
        **OPTIONS,
    )


def collect() -> None:
    """Collect when sources have changed since; several processes may start at once."""
    root = Path(settings.STATIC_ROOT)
    root.mkdir(parents=True, exist_ok=True)
    with open(root.parent / ".static-lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        mark, signature = root.parent / SIGNATURE, _signature()
        whole = (root / MANIFEST).exists() and mark.exists()
        if not whole or mark.read_text() != signature:
            call_command("collectstatic", verbosity=0, interactive=False, clear=True)
            mark.write_text(signature)


def _signature() -> str:
    """Of names, sizes and times of all sources, and of how they are stored."""
    digest = hashlib.sha256(repr(settings.STORAGES["staticfiles"]).encode())
    for finder in get_finders():
        for path, storage in sorted(finder.list([]), key=lambda item: item[0]):
            stat = Path(storage.path(path)).stat()
            digest.update(f"{path} {stat.st_size} {stat.st_mtime_ns}\n".encode())
    return digest.hexdigest()


def _add_headers(headers: Headers, path: str, url: str) -> None:
    headers["X-Content-Type-Options"] = "nosniff"
