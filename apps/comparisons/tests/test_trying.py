"""Trying a variant: what is told of it, what stays apart, and what is refused."""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import Iterator
from itertools import pairwise
from types import SimpleNamespace
from typing import Any

import pytest
from asgiref.sync import async_to_sync
from django.test import AsyncClient, Client

from apps.comparisons import in_process, loopback, trying
from apps.comparisons.in_process import Visitor
from apps.scenarios.fan_out import work
from apps.scenarios.registry import scenarios
from apps.scenarios.routes import django_lifespan
from benchmarks.exceptions import UsageError
from benchmarks.servers.process import Process, start_command, wait_until_ready
from benchmarks.services.knowledge import SERVICES
from benchmarks.stage import clean_environment
from benchmarks.wards import Guard

pytestmark = pytest.mark.django_db
VISITOR = Visitor("127.0.0.1", "http")
NOBODY = "http://127.0.0.1:9"  # discard: nothing listens there


@pytest.fixture(autouse=True)
def absent(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever runs on this machine is not asked."""
    monkeypatch.setenv(loopback.SIBLING, NOBODY)
    monkeypatch.setenv(loopback.UPSTREAM, NOBODY)
    monkeypatch.setattr(work, "BASE_URL", NOBODY)


@pytest.fixture(scope="module")
def services() -> Iterator[dict[str, Process]]:
    """The sibling and the upstream, real ones."""
    commands = {
        "upstream": ("-m", "benchmarks.services.upstream", "--delay-ms", "20", "--fd", "{fd}"),
        "sibling": ("-m", "project.aiohttp_app", "--fd", "{fd}"),
    }
    with Guard() as guard:
        env, started = clean_environment(), {}
        for name, words in commands.items():
            started[name] = start_command(guard, name, (sys.executable, *words), env)
            wait_until_ready(started[name])
            env = {**env, loopback.UPSTREAM: f"http://127.0.0.1:{started[name].port}"}
        yield started


@pytest.fixture
def present(services: dict[str, Process], monkeypatch: pytest.MonkeyPatch) -> None:
    upstream = f"http://127.0.0.1:{services['upstream'].port}"
    monkeypatch.setenv(loopback.UPSTREAM, upstream)
    monkeypatch.setenv(loopback.SIBLING, f"http://127.0.0.1:{services['sibling'].port}")
    monkeypatch.setattr(work, "BASE_URL", upstream)


def post(address: str, times: object = 1, status: int = 200, **headers: str) -> dict[str, Any]:
    response = async_to_sync(AsyncClient().post)(f"/scenarios/{address}/", {"times": times}, headers=headers)
    assert response.status_code == status
    return json.loads(response.content)


def attempt(name: str, variant: str, times: int = 1) -> dict[str, Any]:
    """With what a server's lifespan opens."""
    card = scenarios()[name]

    async def attempted() -> dict[str, Any]:
        state: dict[str, Any] = {}
        async with django_lifespan(state):
            visitor = Visitor("127.0.0.1", "http", {}, state)
            told = (await trying.attempt(card, card.variant(variant), times, visitor)).told()
            async with asyncio.timeout(5):  # a loop that ended first would cancel Django before it closes the body
                await asyncio.gather(*in_process.under_way)
        return told

    return asyncio.run(attempted())


def one_after_another(spans: list[tuple[float, float]]) -> bool:
    return all(before[1] <= after[0] for before, after in pairwise(sorted(spans)))


def test_one_request_tells_its_answer_its_moments_and_its_hops():
    told = post("slow_io/try/async")
    (answer,) = told["answers"]
    assert (told["variant"], told["absent"], told["calls"]) == ("async", "", [])
    assert (answer["status"], answer["media_type"]) == (200, "application/json")
    assert json.loads(answer["body"]) == {"item": 1, "waited_ms": 50.0}
    assert 0 <= answer["began_ms"] <= answer["first_byte_ms"] <= answer["ended_ms"]
    assert answer["ended_ms"] - answer["began_ms"] >= 50
    functions = [crossing["function"] for crossing in answer["crossings"]]
    assert "SessionMiddleware.process_request" in functions
    assert answer["crossings"][0]["asked_ms"] >= answer["began_ms"]
    assert answer["traced"]
    assert not answer["problem"]


def test_ten_at_once_run_at_once_each_in_a_thread_of_its_own():
    told = post("slow_io/try/sync", 10)
    views = [
        next(one for one in answer["crossings"] if one["module"].endswith("slow_io.sync_view"))
        for answer in told["answers"]
    ]
    assert len({view["thread"] for view in views}) == 10
    assert max(view["started_ms"] for view in views) < min(view["ended_ms"] for view in views)
    for answer in told["answers"]:
        assert len({crossing["thread"] for crossing in answer["crossings"]}) == 1


def test_a_stream_tells_when_its_pieces_came():
    (answer,) = post("stream_response/try/async")["answers"]
    assert len(answer["pieces_ms"]) == 10
    assert answer["pieces_ms"] == sorted(answer["pieces_ms"])
    assert answer["first_byte_ms"] == answer["pieces_ms"][0]
    assert answer["ended_ms"] - answer["first_byte_ms"] >= 9 * 20


@pytest.mark.parametrize("times", ["2", "0", "-1", "1000", "ten", "", "1.0"])
def test_times_is_one_or_ten(times: str):
    assert post("slow_io/try/sync", times, 400) == {"error": "times is 1 or 10"}


@pytest.mark.parametrize(
    ("address", "told"),
    [
        ("slow_io/try/sink", "did you mean sync"),
        ("slow_oi/try/sync", "did you mean slow_io"),
        ("middleware_tax/try/aiohttp", "it has none of Django"),
    ],
)
def test_unknown_names_help(address: str, told: str):
    assert told in post(address, status=404)["error"]


def test_trying_is_a_post_with_a_token():
    assert Client().get("/scenarios/slow_io/try/sync/").status_code == 405
    client = Client(enforce_csrf_checks=True)
    assert client.post("/scenarios/slow_io/try/sync/", {"times": 1}).status_code == 403


def test_two_at_once_are_refused_and_the_next_one_is_not():
    with trying.alone():
        assert "somebody else" in post("slow_io/try/sync", status=429)["error"]
    assert post("slow_io/try/sync")["answers"]


def test_what_takes_too_long_is_given_up_and_lets_the_next_one_in(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(trying, "TIMEOUT_S", 0.02)
    (answer,) = attempt("slow_io", "async")["answers"]
    assert answer["error"] == "no whole answer within 0.02 s"
    monkeypatch.undo()
    assert attempt("slow_io", "async")["answers"][0]["error"] == ""


def test_a_visitor_who_leaves_leaves_nothing_running():
    card = scenarios()["slow_io"]

    async def left() -> None:
        task = asyncio.create_task(trying.attempt(card, card.variant("async"), 10, VISITOR))
        await asyncio.sleep(0.02)
        assert len(in_process.under_way) == 10
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        async with asyncio.timeout(5):
            await asyncio.gather(*in_process.under_way)
        assert not in_process.under_way

    asyncio.run(left())
    with trying.alone():
        pass


def test_an_absent_sibling_is_told_with_its_command():
    told = post("slow_io/try/aiohttp")
    assert told["answers"] == []
    assert f"does not answer at {NOBODY}" in told["absent"]
    assert "start it with: python -m project.aiohttp_app, or make serve" in told["absent"]


@pytest.mark.parametrize(
    "address",
    [
        "http://example.com:8001",
        "http://127.0.0.1.example.com:8001",
        "http://169.254.169.254:80",
        "https://127.0.0.1:8001",
        "http://127.0.0.1",
        "http://127.0.0.1:8001/path",
        "http://user@127.0.0.1:8001",
        "http://127.0.0.1:99999",
        "file:///etc/passwd",
        "127.0.0.1:8001",
    ],
)
def test_only_addresses_of_this_machine_are_asked(address: str, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv(loopback.SIBLING, address)
    with pytest.raises(UsageError, match="address of this machine"):
        loopback.address(loopback.SIBLING)
    assert loopback.SIBLING in post("slow_io/try/aiohttp", status=500)["error"]


@pytest.mark.parametrize("address", ["http://localhost:8001", "http://127.0.0.2:8001/", "http://[::1]:8001"])
def test_every_address_of_this_machine_will_do(address: str, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv(loopback.SIBLING, address)
    assert loopback.address(loopback.SIBLING) == address.rstrip("/")


def test_cookies_and_token_are_passed_on():
    request = SimpleNamespace(
        META={"HTTP_COOKIE": "sessionid=abc", "HTTP_AUTHORIZATION": "secret"},
        POST={"csrfmiddlewaretoken": "token"},
        scheme="https",
        scope={"state": {"opened": 1}},
        get_host=lambda: "localhost:8000",
    )
    visitor = Visitor.of(request)
    scope = in_process.scope_of("/x/", "a=1", "POST", visitor)
    seen = dict(scope["headers"])
    assert (seen[b"cookie"], seen[b"x-csrftoken"], seen[b"host"]) == (b"sessionid=abc", b"token", b"localhost:8000")
    assert b"authorization" not in seen
    assert (scope["scheme"], scope["state"], scope["method"]) == ("https", {"opened": 1}, "POST")
    assert scope["state"] is not request.scope["state"]


def test_without_the_upstream_the_answer_names_its_command():
    told = attempt("fan_out", "sync")
    assert told["calls"] is None
    (advice,) = told["answers"][0]["advice"]
    assert "start it with: python -m benchmarks.services.upstream" in advice


@pytest.mark.usefixtures("present")
@pytest.mark.parametrize("variant", ["sync", "async", "wrapped", "aiohttp"])
def test_calls_are_told_as_the_upstream_saw_them(variant: str):
    told = attempt("fan_out", variant)
    (answer,) = told["answers"]
    assert (answer["status"], answer["advice"]) == (200, [])
    assert sorted(call["service"] for call in told["calls"]) == sorted(SERVICES)
    spans = [(call["began_ms"], call["ended_ms"]) for call in told["calls"]]
    assert all(answer["began_ms"] <= began <= ended <= answer["ended_ms"] for began, ended in spans)
    assert one_after_another(spans) == (variant == "sync")


@pytest.mark.usefixtures("present")
@pytest.mark.parametrize("variant", ["async", "aiohttp"])
def test_calls_of_ten_requests_are_told_apart(variant: str):
    told = attempt("fan_out", variant, 10)
    assert {json.loads(answer["body"])["book"] for answer in told["answers"]} == set(range(1, 11))
    for number in range(10):
        own = [call["service"] for call in told["calls"] if call["request"] == number]
        assert sorted(own) == sorted(SERVICES)


@pytest.mark.usefixtures("present")
def test_the_siblings_answer_is_told_without_a_trace():
    told = post("stream_response/try/aiohttp")
    (answer,) = told["answers"]
    assert (answer["status"], answer["traced"], answer["crossings"]) == (200, False, [])
    assert len(answer["pieces_ms"]) > 1
    assert answer["body"].startswith("data: ")


def test_it_works_under_wsgi_too():
    response = Client().post("/scenarios/slow_io/try/wrapped/", {"times": 10})
    answers = response.json()["answers"]
    assert [answer["status"] for answer in answers] == [200] * 10
    assert max(answer["began_ms"] for answer in answers) < min(answer["ended_ms"] for answer in answers)
