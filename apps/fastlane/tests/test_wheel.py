"""The wheel in a project that is none of ours and has an ``apps/`` of its own."""

from __future__ import annotations

import ast
import http.client
import json
import os
import shutil
import socket
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

pytestmark = pytest.mark.slow

PACKAGE = Path(__file__).resolve().parent.parent
INSTALLED = "crossover_fastlane"
PATIENCE_S = 120
LEFT_OUT = {"tests", "conformance", "build"}

ASGI = f"""
import os

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "shop.settings")

from {INSTALLED} import get_fastlane_application

application = get_fastlane_application()
"""
URLS = """
from django.urls import path

from apps.window import view

urlpatterns = [path("window/", view)]
"""
VIEW = f"""
import sys
import threading

from asgiref.sync import sync_to_async
from django.http import JsonResponse

from {INSTALLED} import release_thread


async def view(request):
    threads = [thread.name for thread in threading.enumerate()]
    leased = await sync_to_async(lambda: threading.current_thread().name)()
    return JsonResponse({{
        "threads": threads,  # before the first hop
        "leased": leased,
        "released": await release_thread(),
        "ours": [name for name in sys.modules if name.split(".")[0] in ("benchmarks", "project")],
        "apps": len([name for name in sys.modules if name.split(".")[0] == "apps"]),
    }})
"""
SETTINGS = f"""
import os

INSTALLED_APPS += ["{INSTALLED}"]
ALLOWED_HOSTS = ["127.0.0.1"]
FASTLANE_THREADS = int(os.environ.get("FASTLANE_THREADS", 2))
"""


def run(words: list[str], folder: Path, **env: str) -> tuple[int, str]:
    done = subprocess.run(
        words,
        cwd=folder,
        env={**surroundings(), **env},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=PATIENCE_S,
        check=False,
    )
    return done.returncode, done.stdout


def succeed(words: list[str], folder: Path, **env: str) -> None:
    status, said = run(words, folder, **env)
    assert status == 0, said


def surroundings() -> dict[str, str]:
    """Without what points to this checkout or its settings."""
    hidden = ("DJANGO_", "CROSSOVER_", "PYTHONPATH", "PYTHONWARNINGS", "SECRET_KEY")
    return {key: value for key, value in os.environ.items() if not key.startswith(hidden)}


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Built from a copy: setuptools leaves a ``build/`` beside its sources."""
    folder = tmp_path_factory.mktemp("wheel")
    ignored = shutil.ignore_patterns("__pycache__", "build", "*.egg-info")
    shutil.copytree(PACKAGE, folder / "source", ignore=ignored)
    words = ["-m", "pip", "wheel", "--no-deps", "--no-build-isolation", "--no-index", "-w", str(folder), "./source"]
    succeed([sys.executable, *words], folder)
    (built,) = folder.glob("*.whl")
    return built


@pytest.fixture(scope="module")
def site(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("site")
    words = ["-m", "pip", "install", "--no-deps", "--no-index", "--target", str(folder), str(wheel)]
    succeed([sys.executable, *words], folder)
    return folder


@pytest.fixture(scope="module")
def project(site: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("project")
    succeed([sys.executable, "-m", "django", "startproject", "shop", "."], folder)
    (folder / "apps").mkdir()
    (folder / "apps" / "__init__.py").touch()
    (folder / "apps" / "window.py").write_text(VIEW)
    (folder / "shop" / "urls.py").write_text(URLS)
    (folder / "shop" / "asgi_fastlane.py").write_text(ASGI)
    with (folder / "shop" / "settings.py").open("a") as settings:
        settings.write(SETTINGS)
    return folder


@pytest.fixture
def port(project: Path, site: Path) -> Iterator[int]:
    """A uvicorn of its own, on a socket that was listening before it was started."""
    listening = socket.create_server(("127.0.0.1", 0))
    with listening, (project / "server.log").open("w") as log:
        words = ["-m", "uvicorn", "shop.asgi_fastlane:application", "--fd", str(listening.fileno())]
        number: int = listening.getsockname()[1]
        server = subprocess.Popen(
            [sys.executable, *words],
            cwd=project,
            env={**surroundings(), "PYTHONPATH": str(site)},
            pass_fds=[listening.fileno()],
            stdout=log,
            stderr=log,
        )
    try:
        yield number
        server.terminate()
        server.wait(PATIENCE_S)
        assert "Application shutdown complete" in (project / "server.log").read_text()
    finally:
        server.kill()
        server.wait()


def get(port: int, path: str) -> Any:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENCE_S)
    try:
        connection.request("GET", path)
        response = connection.getresponse()
        body = response.read()
        assert response.status == 200, body
        return json.loads(body)
    finally:
        connection.close()


def modules(wheel: Path) -> dict[str, str]:
    with zipfile.ZipFile(wheel) as archive:
        return {name: archive.read(name).decode() for name in archive.namelist() if name.endswith(".py")}


def test_the_wheel_has_every_module_and_no_test(wheel: Path) -> None:
    sources = [path.relative_to(PACKAGE) for path in PACKAGE.rglob("*.py")]
    expected = {f"{INSTALLED}/{path.as_posix()}" for path in sources if not LEFT_OUT & set(path.parts)}
    assert set(modules(wheel)) == expected


def test_no_module_of_the_wheel_imports_the_project(wheel: Path) -> None:
    imported = set()
    for name, source in modules(wheel).items():
        for node in ast.walk(ast.parse(source, name)):
            if isinstance(node, ast.Import):
                imported |= {alias.name.split(".")[0] for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and not node.level:
                imported.add((node.module or "").split(".")[0])
    assert imported - set(sys.stdlib_module_names) == {"asgiref", "django"}


def test_the_wheel_says_what_it_is(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        (name,) = [name for name in archive.namelist() if name.endswith(".dist-info/METADATA")]
        metadata = archive.read(name).decode()
    head, _, description = metadata.partition("\n\n")
    assert {"License-Expression: BSD-3-Clause", "Requires-Dist: django<7,>=5.2", "Requires-Dist: asgiref>=3.11"} <= set(
        head.splitlines()
    )
    assert description.strip() == (PACKAGE / "README.md").read_text().strip()


def test_a_project_with_apps_of_its_own_is_served(port: int) -> None:
    answer = get(port, "/window/")
    assert answer == {"threads": ["MainThread"], "leased": "fastlane-1", "released": True, "ours": [], "apps": 2}


def test_its_checks_run_with_djangos(project: Path, site: Path) -> None:
    words = [sys.executable, "manage.py", "check"]
    status, said = run(words, project, PYTHONPATH=str(site))
    assert (status, "fastlane.E" in said) == (0, False), said
    status, said = run(words, project, PYTHONPATH=str(site), FASTLANE_THREADS="0")
    assert (status, "(fastlane.E001) FASTLANE_THREADS is 0" in said) == (1, True), said
