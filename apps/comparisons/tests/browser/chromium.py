"""Finds a Chromium for the browser tests, and as root installs one where there is none.

python -m apps.comparisons.tests.browser.chromium
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

NAMED, REQUIRED = "CROSSOVER_CHROMIUM", "CROSSOVER_BROWSER"
NAMES = ("chromium", "chromium-browser", "google-chrome")
PACKAGE = ("apt-get", "install", "-y", "--no-install-recommends", "chromium")
ABSENT = (
    "The browser tests are skipped: there is no Chromium (name one with CROSSOVER_CHROMIUM, install your system's, "
    "or run: python -m playwright install chromium)."
)


def find() -> str | None:
    """The path of a browser; where ``CROSSOVER_CHROMIUM`` names one, that one or none."""
    if named := os.environ.get(NAMED):
        return shutil.which(named)
    return next(filter(None, map(shutil.which, NAMES)), None) or _playwrights_own()


def _playwrights_own() -> str | None:
    from playwright.sync_api import sync_playwright

    with sync_playwright() as driver:
        path = driver.chromium.executable_path
    return path if Path(path).exists() else None


def install() -> None:
    """With the system's package manager, where we may; what it says is shown only when it fails."""
    if os.environ.get(NAMED) or os.geteuid() != 0 or shutil.which("apt-get") is None:
        return
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    for command in (PACKAGE, ("apt-get", "update"), PACKAGE):
        done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
        if done.returncode == 0 and command == PACKAGE:
            return
    sys.stderr.write(done.stderr)


def required() -> bool:
    return os.environ.get(REQUIRED) == "required"


def arguments() -> list[str]:
    """Chromium's sandbox refuses to work as root."""
    return ["--no-sandbox"] if os.geteuid() == 0 else []


def main() -> int:
    """Says which one it is, or in one sentence that there is none; an error only where one is required."""
    if find() is None:
        install()
    found = find()
    sys.stdout.write(f"Browser tests use {found}.\n" if found else f"{ABSENT}\n")
    return 1 if found is None and required() else 0


if __name__ == "__main__":
    sys.exit(main())
