"""On paper: charts that nobody has scrolled to are drawn all the same, and their tables are left to the screen."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from apps.comparisons.tests.browser.conftest import Open
from apps.comparisons.tests.browser.showcase import Showcase
from apps.comparisons.tests.browser.test_pages import PAGES, WITH_CHARTS
from apps.comparisons.tests.browser.visit import Visit

pytestmark = pytest.mark.slow

BELOW = ("scenario", "run")  # whose charts do not all come into view by themselves
# Read from a copy: who reads a canvas itself twice is warned by the browser.
BARE = """() => [...document.querySelectorAll('.plot:not([hidden])')].filter(plot => {
    const canvas = plot.querySelector('canvas');
    if (!canvas) return true;
    const copy = new OffscreenCanvas(canvas.width, canvas.height).getContext('2d', { willReadFrequently: true });
    copy.drawImage(canvas, 0, 0);
    const pixels = copy.getImageData(0, 0, canvas.width, canvas.height).data;
    const colours = new Set();
    for (let place = 0; place < pixels.length; place += 4 * 7)
        if (pixels[place + 3] > 200) colours.add(pixels.slice(place, place + 3).join());
    return colours.size <= 3;
}).map(plot => plot.dataset.chart)"""
# What is true while the browser lays out paper, which no test can look at.
WATCH = """() => {
    [window.wider, window.broken] = [null, null];
    const all = () => [...document.querySelectorAll('.plot:not([hidden])')];
    matchMedia('print').addEventListener('change', ({ matches }) => {
        if (!matches) return;
        const over = plot => plot.querySelector('.drawing').firstChild.offsetWidth > plot.clientWidth;
        window.wider = all().filter(over).map(plot => plot.dataset.chart);
        const whole = plot => getComputedStyle(plot.closest('.chart')).breakInside === 'avoid';
        window.broken = all().filter(plot => !whole(plot)).map(plot => plot.dataset.chart);
    });
}"""
SHOWN = "nodes => nodes.map(node => node.checkVisibility())"


def bare(page: Page) -> list[str]:
    """The charts in whose place nothing was painted."""
    return page.evaluate(BARE)


def plots(page: Page) -> int:
    return page.locator(".plot:not([hidden])").count()


def shown(page: Page, selector: str) -> set[bool]:
    """Whether these are to be seen: all of them, none, or some."""
    return set(page.locator(selector).evaluate_all(SHOWN))


@pytest.mark.parametrize("name", WITH_CHARTS)
def test_printing_draws_every_chart(visit: Open, name: str):
    page = visit(PAGES[name]).page
    assert plots(page) > 0
    if name in BELOW:
        assert bare(page)
    printed = page.pdf()
    assert printed.startswith(b"%PDF-")
    assert printed.rstrip().endswith(b"%%EOF")
    assert bare(page) == []


def test_a_file_is_printed_as_its_page_is(visit: Open, tmp_path: Path):
    page = visit(PAGES["run"]).page
    address = page.get_by_role("link", name=re.compile("^HTML")).get_attribute("href")
    path = tmp_path / "run.html"
    path.write_bytes(page.request.get(f"{page.url.split('/runs')[0]}{address}").body())
    opened = Visit(page.context.new_page(), path.as_uri())
    opened.to("")
    assert bare(opened.page)
    assert opened.page.pdf().startswith(b"%PDF-")
    assert plots(opened.page) == plots(page)
    assert bare(opened.page) == []
    assert opened.requests == [path.as_uri()]
    opened.check()


def test_what_is_drawn_already_is_not_drawn_anew(visit: Open):
    page = visit(PAGES["scenario"]).page
    first = page.locator(".plot").first
    first.scroll_into_view_if_needed()
    first.locator("canvas").wait_for()
    first.locator("canvas").evaluate("canvas => { canvas.dataset.seen = 'before'; }")
    page.emulate_media(media="print")
    page.evaluate("dispatchEvent(new Event('beforeprint'))")
    assert bare(page) == []
    page.evaluate("dispatchEvent(new Event('beforeprint'))")
    assert page.locator(".plot .drawing").count() == plots(page)
    expect(first.locator("canvas")).to_have_attribute("data-seen", "before")


@pytest.mark.parametrize("name", WITH_CHARTS)
def test_tables_of_charts_are_not_printed(visit: Open, name: str):
    page = visit(PAGES[name]).page
    page.locator(".chart summary").first.click()
    expect(page.locator(".chart details table").first).to_be_visible()
    assert shown(page, ".chart details") == {True}
    page.emulate_media(media="print")
    assert shown(page, ".chart details") == {False}
    assert shown(page, ".chart details table") == {False}
    assert shown(page, ".chart figcaption, .chart .plot") == {True}
    assert shown(page, "main section > details") <= {True}, "what belongs to no chart is printed"
    page.emulate_media(media="screen")
    assert shown(page, ".chart details") == {True}


@pytest.mark.parametrize("name", WITH_CHARTS)
def test_charts_are_as_wide_as_the_paper_and_in_one_piece(visit: Open, name: str):
    page = visit(PAGES[name]).page
    page.evaluate(WATCH)
    page.pdf()
    wider, broken = page.evaluate("[window.wider, window.broken]")
    assert wider == []
    assert broken == []


@pytest.mark.parametrize("options", [{"java_script_enabled": False}, {}], ids=["javascript", "library"])
def test_where_there_is_no_chart_its_table_is_printed(browser: Browser, showcase: Showcase, options: dict[str, bool]):
    context = browser.new_context(**options)
    context.route("**/echarts*", lambda route: route.abort())
    page = Visit(context.new_page(), showcase.url).to(PAGES["scenario"])
    page.emulate_media(media="print")
    expect(page.locator(".chart table").first).to_be_visible()
    assert shown(page, ".chart table") == {True}
    context.close()
