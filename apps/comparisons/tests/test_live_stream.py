"""The stream of a race's events, on Django's own test client; test_live_race.py has a real server."""

from __future__ import annotations

import json
from typing import Any

import pytest
from asgiref.sync import async_to_sync
from django.test import AsyncClient, Client

from apps.comparisons.tests.test_live import ASKED, update
from apps.results import following, races
from apps.results.models import Race, RaceEvent

pytestmark = pytest.mark.django_db


def stream(path: str, **headers: str) -> tuple[Any, list[tuple[str, str, str]]]:
    """The answer, and the events in it as (id, kind, data)."""

    async def read() -> tuple[Any, bytes]:
        answer = await AsyncClient().get(path, headers=headers)
        if not answer.streaming:
            return answer, answer.content
        return answer, b"".join([part async for part in answer])

    answer, content = async_to_sync(read)()
    found = []
    for block in content.decode().split("\n\n"):
        fields = dict(line.split(": ", 1) for line in block.splitlines() if ": " in line)
        if "event" in fields:
            found.append((fields["id"], fields["event"], fields["data"]))
    return answer, found


@pytest.fixture
def over() -> tuple[Race, list[RaceEvent]]:
    """A race that is over, after three updates."""
    race = Race.objects.create(asked=ASKED, command_host="elsewhere.example")
    for number in range(3):
        update(race, number=number)
    races.close(race.pk, "")
    return race, list(RaceEvent.objects.filter(race=race))


def test_a_race_that_is_over_is_replayed_and_ends(over: tuple[Race, list[RaceEvent]]):
    race, events = over
    answer, found = stream(f"/live/{race.pk}/events/")
    assert answer["Content-Type"] == "text/event-stream"
    assert answer["Cache-Control"] == "no-cache"
    assert not answer.has_header("Content-Encoding")
    assert found == [(str(one.pk), one.kind, json.dumps(one.content)) for one in events]
    assert found[-1][1] == "end"


@pytest.mark.parametrize("how", ["header", "query"])
def test_who_was_cut_off_catches_up(over: tuple[Race, list[RaceEvent]], how: str):
    race, events = over
    key = str(events[1].pk)
    path = f"/live/{race.pk}/events/"
    _, found = stream(path, **{"last-event-id": key}) if how == "header" else stream(f"{path}?after={key}")
    assert [one[0] for one in found] == [str(event.pk) for event in events[2:]]


def test_the_header_counts_where_both_are_said(over: tuple[Race, list[RaceEvent]]):
    race, events = over
    _, found = stream(f"/live/{race.pk}/events/?after=0", **{"last-event-id": str(events[2].pk)})
    assert [one[0] for one in found] == [str(events[3].pk)]


@pytest.mark.parametrize("key", ["x", "-5", "1.5", "9" * 40, "٣", ""])
def test_what_is_no_key_begins_from_the_beginning(over: tuple[Race, list[RaceEvent]], key: str):
    race, events = over
    _, found = stream(f"/live/{race.pk}/events/", **{"last-event-id": key.encode().decode("latin1")})
    assert len(found) == len(events)


def test_who_has_heard_all_is_told_not_to_come_again(over: tuple[Race, list[RaceEvent]]):
    race, events = over
    answer, _ = stream(f"/live/{race.pk}/events/", **{"last-event-id": str(events[-1].pk)})
    assert answer.status_code == 204


@pytest.mark.parametrize(
    "headers", [{"origin": "http://evil.example"}, {"sec-fetch-site": "cross-site"}, {"sec-fetch-site": "same-site"}]
)
def test_foreign_pages_do_not_look_on(over: tuple[Race, list[RaceEvent]], headers: dict[str, str]):
    assert stream(f"/live/{over[0].pk}/events/", **headers)[0].status_code == 403


@pytest.mark.parametrize("headers", [{"origin": "http://testserver"}, {"sec-fetch-site": "same-origin"}])
def test_own_pages_do(over: tuple[Race, list[RaceEvent]], headers: dict[str, str]):
    assert stream(f"/live/{over[0].pk}/events/", **headers)[0].status_code == 200


def test_a_wsgi_server_says_why_it_cannot(client: Client, over: tuple[Race, list[RaceEvent]]):
    answer = client.get(f"/live/{over[0].pk}/events/")
    assert answer.status_code == 501
    assert "uvicorn project.asgi:application" in answer.content.decode()


def test_there_is_an_end_to_how_many_look_on(over: tuple[Race, list[RaceEvent]], monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(following, "MOST_STREAMS", 0)
    answer, _ = stream(f"/live/{over[0].pk}/events/")
    assert (answer.status_code, answer["Retry-After"]) == (503, "5")


def test_whoever_looks_on_is_counted_out_again(over: tuple[Race, list[RaceEvent]]):
    stream(f"/live/{over[0].pk}/events/")

    async def leave() -> None:
        parts = await following.follow(over[0].pk, 0)
        assert len(following._streams) == 1
        await anext(parts)
        await parts.aclose()
        assert not following._streams

    async_to_sync(leave)()
    assert not following._streams


def test_a_stream_ends_by_itself_and_says_something_meanwhile(monkeypatch: pytest.MonkeyPatch):
    for name, value in (("LONGEST_S", 0.3), ("QUIET_S", 0.05), ("LOOK_S", 0.02)):
        monkeypatch.setattr(following, name, value)
    monkeypatch.setattr(races, "command_alive", lambda race: True)
    race = Race.objects.create(asked=ASKED)

    async def read() -> list[bytes]:
        return [part async for part in await following.follow(race.pk, 0)]

    parts = async_to_sync(read)()
    assert parts[0] == b"retry: 1000\n\n"
    assert b": still here\n\n" in parts


def test_more_events_than_are_read_at_once(over: tuple[Race, list[RaceEvent]], monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(following, "AT_ONCE", 2)
    race, events = over
    assert [one[0] for one in stream(f"/live/{race.pk}/events/")[1]] == [str(event.pk) for event in events]


def test_looking_on_notices_that_a_command_is_gone(monkeypatch: pytest.MonkeyPatch):
    race = Race.objects.create(asked=ASKED)  # nobody has pid 0
    monkeypatch.setattr(races, "command_alive", lambda race: False)
    _, found = stream(f"/live/{race.pk}/events/")
    assert [json.loads(data)["reason"] for _, kind, data in found if kind == "end"] == [races.GONE]
