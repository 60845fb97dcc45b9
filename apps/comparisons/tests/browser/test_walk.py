"""The whole way a team lead goes: overview, scenario, difference, try it, live race, run, comparison, exported file."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from apps.comparisons.tests.browser.conftest import Open
from apps.comparisons.tests.browser.showcase import Showcase
from apps.comparisons.tests.browser.test_pages import COLOURS
from apps.comparisons.tests.browser.visit import Visit

pytestmark = pytest.mark.slow

RACE_MS = 60_000
SCENARIO, RACED = "fan_out", "slow_io"  # whose waits leave a busy machine time enough, so that rounds are valid
STORED = 2  # of which it is known that it has charts


def test_from_the_overview_to_a_file(visit: Open, showcase: Showcase, tmp_path: Path):
    """Two go it, one in light and wide, one in dark and narrow: who comes second looks on at the other's race."""
    runner, onlooker = visit("/"), visit("/", scheme="dark", width=360)
    for found in (runner, onlooker):
        page = found.page
        page.get_by_role("row").get_by_role("link", name=SCENARIO, exact=True).click()
        expect(page).to_have_url(re.compile(f"/scenarios/{SCENARIO}/"))
        see_the_difference(page)
        page.go_back()
        try_it(page)
    sign_in(runner.page, showcase)
    start_a_race(runner)
    onlooker.to("/live/").get_by_role("link", name="Watch it").click()
    run = watch_to_the_end(runner, onlooker)
    for found in (runner, onlooker):
        compare_with_the_reference(found.page, run)
        found.to(f"/runs/{STORED}/")
        read_from_disk(found, save(found.page, tmp_path))


def see_the_difference(page: Page) -> None:
    page.get_by_label("Left", exact=True).select_option("sync")
    page.get_by_label("Right", exact=True).select_option("async")
    page.get_by_role("button", name="Difference").click()
    expect(page).to_have_url(re.compile(f"/scenarios/{SCENARIO}/code/sync/async/"))
    expect(page.locator("main")).to_contain_text("async def")


def try_it(page: Page) -> None:
    page.get_by_role("button", name="Run each once").click()
    expect(page.locator("[data-try-status]")).to_contain_text("Done:", timeout=20_000)
    for variant in ("sync", "async", "wrapped", "aiohttp"):
        result = page.locator(f'[data-variant="{variant}"] [data-result]')
        expect(result.locator("svg, canvas, [class*=span]").first).to_be_visible()
        expect(result).to_contain_text("200")


def sign_in(page: Page, showcase: Showcase) -> None:
    page.goto(showcase.manage("signinlink", "--base-url", showcase.url).strip())
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("heading", name="Start one")).to_be_visible()


def start_a_race(found: Visit) -> None:
    """Three rounds of two contenders."""
    page = found.to(f"/live/?scenario={RACED}")
    assert found.violations() == []
    for box in page.get_by_role("checkbox").all():
        box.set_checked(box.get_attribute("value") in ("sync@gunicorn-threads", "async@uvicorn"))
    page.get_by_label("Connections").select_option("32")
    page.get_by_label("Rounds").select_option("3")
    page.get_by_role("button", name="Start the race").click()
    expect(page).to_have_url(re.compile(r"/live/\d+/"))


def watch_to_the_end(*visits: Visit) -> int:
    """It moves for everybody without their doing; the number of the run that the race became.

    The chart shows valid rounds alone, and on a busy machine there may be none.
    """
    for found in visits:
        expect(found.page.locator("[data-progress]")).not_to_have_attribute("value", "0", timeout=RACE_MS)
    for found in visits:
        page = found.page
        to_the_run = page.get_by_role("link", name=re.compile(r"^Run \d+: all tables and charts"))
        expect(to_the_run).to_be_visible(timeout=RACE_MS)
        valid = sum(int(text) for text in page.locator('[data-figure="valid"]').all_inner_texts())
        expect(page.locator("[data-race-chart] canvas")).to_have_count(1 if valid else 0)
        told = page.locator("[data-rounds-of] td").all_text_contents()
        assert sum(text != "–" for text in told) == valid, "the table below the chart has the same rounds"
        assert found.violations() == []
        to_the_run.click()
        expect(page.get_by_role("heading", level=1)).to_contain_text("Run ")
    return int(re.search(r"/runs/(\d+)/", visits[0].page.url)[1])


def compare_with_the_reference(page: Page, run: int) -> None:
    page.get_by_role("navigation", name="Pages").get_by_role("link", name="Runs").click()
    for number in (1, run):
        page.get_by_label(f"compare run {number}", exact=True).check()
    page.get_by_role("button", name="Compare the two ticked").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text(f"run 1 to run {run}")
    told = re.compile(r"Cells in both runs: \d|No cell is in both")  # on a busy machine none of the race's may be valid
    expect(page.locator("main")).to_contain_text(told)


def save(page: Page, folder: Path) -> Path:
    with page.expect_download() as download:
        page.get_by_role("link", name=re.compile("^HTML")).click()
    path = folder / "run.html"
    download.value.save_as(path)
    return path


def read_from_disk(found: Visit, path: Path) -> None:
    """In a window of its own that has no network."""
    page = found.page.context.new_page()
    opened = Visit(page, path.as_uri())
    page.context.set_offline(True)
    opened.to("")
    expect(page.get_by_role("heading", level=1)).to_be_visible()
    plot = page.locator("[data-chart]").first
    plot.scroll_into_view_if_needed()
    plot.locator("canvas").first.wait_for()
    page.wait_for_timeout(100)
    assert plot.locator("canvas").first.evaluate(COLOURS) > 3
    assert opened.violations() == []
    assert opened.requests == [path.as_uri()]
    opened.check()
    page.context.set_offline(False)
