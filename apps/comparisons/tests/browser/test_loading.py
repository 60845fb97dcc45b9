"""What a first visit costs: few requests before anything is seen, little to carry, and a library that is kept."""

from __future__ import annotations

import re

import pytest

from apps.comparisons.tests.browser.conftest import Open
from apps.comparisons.tests.browser.test_pages import PAGES

pytestmark = pytest.mark.slow

LIBRARY = re.compile(r"/static/.*/echarts\.min\.[0-9a-f]{12}\.js$")
CARRIED = """() => ['navigation', 'resource'].flatMap(kind => performance.getEntriesByType(kind)).map(one => ({
    url: one.name,
    bytes: one.encodedBodySize,
    blocks: one.entryType === 'navigation' || one.renderBlockingStatus === 'blocking',
}))"""


@pytest.mark.parametrize("name", ["overview", "scenario", "code", "runs", "run", "compare"])
def test_little_is_needed_for_the_first_paint(visit: Open, name: str):
    carried = [one for one in visit(PAGES[name]).page.evaluate(CARRIED) if not one["url"].startswith("data:")]
    assert len([one["url"] for one in carried if one["blocks"]]) <= 3
    assert sum(one["bytes"] for one in carried if not LIBRARY.search(one["url"])) <= 150_000


def test_the_library_comes_late_and_is_kept(visit: Open):
    page = visit(PAGES["scenario"]).page
    script = page.locator('script[src*="echarts"]')
    assert script.get_attribute("defer") is not None
    address = script.get_attribute("src")
    assert address
    assert LIBRARY.search(address)
    headers = page.request.get(f"{page.url.split('/scenarios')[0]}{address}").headers
    assert "immutable" in headers["cache-control"]
    assert headers["content-encoding"] in ("br", "gzip")
