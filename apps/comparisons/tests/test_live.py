"""The live race's pages and its stream, without a server around them; see test_live_race.py for the whole."""

from __future__ import annotations

import re
from collections.abc import Iterator
from html import unescape
from typing import Any
from urllib.parse import parse_qs

import pytest
from asgiref.sync import async_to_sync
from django.contrib.auth.models import Permission, User
from django.db import connection
from django.test import AsyncClient, Client
from django.test.utils import CaptureQueriesContext

from apps.results import races
from apps.results.models import Race, RaceEvent
from apps.results.race_limits import RaceOrder
from apps.results.store import save_run
from benchmarks.exceptions import UsageError
from benchmarks.record import State
from benchmarks.tests.records import cell_record, run_record

pytestmark = pytest.mark.django_db
ASKED = {
    "scenario": "plaintext",
    "contenders": ["sync@gunicorn-threads", "async@uvicorn"],
    "concurrency": 8,
    "rounds": 3,
}
FORM = {"scenario": "plaintext", "contender": ASKED["contenders"], "concurrency": "8", "rounds": "3"}


@pytest.fixture
def starter() -> Client:
    """Somebody who may start races."""
    user = User.objects.create_user("starter")
    user.user_permissions.add(Permission.objects.get(codename="start_run"))
    client = Client()
    client.force_login(user)
    return client


@pytest.fixture
def begun(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[RaceOrder]]:
    """Orders that were accepted; no child is started for them."""
    orders: list[RaceOrder] = []

    def begin(order: RaceOrder, user: User) -> Race:
        orders.append(order)
        return Race.objects.create(asked=order.told(), started_by=user)

    monkeypatch.setattr(races, "begin", begin)
    monkeypatch.setattr(races, "command_alive", lambda race: True)
    yield orders


@pytest.fixture
def running(monkeypatch: pytest.MonkeyPatch) -> Race:
    monkeypatch.setattr(races, "command_alive", lambda race: True)
    return Race.objects.create(asked=ASKED)


def update(race: Race, **content: Any) -> RaceEvent:
    return RaceEvent.objects.create(race=race, kind="update", content=content)


def entry(contender: str, number: int, rate: float, state: str = "ok") -> dict[str, Any]:
    return {"contender": contender, "number": number, "requests_per_s": rate, "state": state, "reason": "busy"}


def text(response: Any) -> str:
    return response.content.decode()


# Who may


def test_who_is_not_signed_in_is_told_how(client: Client, begun: list[RaceOrder]):
    shown = text(client.get("/live/"))
    assert "make serve" in shown and "manage.py signinlink" in shown
    assert "<form" not in shown
    refused = client.post("/live/start/", FORM)
    assert refused.status_code == 403
    assert "manage.py signinlink" in text(refused)
    assert begun == []


def test_who_has_no_permission_is_told_which(client: Client, begun: list[RaceOrder], running: Race):
    client.force_login(User.objects.create_user("visitor"))
    for answer in (client.post("/live/start/", FORM), client.post(f"/live/{running.pk}/stop/")):
        assert answer.status_code == 403
        assert "results.start_run" in text(answer)
    assert "results.start_run" in text(client.get("/live/"))
    assert begun == []


def test_who_may_starts_one(starter: Client, begun: list[RaceOrder]):
    shown = starter.get("/live/?scenario=plaintext")
    assert "Start the race" in text(shown)
    answer = starter.post("/live/start/", FORM)
    race = Race.objects.get()
    assert (answer.status_code, answer["Location"]) == (302, f"/live/{race.pk}/")
    assert begun == [RaceOrder("plaintext", tuple(ASKED["contenders"]), 8, 3)]


def test_the_form_of_a_foreign_page_is_refused(starter: Client, begun: list[RaceOrder], running: Race):
    strict = Client(enforce_csrf_checks=True)
    strict.cookies = starter.cookies
    for path in ("/live/start/", f"/live/{running.pk}/stop/"):
        assert strict.post(path, FORM).status_code == 403
        strict.get("/live/")
        token = {"csrfmiddlewaretoken": strict.cookies["csrftoken"].value} if "csrftoken" in strict.cookies else {}
        answer = strict.post(path, {**FORM, **token}, headers={"origin": "http://evil.example"})
        assert answer.status_code == 403
    assert begun == []


@pytest.mark.parametrize("path", ["/live/start/", "/live/1/stop/"])
def test_nothing_is_started_or_stopped_by_a_link(starter: Client, path: str):
    assert starter.get(path).status_code == 405


# What may


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"scenario": "plaintxt"}, "did you mean plaintext"),
        ({"scenario": "<script>"}, "&lt;script&gt;"),
        ({"contender": ["async@uvicorn"]}, "2 to 4 contenders"),
        ({"contender": ["async@uvicorn", "async@http://evil.example"]}, "there is no contender"),
        ({"concurrency": "100000"}, "it is one of 8, 16, 32, 64"),
        ({"rounds": "0"}, "it is 3 to 9"),
        ({"rounds": "5; rm -rf"}, "it is 3 to 9"),
    ],
)
def test_what_was_tampered_with_is_refused_with_the_reason(
    starter: Client, begun: list[RaceOrder], changes: dict[str, Any], said: str
):
    answer = starter.post("/live/start/", {**FORM, **changes})
    assert answer.status_code == 400
    assert said in text(answer)
    assert begun == []


@pytest.mark.parametrize("missing", sorted(FORM))
def test_an_incomplete_form_is_refused(starter: Client, begun: list[RaceOrder], missing: str):
    answer = starter.post("/live/start/", {name: value for name, value in FORM.items() if name != missing})
    assert answer.status_code == 400
    assert begun == []


def test_a_second_one_is_told_of_the_first(starter: Client, running: Race):
    answer = starter.post("/live/start/", FORM)
    assert answer.status_code == 409
    assert f'href="/live/{running.pk}/"' in text(answer)


def test_too_many_are_told_how_long_to_wait(starter: Client, monkeypatch: pytest.MonkeyPatch):
    def refuse(order: RaceOrder, user: User) -> Race:
        raise races.TooMany("you have started 6 races within 10 minutes: wait 42 s", 42)

    monkeypatch.setattr(races, "begin", refuse)
    answer = starter.post("/live/start/", FORM)
    assert (answer.status_code, answer["Retry-After"]) == (429, "42")
    assert "wait 42 s" in text(answer)


def test_an_unknown_scenario_in_the_address_is_a_400(starter: Client):
    answer = starter.get("/live/?scenario=nothing")
    assert answer.status_code == 400
    assert "There is no scenario “nothing” to race: bridge_cost," in text(answer)


def test_an_address_fills_the_form_in_as_far_as_it_goes(starter: Client):
    words = "scenario=plaintext&contender=wrapped@uvicorn&contender=aiohttp@aiohttp&contender=nobody@uvicorn"
    shown = text(starter.get(f"/live/?{words}&concurrency=64&rounds=4"))
    assert re.findall(r'name="contender" value="([^"]+)" checked', shown) == ["wrapped@uvicorn", "aiohttp@aiohttp"]
    assert re.findall(r"<option selected>(\d+)</option>", shown) == ["64", "4"]
    shown = text(starter.get("/live/?scenario=plaintext&concurrency=9000&rounds=-1"))
    assert re.findall(r"<option selected>(\d+)</option>", shown) == ["32", "7"]


def test_a_race_whose_run_is_gone_says_so(client: Client, running: Race):
    running.run = save_run(run_record())
    running.save()
    races.close(running.pk, "")
    running.run.delete()
    assert "Its run was deleted" in text(client.get(f"/live/{running.pk}/"))
    assert "which was deleted" in text(client.get("/live/"))


def test_a_race_that_was_stopped_at_once_says_so(client: Client, running: Race):
    races.close(running.pk, "Interrupted", stopped=True)
    shown = text(client.get(f"/live/{running.pk}/"))
    assert "It was stopped." in shown and "It was stopped before anything was measured." in shown
    assert "it was stopped before anything was measured" in text(client.get("/live/"))


def test_again_is_the_same_race(starter: Client, running: Race):
    races.close(running.pk, "")
    (address,) = re.findall(
        r'<a class="button" href="/live/\?([^"]*)">Race again', text(starter.get(f"/live/{running.pk}/"))
    )
    asked = {name: values if name == "contender" else values[0] for name, values in parse_qs(unescape(address)).items()}
    assert asked == FORM


# Pages


def test_everybody_sees_the_race_that_is_going_on(client: Client, running: Race):
    shown = text(client.get("/live/"))
    assert f'href="/live/{running.pk}/"' in shown
    page = text(client.get(f"/live/{running.pk}/"))
    assert f'data-events="/live/{running.pk}/events/"' in page
    assert '<noscript><meta http-equiv="refresh"' in page
    assert "Stop it" not in page


def test_those_who_may_can_stop_it(starter: Client, running: Race, monkeypatch: pytest.MonkeyPatch):
    stopped: list[Race] = []
    monkeypatch.setattr(races, "stop", stopped.append)
    assert "Stop it" in text(starter.get(f"/live/{running.pk}/"))
    answer = starter.post(f"/live/{running.pk}/stop/")
    assert (answer.status_code, answer["Location"]) == (302, f"/live/{running.pk}/")
    assert stopped == [running]


def test_without_scripts_the_page_says_where_it_stands(client: Client, running: Race):
    update(running, plan={"rounds": 3, "planned": 6})
    update(running, step="measuring async@uvicorn", number=2)
    cell = {"state": "running", "reason": "", "valid": 1, "requests_per_s": 2345.6, "p50_ms": 3.21, "p99_ms": None}
    update(running, rounds=[entry("async@uvicorn", 1, 2345.6)], cells={"async@uvicorn": cell})
    last = update(running, rounds=[entry("sync@gunicorn-threads", 1, 9.0, "void")])
    page = text(client.get(f"/live/{running.pk}/"))
    for said in ("Round 2 of 3", "measuring async@uvicorn", "2,346", "3.21", "round 1: void, busy"):
        assert said in page
    assert 'max="6" value="2"' in page
    assert f'data-after="{last.pk}"' in page


def test_at_its_end_the_page_shows_what_became_of_it(starter: Client, client: Client, running: Race):
    cells = [cell_record(name, [1000, 1010, 990]) for name in ASKED["contenders"]]
    record = run_record(*cells)
    record.state, record.finished_at = State.OK, "2026-01-01T00:01:00+00:00"
    run = save_run(record)
    Race.objects.update(run=run)
    races.close(running.pk, "last words")
    page = text(starter.get(f"/live/{running.pk}/"))
    assert f'href="/runs/{run.pk}/"' in page
    assert "Verdict: cannot say" in page and "fewer than 5 valid rounds" in page
    assert "data-events" not in page and "http-equiv" not in page
    assert f"race {running.pk}" in text(client.get("/live/"))


def test_last_words_are_for_those_who_may_start(starter: Client, client: Client, running: Race):
    races.close(running.pk, "Traceback of something")
    assert "Traceback of something" in text(starter.get(f"/live/{running.pk}/"))
    shown = text(client.get(f"/live/{running.pk}/"))
    assert "Traceback" not in shown
    assert "Its command ended before anything was measured" in shown


@pytest.mark.parametrize("path", ["/live/99/", "/live/99/events/", f"/live/{10**30}/"])
def test_an_unknown_race_is_not_there(path: str):
    answer = async_to_sync(AsyncClient().get)(path)
    assert answer.status_code == 404
    assert 'href="/live/"' in text(answer)


@pytest.mark.parametrize("path", ["/live/", "/live/{}/"])
def test_few_queries_whatever_is_stored(starter: Client, running: Race, path: str):
    for _ in range(20):
        run = save_run(run_record(cell_record()))
        Race.objects.create(asked=ASKED, active=None, run=run)
        update(running, step="x")
    starter.get(path.format(running.pk))
    with CaptureQueriesContext(connection) as queries:
        assert starter.get(path.format(running.pk)).status_code == 200
    assert len(queries) <= 8, [query["sql"] for query in queries]


def test_orders_are_read_as_the_limits_say(starter: Client, begun: list[RaceOrder], monkeypatch: pytest.MonkeyPatch):
    def refuse(*_: object) -> RaceOrder:
        raise UsageError("not this one", hint="take another")

    monkeypatch.setattr("apps.comparisons.views.live.read_order", refuse)
    answer = starter.post("/live/start/", FORM)
    assert answer.status_code == 400
    assert "not this one: take another." in text(answer)
