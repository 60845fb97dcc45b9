"""A browser on a real showcase. Playwright's loop runs while a module's tests do, and no longer: others need theirs."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, sync_playwright

from apps.comparisons.tests.browser import chromium
from apps.comparisons.tests.browser.showcase import REFERENCE, Showcase, copied, open_showcase, second_run
from apps.comparisons.tests.browser.visit import HEIGHT, Visit

PATIENCE_MS = 15_000
Open = Callable[..., Visit]


@pytest.fixture(scope="session")
def executable() -> str:
    found = chromium.find()
    if found is None:
        (pytest.fail if chromium.required() else pytest.skip)(chromium.ABSENT)
    return found


@pytest.fixture(scope="module")
def browser(executable: str) -> Iterator[Browser]:
    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=executable, args=chromium.arguments())
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def folder() -> Iterator[Path]:
    # Not below tmp_path: that is private, and a run's PostgreSQL, which is not run as root, has to pass through.
    with tempfile.TemporaryDirectory(prefix="crossover-test-") as name:
        Path(name).chmod(0o711)
        yield Path(name)


@pytest.fixture(scope="session")
def showcase(executable: str, folder: Path) -> Iterator[Showcase]:
    """Run 1 is the reference, run 2 an earlier one."""
    with open_showcase(folder / "var", [REFERENCE, second_run(folder)]) as showcase:
        yield showcase


@pytest.fixture(scope="session")
def debug_showcase(showcase: Showcase, folder: Path) -> Iterator[Showcase]:
    with open_showcase(copied(showcase, folder / "debug"), DJANGO_DEBUG="1") as found:
        yield found


@pytest.fixture
def visit(browser: Browser, showcase: Showcase) -> Iterator[Open]:
    """``visit("/runs/", scheme="dark", width=360)``; in the end nothing may have been complained of."""
    visits = []

    def opened(
        path: str, *, scheme: str = "light", width: int = 1440, at: Showcase = showcase, **options: Any
    ) -> Visit:
        context = browser.new_context(
            color_scheme=scheme, viewport={"width": width, "height": HEIGHT}, accept_downloads=True, **options
        )
        context.set_default_timeout(PATIENCE_MS)
        visits.append(Visit(context.new_page(), at.url))
        visits[-1].to(path)
        return visits[-1]

    yield opened
    for one in visits:
        one.page.context.close()
    for one in visits:
        one.check()
