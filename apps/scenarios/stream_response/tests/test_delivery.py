"""When the events come: each at its time, or, from a sync iterator under ASGI, all at the end."""

from __future__ import annotations

import http.client
from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise
from statistics import median
from time import monotonic

import pytest

from apps.scenarios.stream_response import work
from benchmarks.servers.process import Process
from conftest import Serve

WAIT_S = 0.05
WHOLE_S = WAIT_S * (work.EVENTS - 1)
STREAMING = ["sync@gunicorn-sync", "sync@gunicorn-threads", "async@uvicorn", "wrapped@uvicorn", "aiohttp@aiohttp"]
ServeAll = Callable[[str], Process]

pytestmark = pytest.mark.slow


@dataclass
class Delivery:
    """When the head and each event came, from sending on."""

    head_s: float
    events_s: list[float]

    @property
    def gaps_s(self) -> list[float]:
        return [later_s - former_s for former_s, later_s in pairwise(self.events_s)]


def deliver(port: int, variant: str, item: int = 7) -> Delivery:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    try:
        began_s = monotonic()
        connection.request("GET", f"/stream_response/{variant}/?item={item}&wait={WAIT_S * 1000:g}")
        response = connection.getresponse()
        head_s, events_s = monotonic() - began_s, []
        assert {name: response.getheader(name) for name in work.HEADERS} == work.HEADERS
        for number in range(work.EVENTS):
            assert response.readline() + response.readline() == work.event(item, number)
            events_s.append(monotonic() - began_s)
        assert response.read() == b""
    finally:
        connection.close()
    return Delivery(head_s, events_s)


def promptest(port: int, variant: str) -> Delivery:
    """The one of three that was least held up by what else the machine does."""
    return min((deliver(port, variant) for _ in range(3)), key=lambda found: (found.events_s[0], found.head_s))


@pytest.mark.parametrize("contender", STREAMING)
def test_each_event_comes_when_it_is_there(contender: str, serve_all: ServeAll) -> None:
    variant, _, server = contender.partition("@")
    port = serve_all(server).port
    found = promptest(port, variant)
    assert found.events_s[0] < WAIT_S
    assert found.events_s[-1] >= WHOLE_S * 0.98
    assert median(found.gaps_s) == pytest.approx(WAIT_S, rel=0.3)


def test_django_drains_a_sync_iterator_under_asgi_though_the_head_is_sent_at_once(serve_all: ServeAll) -> None:
    port = serve_all("uvicorn").port
    found = promptest(port, "sync")
    assert found.head_s < found.events_s[0] / 3, "so the time to the first byte tells nothing"
    assert found.events_s[0] >= WHOLE_S * 0.98
    assert found.events_s[-1] - found.events_s[0] < WAIT_S


def test_djangos_warning_about_it_does_not_fill_the_log(serve: Serve) -> None:
    with serve("stream_response", "sync@uvicorn") as process:
        for item in range(1, 6):
            deliver(process.port, "sync", item)
        log = process.ward.log.read_text()
    assert log.count("must consume synchronous iterators") <= 1, log
    assert len(log.splitlines()) <= 2, log
