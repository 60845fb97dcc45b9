"""Adding a scenario is adding a folder, adding a server is adding a file: nothing else is edited."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from conftest import Sandbox

pytestmark = pytest.mark.slow

CARD = '''
"""The card of ``echo``."""

import random

from apps.scenarios.contract import Exchange, Expectation, Scenario, Variant


def exchange(dice: random.Random, wait_ms: float) -> Exchange:
    word = f"w{dice.randrange(1000)}"
    return Exchange(f"word={word}", expectation=Expectation(body=word.encode(), media_type="text/plain"))


SCENARIO = Scenario(
    name="echo",
    title="A word comes back",
    question="Is this scenario found?",
    claims=("C8",),
    look_for="Nothing.",
    variants=(
        Variant("sync"),
        Variant("async"),
        Variant("wrapped", not_applicable="nothing here is worth wrapping"),
        Variant("aiohttp"),
    ),
    exchange=exchange,
    malformed=("word=no%20word",),
)
'''
DJANGO_VIEW = '''
"""Echo."""

from django.http import HttpResponse, JsonResponse


{kind} view(request):
    word = request.GET["word"]
    if not word.isalnum():
        return JsonResponse({{"error": "one word"}}, status=400)
    return HttpResponse(word, content_type="text/plain")
'''
AIOHTTP_VIEW = '''
"""Echo, aiohttp."""

from aiohttp import web


async def view(request):
    word = request.query["word"]
    if not word.isalnum():
        return web.json_response({"error": "one word"}, status=400)
    return web.Response(text=word, content_type="text/plain")
'''
SERVER = '''
"""Uvicorn under another name."""

from dataclasses import replace

from benchmarks.servers.uvicorn import SERVER as UVICORN

SERVER = replace(UVICORN, name="uvicorn-again")
'''


@pytest.fixture(scope="module")
def extended(copied_tree: Path) -> Path:
    folder = copied_tree / "apps/scenarios/echo"
    folder.mkdir()
    (folder / "__init__.py").touch()
    (folder / "scenario.py").write_text(CARD)
    (folder / "sync_view.py").write_text(DJANGO_VIEW.format(kind="def"))
    (folder / "async_view.py").write_text(DJANGO_VIEW.format(kind="async def"))
    (folder / "aiohttp_view.py").write_text(AIOHTTP_VIEW)
    (copied_tree / "benchmarks/servers/uvicorn_again.py").write_text(SERVER)
    return copied_tree


@pytest.fixture
def there(sandbox: Sandbox, extended: Path) -> Sandbox:
    sandbox.root = extended
    return sandbox


def test_listed(there: Sandbox):
    listed = there.manage("runbench", "--list").stdout
    assert "echo  A word comes back" in listed
    assert "not applicable: nothing here is worth wrapping" in listed
    assert "uvicorn-again" in listed


def test_checks_have_nothing_to_say(there: Sandbox):
    assert "no issues" in there.manage("check").stdout


def test_routed(there: Sandbox):
    code = (
        "from django.urls import reverse; print(reverse('echo-sync'), reverse('echo-async'));"
        "from project.aiohttp_app import make_app; print([r.canonical for r in make_app().router.resources()])"
    )
    done = there.manage("shell", "-v0", "-c", code)
    assert "/echo/sync/ /echo/async/" in done.stdout, done.stderr
    assert "/echo/aiohttp/" in done.stdout
    assert "/echo/wrapped/" not in done.stdout


def test_taken_in_by_the_parity_suite(there: Sandbox):
    words = [
        "apps/scenarios/tests/test_parity.py",
        "-k",
        "echo or (plaintext and again)",
        "-v",
        "-p",
        "no:cacheprovider",
    ]
    done = there.run([sys.executable, "-m", "pytest", *words], timeout_s=150)
    assert done.returncode == 0, done.stdout[-3000:]
    for cell in ("echo-sync@gunicorn-threads", "echo-async@uvicorn-again", "echo-aiohttp@aiohttp"):
        assert f"[{cell}] PASSED" in done.stdout
    assert "[plaintext-sync@uvicorn-again] PASSED" in done.stdout


def test_measured(there: Sandbox):
    contenders = ["--contender", "async@uvicorn-again", "--contender", "wrapped@uvicorn-again"]
    done = there.manage("runbench", "echo", *contenders, "--rounds", "1", "--duration", "0.1", "--concurrency", "2")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "wrapped@uvicorn-again: not applicable: nothing here is worth wrapping" in done.stdout
