"""A race's page while somebody watches: its tables follow the rounds, and it bears the race's end and its deletion.

The race is rows in the showcase's database, told one by one as a race's command does; test_walk.py has a real one.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from playwright.sync_api import Locator, Page, Route, expect

from apps.comparisons.tests.browser.conftest import Open
from apps.comparisons.tests.browser.showcase import Showcase
from apps.comparisons.tests.browser.visit import Visit

pytestmark = pytest.mark.slow

SYNC, ASYNC = "sync@gunicorn-threads", "async@uvicorn"
ASKED = {"scenario": "slow_io", "contenders": [SYNC, ASYNC], "concurrency": 32, "rounds": 3}
REFERENCE_RUN = 1  # has the scenario and the contenders
NONE = "–"
LATER_MS = 600_000
COMES_AGAIN_MS = 20_000  # a browser after a second, live.js after five more
IMPORTS = "from apps.results import races; from apps.results.models import Race, RaceEvent"
# All that is told of a race, but for the chart, which those without JavaScript do not have.
TOLD = """place => {
    const text = node => node.textContent.replace(/\\s+/g, ' ').trim();
    const progress = place.querySelector('progress');
    return {
        now: text(place.querySelector('.race-now')),
        done: progress && [progress.value, progress.max],
        headings: [...place.querySelectorAll('h2')].map(text),
        tables: [...place.querySelectorAll('tbody')].map(body => [...body.rows].map(row => [...row.cells].map(text))),
        troubles: [...place.querySelectorAll('[data-troubles] li')].map(text).sort(),
    };
}"""

# What each contender's line goes through; null where it is interrupted.
HEIGHTS = """() => {
    const plot = window.echarts.getInstanceByDom(document.querySelector('[data-race-chart] .drawing'));
    const lines = plot.getOption().series.filter(one => one.type === 'line');
    return Object.fromEntries(lines.map(one => [one.name, one.data.map(item => item.spot ? item.spot.y : null)]));
}"""


@dataclass
class Watched:
    """A race of another machine, so that nobody here looks for its command."""

    showcase: Showcase
    pk: int

    @property
    def path(self) -> str:
        return f"/live/{self.pk}/"

    def tell(self, **content: Any) -> int:
        """The key of the event that it becomes."""
        made = f"RaceEvent.objects.create(race_id={self.pk}, kind='update', content={content!r})"
        return int(_python(self.showcase, f"print({made}.pk)").split()[-1])

    def end(self, run: int | None) -> None:
        _python(self.showcase, f"Race.objects.filter(pk={self.pk}).update(run={run}); races.close({self.pk}, '')")

    def delete(self) -> None:
        _python(self.showcase, f"Race.objects.filter(pk={self.pk}).delete()")


def _python(showcase: Showcase, line: str) -> str:
    return showcase.manage("shell", "-c", f"{IMPORTS}; {line}")


@pytest.fixture
def begun(showcase: Showcase) -> Iterator[Watched]:
    """It has begun, and nothing is measured yet."""
    line = f"print(Race.objects.create(asked={ASKED!r}, command_host='elsewhere.example').pk)"
    race = Watched(showcase, int(_python(showcase, line).split()[-1]))
    race.tell(plan={"rounds": 3, "planned": 6}, step="measuring", number=1)
    yield race
    race.delete()


@pytest.fixture
def race(begun: Watched) -> Watched:
    """One of its contenders has a round behind it."""
    begun.tell(rounds=[entry(SYNC, 1, 812.34)], cells={SYNC: cell(1, 812.34)})
    return begun


def entry(contender: str, number: int, rate: float | None, state: str = "ok", reason: str = "") -> dict[str, Any]:
    return {"contender": contender, "number": number, "requests_per_s": rate, "state": state, "reason": reason}


def cell(valid: int, rate: float | None, state: str = "running", reason: str = "") -> dict[str, Any]:
    latencies = {"p50_ms": 3.217, "p99_ms": 41.18} if valid else {"p50_ms": None, "p99_ms": None}
    return {"state": state, "reason": reason, "valid": valid, "requests_per_s": rate, **latencies}


def told(page: Page) -> dict[str, Any]:
    return page.locator("[data-race]").evaluate(TOLD)


def without_javascript(visit: Open, race: Watched) -> dict[str, Any]:
    return told(visit(race.path, java_script_enabled=False).page)


def round_of(page: Page, contender: str, number: int) -> Locator:
    """A cell of the table below the chart, which is folded up until somebody asks for it."""
    return page.locator("figure tbody tr").filter(has_text=contender).locator("td").nth(number - 1)


def test_the_tables_follow_the_rounds(visit: Open, race: Watched):
    page = visit(race.path).page
    page.locator("figure summary").click()
    assert told(page)["tables"] == [
        [[SYNC, "812", NONE, NONE], [ASYNC, NONE, NONE, NONE]],
        [[SYNC, "812", "3.22", "41.2", "1"], [ASYNC, NONE, NONE, NONE, "0"]],
    ]
    race.tell(rounds=[entry(ASYNC, 1, 2345.6)], cells={ASYNC: cell(1, 2345.6)}, step="measuring more", number=2)
    expect(round_of(page, ASYNC, 1)).to_have_text("2,346")
    race.tell(
        rounds=[entry(ASYNC, 2, 9.0, "void", "the load side was busy"), entry(SYNC, 2, 61.27)],
        cells={SYNC: cell(2, 436.8), ASYNC: cell(1, 2345.6)},
    )
    expect(round_of(page, SYNC, 2)).to_have_text("61.3")
    now = told(page)
    assert now["tables"] == [
        [[SYNC, "812", "61.3", NONE], [ASYNC, "2,346", NONE, NONE]],
        [[SYNC, "437", "3.22", "41.2", "2"], [ASYNC, "2,346", "3.22", "41.2", "1"]],
    ]
    assert now["done"] == [4, 6]
    assert now["troubles"] == [f"{ASYNC}, round 2: void, the load side was busy"]
    assert now == without_javascript(visit, race)


def test_a_line_has_a_gap_where_a_round_was_void(visit: Open, race: Watched):
    race.tell(rounds=[entry(SYNC, 2, 700.0, "void", "the load side was busy"), entry(SYNC, 3, 790.0)])
    race.tell(rounds=[entry(ASYNC, number, 500.0 + number) for number in (1, 2, 3)])
    page = visit(race.path).page
    page.wait_for_selector("[data-race-chart] canvas")
    heights = page.evaluate(HEIGHTS)
    assert heights == {SYNC: [812.34, None, 790.0], ASYNC: [501.0, 502.0, 503.0]}


def test_who_was_cut_off_and_refused_comes_again_and_has_lost_nothing(visit: Open, race: Watched):
    """The first connection breaks after an event, the second is refused, and the third is a real one."""
    news = {"rounds": [entry(ASYNC, 1, 2345.6)], "cells": {ASYNC: cell(1, 2345.6)}}
    asked, keys = [], []

    def answer(route: Route) -> None:
        asked.append(route.request.url)
        if len(asked) == 1:
            keys.append(race.tell(**news))
            event = f"retry: 100\n\nid: {keys[0]}\nevent: update\ndata: {json.dumps(news)}\n\n"
            route.fulfill(content_type="text/event-stream", body=event)
        elif len(asked) == 2:
            route.fulfill(status=503)
        else:
            route.continue_()

    found = visit("/live/")
    page = found.page
    page.clock.install()
    page.route("**/events/*", answer)
    with page.expect_response(lambda one: one.status == 503):
        found.to(race.path)
    expect(round_of(page, ASYNC, 1)).to_have_text("2,346")
    race.tell(rounds=[entry(SYNC, 2, 705.1)], cells={SYNC: cell(2, 758.7)})
    page.clock.fast_forward(3000)
    expect(page.locator(".race-now")).to_contain_text("lost")
    page.clock.fast_forward(2000)
    expect(round_of(page, SYNC, 2)).to_have_text("705", timeout=COMES_AGAIN_MS)
    expect(page.locator(".race-now")).not_to_contain_text("lost")
    assert asked[2].endswith(f"?after={keys[0]}")
    assert told(page) == without_javascript(visit, race)
    assert [" 503 " in one for one in found.complaints] == [True]
    found.complaints.clear()


def test_at_its_end_it_reads_as_if_it_were_loaded_then(visit: Open, race: Watched):
    found = visit(race.path)
    page = found.page
    race.tell(rounds=[entry(ASYNC, 1, 2345.6)], cells={ASYNC: cell(1, 2345.6)})
    expect(page.locator("[data-race-chart] canvas")).to_have_count(1)
    race.tell(
        rounds=[entry(SYNC, 2, 705.1), entry(ASYNC, 2, None, "failed", "a process ended")],
        cells={SYNC: cell(2, 758.7, "ok"), ASYNC: cell(1, 2345.6, "failed", "it did not come back")},
    )
    race.end(REFERENCE_RUN)
    expect(page.locator(".race-now").get_by_role("link").first).to_be_visible()
    last = told(page)
    assert last["tables"] == [
        [[SYNC, "812", "705", NONE], [ASYNC, "2,346", NONE, NONE]],
        [[SYNC, "759", "3.22", "41.2", "2"], [ASYNC, "2,346", "3.22", "41.2", "1"]],
    ]
    assert last["done"] is None
    assert len(last["troubles"]) == 2
    assert last == without_javascript(visit, race)
    expect(page.locator("[data-race-chart] canvas")).to_have_count(1)
    page.reload()
    expect(page.locator("[data-race-chart] canvas")).to_have_count(1)
    assert told(page) == last


def test_who_watches_a_race_that_is_deleted_is_told_and_asks_no_more(visit: Open, race: Watched):
    found = visit("/live/")
    page = found.page
    page.clock.install()
    found.to(race.path)
    race.tell(rounds=[entry(ASYNC, 1, 2345.6)], cells={ASYNC: cell(1, 2345.6)})
    expect(round_of(page, ASYNC, 1)).to_have_text("2,346")
    tables = told(page)["tables"]
    with page.expect_response(lambda one: "/events/" in one.url and one.status == 404):
        race.delete()
    page.clock.fast_forward(5000)
    expect(page.locator(".race-now")).to_contain_text("deleted", timeout=COMES_AGAIN_MS)
    assert page.locator(".race-now *").count() == 0, "nothing is under way, and nothing can be stopped"
    assert told(page)["tables"] == tables, "what was seen is not taken away"
    assert_only_404(found, race)
    asked = len(found.requests)
    page.clock.fast_forward(LATER_MS)
    page.evaluate("fetch('/live/', { method: 'HEAD' })")
    assert found.requests[asked:] == [f"{found.url}/live/"]


def assert_only_404(found: Visit, race: Watched) -> None:
    """The stream that is gone, and the page that was asked whether it is."""
    refused = [one for one in found.complaints if " 404 " in one]
    assert found.complaints == refused
    assert [one.rpartition(" ")[2].partition("?")[0] for one in refused] == [
        f"{found.url}{race.path}events/",
        f"{found.url}{race.path}",
    ]
    found.complaints.clear()


def test_a_race_that_ends_without_a_valid_round_does_not_go_on_waiting(visit: Open, begun: Watched):
    page = visit(begun.path).page
    plot = page.locator("[data-race-chart]")
    waiting = plot.inner_text()
    assert waiting
    begun.tell(cells={SYNC: cell(0, None, "failed", "it did not start")})
    begun.end(None)
    expect(page.locator(".race-now").get_by_role("link").first).to_be_visible()
    expect(plot).not_to_have_text(waiting)
    last = plot.inner_text()
    page.reload()
    expect(plot).to_have_text(last)


def test_the_table_by_round_can_be_read_without_javascript(visit: Open, race: Watched):
    page = visit(race.path, java_script_enabled=False).page
    race.end(REFERENCE_RUN)
    page.reload()
    assert not page.locator("[data-race-chart]").is_visible()
    page.locator("figure summary").click()
    expect(round_of(page, SYNC, 1)).to_be_visible()
