"""With DJANGO_DEBUG=1 the debug toolbar is on every page, and works under ASGI and the pages' CSP."""

from __future__ import annotations

import pytest

from apps.comparisons.tests.browser.conftest import Open
from apps.comparisons.tests.browser.showcase import Showcase
from apps.comparisons.tests.browser.test_pages import PAGES

pytestmark = pytest.mark.slow


@pytest.mark.parametrize("name", PAGES)
def test_panels_open_and_the_handle_shows(visit: Open, debug_showcase: Showcase, name: str):
    page = visit(PAGES[name], at=debug_showcase).page
    for panel, words in (("HeadersPanel", "Accept-Language"), ("TemplatesPanel", "comparisons/base.html")):
        page.locator(f"#djdt-{panel} a").click()
        page.locator(f"#{panel}").get_by_text(words).first.wait_for()
    page.locator("#djHideToolBarButton").click()
    assert page.locator("#djShowToolBarButton").is_visible()
