"""Static files: hashed, compressed, cached for good, and served before Django's middlewares."""

from __future__ import annotations

import gzip
import http.client
import re
import sys
from pathlib import Path

import pytest

from conftest import Sandbox
from project.tests.test_serving import fetch, started

pytestmark = pytest.mark.slow
HASHED = re.compile(r"[\"'(](/static/[^\"')]+\.[0-9a-f]{12}\.[a-z]+)[\"')]")


def ask(port: int, path: str, **headers: str) -> tuple[int, http.client.HTTPMessage, bytes]:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=15)
    try:
        connection.request("GET", path, headers=headers)
        response = connection.getresponse()
        return response.status, response.headers, response.read()
    finally:
        connection.close()


def test_files_have_hashed_names_and_are_cached_for_good(sandbox: Sandbox) -> None:
    with started(sandbox, "uvicorn", "project.asgi:application", probe="/") as port:
        page = fetch(port, "/")[2]
        paths = HASHED.findall(page)
        assert len(paths) >= 2
        for path in paths:
            status, headers, plain = ask(port, path)
            assert status == 200
            assert "immutable" in headers["Cache-Control"]
            assert headers["X-Content-Type-Options"] == "nosniff"
            assert "Access-Control-Allow-Origin" not in headers
            assert "X-Frame-Options" not in headers, "no middleware has seen it"
            _, headers, packed = ask(port, path, **{"Accept-Encoding": "gzip"})
            assert headers["Content-Encoding"] == "gzip"
            assert gzip.decompress(packed) == plain
        plain_name = re.sub(r"\.[0-9a-f]{12}\.", ".", paths[0])
        assert "immutable" not in ask(port, plain_name)[1]["Cache-Control"]
        for path in (
            "/static/../project/settings.py",
            "/static/%2e%2e/secret_key",
            "/static/.static-signature",
            "/static/../.static-signature",
        ):
            assert ask(port, path)[0] == 404


def test_pages_have_a_strict_policy(sandbox: Sandbox) -> None:
    with started(sandbox, "uvicorn", "project.asgi:application", probe="/") as port:
        for path in ("/", "/runs/", "/no/such/page/", "/admin/login/"):
            policy = ask(port, path)[1]["Content-Security-Policy"]
            directives = dict(item.strip().partition(" ")[::2] for item in policy.split(";"))
            assert "unsafe-inline" not in policy
            assert directives["default-src"] == "'none'"
            assert directives["script-src"] == directives["style-src"] == "'self'"
            assert directives["frame-ancestors"] == directives["base-uri"] == "'none'"
            assert directives["form-action"] == "'self'"


def test_a_file_that_changed_is_collected_again(sandbox: Sandbox) -> None:
    code = (
        "import sys; from pathlib import Path; from django.conf import settings; from project.static_files import *;"
        "settings.STATICFILES_DIRS = [sys.argv[1]]; collect(); root = Path(settings.STATIC_ROOT);"
        "print(sorted(path.name for path in root.glob('seen/*')), (root.parent / SIGNATURE).stat().st_mtime_ns)"
    )
    folder = sandbox.temporary / "more" / "seen"
    folder.mkdir(parents=True)
    setup = "import sys, django; django.setup();"

    def collected() -> tuple[str, str]:
        done = sandbox.run(
            [sys.executable, "-c", setup + code, str(folder.parent)], DJANGO_SETTINGS_MODULE="project.settings"
        )
        assert done.returncode == 0, done.stderr
        names, _, moment = done.stdout.strip().rpartition(" ")
        return names, moment

    (folder / "a.css").write_text("a { color: red }")
    first = collected()
    assert first == collected(), "nothing is done when nothing changed"
    (folder / "a.css").write_text("a { color: blue; }")
    second = collected()
    assert second[0] != first[0]
    Path(folder / "a.css").unlink()
    assert collected()[0] == "[]"
