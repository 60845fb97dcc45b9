"""Every page, light and dark, narrow and wide: axe, nothing cut off, charts drawn, without a complaint."""

from __future__ import annotations

import pytest
from playwright.sync_api import Browser

from apps.comparisons.tests.browser.conftest import Open
from apps.comparisons.tests.browser.showcase import Showcase
from apps.comparisons.tests.browser.visit import Visit

pytestmark = pytest.mark.slow

PAGES = {
    "overview": "/",
    "scenarios": "/scenarios/",
    "scenario": "/scenarios/slow_io/",
    "code": "/scenarios/fan_out/code/sync/async/",
    "live": "/live/",
    "runs": "/runs/",
    "run": "/runs/1/",
    "compare": "/runs/1/compare/2/",
    "sign-in": "/sign-in/",
}
NARROW, WIDE = 360, 1440
WITH_CHARTS = ("scenario", "run", "compare")
COLOURS = """canvas => {
    const pixels = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height).data;
    const found = new Set();
    for (let place = 0; place < pixels.length; place += 4 * 7)
        if (pixels[place + 3] > 200) found.add(pixels.slice(place, place + 3).join());
    return found.size;
}"""


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("name", PAGES)
def test_is_accessible_and_fits(visit: Open, name: str, scheme: str):
    found = visit(PAGES[name], scheme=scheme, width=WIDE)
    assert found.violations() == []
    found.narrow(NARROW)
    assert found.violations() == []
    assert found.page.evaluate("document.documentElement.scrollWidth") <= NARROW


@pytest.mark.parametrize("width", [NARROW, WIDE])
@pytest.mark.parametrize("name", WITH_CHARTS)
def test_charts_are_drawn_when_they_come_into_view(visit: Open, name: str, width: int):
    page = visit(PAGES[name], width=width).page
    plots = page.locator("[data-chart]")
    for number in range(min(plots.count(), 6)):
        plot = plots.nth(number)
        plot.scroll_into_view_if_needed()
        canvas = plot.locator("canvas").first
        canvas.wait_for(timeout=5000)
        page.wait_for_timeout(50)
        assert canvas.evaluate(COLOURS) > 3
        box, around = canvas.bounding_box(), plot.bounding_box()
        assert box and around and box["x"] + box["width"] <= around["x"] + around["width"] + 1


def test_charts_far_below_wait(visit: Open):
    page = visit(PAGES["run"]).page
    assert page.locator("[data-chart]").count() > 40
    assert page.locator("[data-chart] canvas").count() < 20


def test_names_of_lines_dim_the_others(visit: Open):
    page = visit(PAGES["scenario"]).page
    figure = page.locator("figure", has=page.locator('[data-chart$=":latency"]'))
    figure.scroll_into_view_if_needed()
    names = figure.get_by_role("toolbar").get_by_role("button")
    names.first.wait_for()
    page.wait_for_timeout(100)
    before = figure.locator("canvas").first.evaluate("canvas => canvas.toDataURL()")
    names.first.focus()
    page.keyboard.press("ArrowDown")
    page.wait_for_timeout(400)
    assert names.nth(1).evaluate("node => node === document.activeElement")
    assert figure.locator("canvas").first.evaluate("canvas => canvas.toDataURL()") != before


def test_a_chart_follows_the_colour_scheme_and_the_width(visit: Open):
    page = visit(PAGES["scenario"]).page
    canvas = page.locator("[data-chart] canvas").first
    page.locator("[data-chart]").first.scroll_into_view_if_needed()
    canvas.wait_for()
    page.wait_for_timeout(100)
    light = canvas.evaluate("canvas => canvas.toDataURL()")
    page.emulate_media(color_scheme="dark")
    page.wait_for_timeout(400)
    assert canvas.evaluate("canvas => canvas.toDataURL()") != light
    page.set_viewport_size({"width": 500, "height": 900})
    page.wait_for_timeout(400)
    box = canvas.bounding_box()
    assert box and box["width"] < 500


def test_without_the_library_the_tables_are_open(browser: Browser, showcase: Showcase):
    context = browser.new_context()
    context.route("**/echarts*", lambda route: route.abort())
    page = Visit(context.new_page(), showcase.url).to(PAGES["scenario"])
    figure = page.locator("figure.chart").first
    assert figure.locator("table").is_visible()
    assert not figure.locator("[data-chart]").is_visible()
    context.close()


@pytest.mark.parametrize("name", ["overview", "scenario"])
def test_the_keyboard_reaches_content_and_navigation_first(visit: Open, name: str):
    page = visit(PAGES[name]).page
    page.keyboard.press("Tab")
    assert page.locator(":focus").inner_text() == "Skip to content"
    for words in ("Crossover", "Overview", "Scenarios", "Live race", "Runs"):
        page.keyboard.press("Tab")
        assert page.locator(":focus").inner_text() == words
    page.keyboard.press("Shift+Tab")
    for _ in range(4):
        page.keyboard.press("Shift+Tab")
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "main"


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("overview", "slow_io"),
        ("scenario", "Throughput at 32 connections"),
        ("code", "async def"),
        ("runs", "run 1"),
        ("run", "sync@gunicorn-threads"),
        ("compare", "What changed"),
    ],
)
def test_works_without_javascript(visit: Open, name: str, words: str):
    page = visit(PAGES[name], java_script_enabled=False).page
    assert words in page.locator("main").inner_text()
    if name in WITH_CHARTS:
        assert not page.locator("[data-chart]").first.is_visible()
        page.locator("figure.chart summary").first.click()
        assert page.locator("figure.chart table").first.is_visible()
