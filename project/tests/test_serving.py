"""The showcase and the sibling service as a newcomer starts them: from a fresh checkout, with nothing else running."""

from __future__ import annotations

import http.client
import json
import os
import stat
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from html import escape

import pytest

from apps.scenarios.contract import Scenario, Variant
from apps.scenarios.registry import scenarios
from benchmarks.guardian import free_port
from benchmarks.servers.base import Interface
from conftest import Sandbox

pytestmark = pytest.mark.slow


def browsed(card: Scenario, variant: Variant) -> int:
    """The status of a variant's answer to a browser that is not logged in, with SQLite behind it."""
    if card.method != "GET":
        return 405
    if variant.needs_postgresql and "of=calls" not in card.example:
        return 501
    return 302 if card.needs_middleware else 200


DJANGO_PATHS = {
    f"/{card.name}/{variant.name}/?{card.example}": browsed(card, variant)
    for card in scenarios().values()
    for variant in card.applicable
    if Interface.ASGI in variant.interfaces
}


def fetch(port: int, path: str) -> tuple[int, http.client.HTTPMessage, str]:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=15)
    try:
        connection.request("GET", path)
        response = connection.getresponse()
        return response.status, response.headers, response.read().decode()
    finally:
        connection.close()


@contextmanager
def started(sandbox: Sandbox, *words: str, probe: str = "/_identity/", **env: str) -> Iterator[int]:
    """A service in a process of its own; yields its port."""
    port = free_port()
    process = subprocess.Popen(
        [sys.executable, "-m", *words, "--port", str(port)],
        cwd=sandbox.root,
        env={**sandbox.env, **env},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    try:
        deadline_s = time.monotonic() + 40
        while True:
            try:
                fetch(port, probe)
                break
            except OSError:
                assert process.poll() is None, process.stdout.read()
                assert time.monotonic() < deadline_s
                time.sleep(0.05)
        yield port
    finally:
        process.terminate()
        process.communicate(timeout=15)


def test_uvicorn_serves_everything_by_itself(sandbox: Sandbox):
    with started(sandbox, "uvicorn", "project.asgi:application", probe="/") as port:
        status, headers, page = fetch(port, "/")
        assert status == 200
        assert headers["X-Frame-Options"] == "DENY"
        assert "Nothing has been measured yet" in page
        assert "djdt" not in page
        for path, expected in DJANGO_PATHS.items():
            status, _, body = fetch(port, path)
            assert status == expected, (path, body)
            if expected == 405:
                continue
            name = path.split("/")[1]
            assert escape(path.rstrip("?")) in fetch(port, f"/scenarios/{name}/")[2], "each can be tried from its page"
            if expected == 501:
                assert "PostgreSQL" in json.loads(body)["error"], "what SQLite cannot do is answered with the reason"
        for variant in ("sync", "async", "wrapped"):
            legs = json.loads(fetch(port, f"/fan_out/{variant}/?book=1")[2])["legs"]
            assert len(legs) == 10
            assert all("start it with: python -m benchmarks.services.upstream" in leg["error"] for leg in legs)
        status, _, body = fetch(port, "/no/such/page/")
        assert status == 404
        assert "settings" not in body.lower()
        status, headers, _ = fetch(port, "/static/admin/css/base.css")
        assert (status, headers.get_content_type()) == (200, "text/css")
        assert fetch(port, "/admin/login/")[0] == 200
    assert stat.S_IMODE((sandbox.var / "secret_key").stat().st_mode) == 0o600
    assert (sandbox.var / "showcase.sqlite3").exists()


def test_the_fast_lane_serves_the_same_project(sandbox: Sandbox):
    with started(sandbox, "uvicorn", "project.asgi_fastlane:application", probe="/") as port:
        status, headers, page = fetch(port, "/")
        assert (status, headers["X-Frame-Options"]) == (200, "DENY")
        assert "Nothing has been measured yet" in page
        for path, expected in DJANGO_PATHS.items():
            assert fetch(port, path)[0] == expected, path
        legs = json.loads(fetch(port, "/fan_out/async/?book=1")[2])["legs"]  # by what its lifespan has opened
        assert all("start it with: python -m benchmarks.services.upstream" in leg["error"] for leg in legs)
        status, headers, _ = fetch(port, "/static/admin/css/base.css")
        assert (status, headers.get_content_type()) == (200, "text/css")
        assert fetch(port, "/admin/login/")[0] == 200
        assert fetch(port, "/no/such/page/")[0] == 404


FASTLANE_ENDS = """
import asyncio
from asgiref.testing import ApplicationCommunicator as Talk
from project.asgi_fastlane import application, fastlane

async def play():
    lifespan = Talk(application, {"type": "lifespan"})
    await lifespan.send_input({"type": "lifespan.startup"})
    print((await lifespan.receive_output(10))["type"])
    headers = [(b"host", b"localhost")]
    scope = {"type": "http", "http_version": "1.1", "method": "GET", "path": "/plaintext/sync/", "headers": headers}
    request = Talk(application, {**scope, "query_string": b"", "state": lifespan.scope["state"]})
    await request.send_input({"type": "http.request"})
    print((await request.receive_output(10))["status"])
    await request.receive_output(10)
    await request.wait(10)
    print(fastlane.handler.threads.existing)
    await lifespan.send_input({"type": "lifespan.shutdown"})
    print((await lifespan.receive_output(10))["type"], fastlane.handler.threads.existing)

asyncio.run(play())
"""


def test_the_fast_lanes_threads_end_with_the_projects_lifespan(sandbox: Sandbox):
    done = sandbox.run([sys.executable, "-c", FASTLANE_ENDS])
    told = ["lifespan.startup.complete", "200", "1", "lifespan.shutdown.complete 0"]
    assert done.stdout.splitlines() == told, done.stderr


def test_two_workers_prepare_once(sandbox: Sandbox):
    with started(sandbox, "uvicorn", "project.asgi:application", "--workers", "2", probe="/") as port:
        assert fetch(port, "/orm_read/sync/?book=200")[0] == 200
        assert fetch(port, "/orm_read/sync/?book=201")[0] == 404
    counted = sandbox.manage("shell", "-v0", "-c", "from apps.catalog.models import *; print(Seed.objects.count())")
    assert counted.stdout.strip() == "1"


def test_the_index_shows_the_last_run(sandbox: Sandbox):
    words = ("plaintext", "--contender", "sync@gunicorn-threads", "--contender", "aiohttp@aiohttp")
    done = sandbox.manage("runbench", *words, "--rounds", "1", "--duration", "0.1", "--concurrency", "2")
    assert done.returncode == 0, done.stderr
    with started(sandbox, "uvicorn", "project.asgi:application", probe="/") as port:
        assert 'href="/runs/1/"' in fetch(port, "/")[2]
        page = fetch(port, "/scenarios/plaintext/")[2]
    assert "At 2 connections" in page or "nothing can be said" in page


def test_debug_toolbar_only_on_request(sandbox: Sandbox):
    with started(sandbox, "uvicorn", "project.asgi:application", probe="/", DJANGO_DEBUG="1") as port:
        status, _, page = fetch(port, "/")
    assert status == 200
    assert "djDebug" in page


def test_gunicorn_serves_what_needs_no_loop_and_says_what_does(sandbox: Sandbox):
    port = free_port()
    words = ["gunicorn", "project.wsgi:application", "--no-control-socket", "--bind", f"127.0.0.1:{port}"]
    process = subprocess.Popen([sys.executable, "-m", *words], cwd=sandbox.root, env=sandbox.env, stderr=-3)
    try:
        deadline_s = time.monotonic() + 40
        while True:
            try:
                assert fetch(port, "/")[0] == 200
                break
            except OSError:
                assert time.monotonic() < deadline_s
                time.sleep(0.05)
        assert fetch(port, "/orm_read/sync/?book=1")[0] == 200
        assert fetch(port, "/static/admin/css/base.css")[0] == 200
        status, _, body = fetch(port, "/fan_out/async/?book=1")
        assert status == 501
        assert "uvicorn project.asgi:application" in body
    finally:
        process.terminate()
        process.wait(timeout=15)


def test_wsgi_door(sandbox: Sandbox):
    code = (
        "from project.wsgi import application; from wsgiref.util import setup_testing_defaults as d; e = {};"
        "d(e); e['HTTP_HOST'] = 'localhost'; print(application(e, lambda *a: print(a[0])) and 'answered')"
    )
    done = sandbox.run([sys.executable, "-c", code])
    assert done.stdout.split("\n")[:2] == ["200 OK", "answered"], done.stderr


def test_the_sibling_serves_and_names_what_it_lacks(sandbox: Sandbox):
    with started(sandbox, "project.aiohttp_app") as port:
        assert fetch(port, "/plaintext/aiohttp/")[2] == "Hello, world!"
        legs = json.loads(fetch(port, "/fan_out/aiohttp/?book=1")[2])["legs"]
        assert all("start it with" in leg["error"] for leg in legs)
        status, headers, body = fetch(port, "/orm_read/aiohttp/?book=1")
        assert status == 503
        assert headers.get_content_type() == "application/json"
        assert "CROSSOVER_DATABASE_URL" in body


@pytest.mark.parametrize("port", ["0", "99999", "-1", "http"])
def test_a_port_that_is_none_is_refused(sandbox: Sandbox, port: str):
    done = sandbox.run([sys.executable, "-m", "project.aiohttp_app", "--port", port], timeout_s=30)
    assert done.returncode == 2
    assert "is not a port" in done.stderr or "expected one argument" in done.stderr


@pytest.mark.parametrize("module", ["project.aiohttp_app", "benchmarks.services.upstream"])
def test_a_busy_port_is_one_clear_sentence(sandbox: Sandbox, module: str):
    with started(sandbox, "benchmarks.services.upstream") as port:
        done = sandbox.run([sys.executable, "-W", "ignore", "-m", module, "--port", str(port)], timeout_s=30)
    assert done.returncode == 1
    assert done.stderr.strip().splitlines()[-1].endswith("choose another with --port")
    assert "Traceback" not in done.stderr


def test_the_sibling_imports_no_django(sandbox: Sandbox):
    code = "import sys; from project.aiohttp_app import make_app; make_app(); print('django' in sys.modules)"
    done = sandbox.run([sys.executable, "-c", code])
    assert done.stdout.strip() == "False", done.stderr


@pytest.mark.parametrize("https", ["", "1"])
def test_check_deploy_has_nothing_to_say(sandbox: Sandbox, https: str):
    done = sandbox.manage("check", "--deploy", "--fail-level", "WARNING", DJANGO_HTTPS=https)
    assert done.returncode == 0, done.stderr
    assert "no issues" in done.stdout


def test_https_turns_on_cookies_redirect_and_hsts(sandbox: Sandbox):
    code = (
        "from django.conf import settings as s; print(s.DEBUG, s.SESSION_COOKIE_SECURE, s.CSRF_COOKIE_SECURE,"
        "s.SECURE_SSL_REDIRECT, s.SECURE_HSTS_SECONDS > 0)"
    )
    seen = [sandbox.manage("shell", "-v0", "-c", code, DJANGO_HTTPS=https).stdout.split() for https in ("", "1")]
    assert seen == [["False"] * 5, ["False", *["True"] * 4]]


def test_secret_key_from_the_environment_is_used_and_nothing_is_written(sandbox: Sandbox):
    code = "from django.conf import settings as s; print(s.SECRET_KEY)"
    given = sandbox.manage("shell", "-v0", "-c", code, SECRET_KEY="given" * 12)
    assert given.stdout.strip() == "given" * 12
    assert not (sandbox.var / "secret_key").exists()
    made = [sandbox.manage("shell", "-v0", "-c", code).stdout.strip() for _ in range(2)]
    assert made[0] == made[1] != ""
    assert os.listdir(sandbox.var) == ["secret_key"]
