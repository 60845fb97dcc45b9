"""Verification refuses a contender that does other work than its card declares."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from benchmarks.axes import Axis, Level, Point
from benchmarks.exceptions import VerificationFailed
from benchmarks.load.specs import Exchange, Expectation
from benchmarks.plan import Cell, Workload
from benchmarks.plan import Contender as Name
from benchmarks.verify import Counters, pick, verify

RIGHT = Exchange("n=1", expectation=Expectation(body=b"right", statements=2, upstream_calls=1))
MISSING = Exchange("n=0", expectation=Expectation(status=404, body=b"none"))


class Contender(ThreadingHTTPServer):
    """Answers as told, and counts the work it does."""

    body, media_type, statements, calls, commands = b"right", "application/json; charset=utf-8", 2, 1, 0
    headers: tuple[tuple[str, str], ...] = ()
    done_statements = done_calls = done_commands = 0
    lock = threading.Lock()


class Handler(BaseHTTPRequestHandler):
    server: Contender

    def do_GET(self) -> None:
        missing = self.path.endswith("n=0")
        if not missing:
            with self.server.lock:
                self.server.done_statements += self.server.statements
                self.server.done_calls += self.server.calls
                self.server.done_commands += self.server.commands
        body = b"none" if missing else self.server.body
        self.send_response(404 if missing else 200)
        self.send_header("Content-Type", self.server.media_type)
        self.send_header("Content-Length", str(len(body)))
        for name, value in self.server.headers:
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *args: object) -> None:
        pass


@pytest.fixture
def contender() -> Iterator[Contender]:
    server = Contender(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


WORKLOAD = Workload("s", "t", "q?", frozenset(), {Point(): (RIGHT,) * 40 + (MISSING,)})
CELL = Cell("s", Name("sync", "made"), Level(1))


def expecting(**changes: Any) -> Workload:
    """One request whose answer is right if it is what these say."""
    exchange = Exchange("n=1", expectation=Expectation(body=b"right", statements=2, upstream_calls=1, **changes))
    return Workload("s", "t", "q?", frozenset(), {Point(): (exchange,)})


def check(contender: Contender, workload: Workload = WORKLOAD) -> list[str]:
    counters = Counters(
        *(lambda: contender.done_statements, lambda: contender.done_calls, lambda: contender.done_commands)
    )
    return verify(workload, CELL, contender.server_port, counters, seed=1)


def test_right_work_is_proved_in_words(contender: Contender):
    proved = check(contender)
    assert "randomised answers" in proved[0]
    assert "statements" in proved[1]
    assert "upstream calls" in proved[2]


@pytest.mark.parametrize(
    ("attribute", "value", "message"),
    [
        ("body", b"wrong", "wrong body: at byte 0"),
        ("body", b"right, and more", "wrong body: at byte 5"),
        ("media_type", "text/html", "media type 'text/html'"),
        ("statements", 3, "statements for"),
        ("calls", 0, "upstream calls for"),
    ],
)
def test_other_work_is_refused(contender: Contender, attribute: str, value: object, message: str):
    setattr(contender, attribute, value)
    with pytest.raises(VerificationFailed, match=message):
        check(contender)


def test_wrong_status_is_refused(contender: Contender):
    workload = Workload("s", "t", "q?", frozenset(), {Point(): (Exchange("n=1", expectation=Expectation(status=201)),)})
    with pytest.raises(VerificationFailed, match="200 instead of 201"):
        check(contender, workload)


def test_no_answer_is_refused():
    with pytest.raises(VerificationFailed, match="no answer"):
        verify(WORKLOAD, CELL, 1, Counters(), seed=1)


def test_what_cannot_be_counted_is_said(contender: Contender):
    proved = verify(WORKLOAD, CELL, contender.server_port, Counters(), seed=1)
    assert proved[1:] == ["statements not counted here", "upstream calls not counted here"]


def test_sample_holds_every_status_and_differs_by_seed():
    exchanges = (*(Exchange(f"n={number}") for number in range(100)), MISSING)
    assert pick(exchanges, 1) != pick(exchanges, 2)
    assert all(404 in {entry.expectation.status for entry in pick(exchanges, seed)} for seed in range(20))


def test_what_opens_the_connections_of_all_workers_is_not_counted(contender: Contender):
    counters = Counters(lambda: contender.done_statements, lambda: contender.done_calls)
    proved = verify(WORKLOAD, CELL, contender.server_port, counters, seed=1, primers=3)
    sample = pick(WORKLOAD.exchanges[Point()], "s/1")
    calls = [exchange.expectation.upstream_calls for exchange in sample]
    assert contender.done_calls == 2 * sum(calls) + 6 * calls[0]
    assert proved[2] == f"{sum(calls)} upstream calls for them"


def test_a_sweep_is_verified_at_its_point(contender: Contender):
    """The exchanges of the point's own wait are sent, not those of the card's."""
    wrong = Exchange("n=1", expectation=Expectation(body=b"of another wait"))
    workload = Workload("s", "t", "q?", frozenset(), {Point(Axis.WAIT, 1.0): (RIGHT,), Point(Axis.WAIT, 5.0): (wrong,)})
    counters = Counters(lambda: contender.done_statements, lambda: contender.done_calls)
    cells = [Cell("s", Name("sync", "made"), Level(1), Point(Axis.WAIT, wait_ms)) for wait_ms in (1.0, 5.0)]
    assert verify(workload, cells[0], contender.server_port, counters, seed=1)
    with pytest.raises(VerificationFailed, match="wrong body"):
        verify(workload, cells[1], contender.server_port, counters, seed=1)


def test_sample_holds_every_group_however_rare():
    common = tuple(Exchange(f"n={number}", group="innocent") for number in range(500))
    rare = Exchange("n=1", group="poisoned"), Exchange("n=0", group="poisoned", expectation=MISSING.expectation)
    for seed in range(20):
        kinds = {(one.group, one.expectation.status) for one in pick((*common, *rare), seed)}
        assert kinds == {("innocent", 200), ("poisoned", 200), ("poisoned", 404)}


@pytest.mark.parametrize(
    ("answered", "message"),
    [
        ((("Cache-Control", "max-age=5"),), "s/sync/.n=1: Cache-Control is 'max-age=5' instead of 'no-cache'"),
        ((), "Cache-Control is None instead of 'no-cache'"),
        ((("Vary", "no-cache"),), "Cache-Control is None"),
    ],
    ids=["another value", "no such header", "another header"],
)
def test_a_header_that_is_declared_is_compared(
    contender: Contender, answered: tuple[tuple[str, str], ...], message: str
):
    contender.headers = answered
    with pytest.raises(VerificationFailed, match=message):
        check(contender, expecting(headers=(("Cache-Control", "no-cache"),)))


def test_right_headers_are_found_whatever_their_case_and_others_do_not_matter(contender: Contender):
    contender.headers = (("cache-control", "no-cache"), ("X-Other", "1"))
    assert check(contender, expecting(headers=(("Cache-Control", "no-cache"),)))


def test_the_last_declared_header_is_compared_too(contender: Contender):
    contender.headers = (("Vary", "Cookie"), ("Location", "/there"))
    with pytest.raises(VerificationFailed, match="Location is '/there' instead of '/here'"):
        check(contender, expecting(headers=(("Vary", "Cookie"), ("Location", "/here"))))


def test_commands_to_the_cache_are_counted(contender: Contender):
    contender.commands = 4
    assert check(contender, expecting(cache_commands=4))[3] == "4 cache commands for them"
    with pytest.raises(VerificationFailed, match="s/sync/: 4 cache commands for 1 requests, not 3"):
        check(contender, expecting(cache_commands=3))
    with pytest.raises(VerificationFailed, match="4 cache commands for 1 requests, not 0"):
        check(contender, expecting())


def test_a_cache_that_does_not_tell_is_said_where_commands_were_declared(contender: Contender):
    counters = Counters(lambda: contender.done_statements, lambda: contender.done_calls)
    for declared, said in ((4, ["cache commands not counted here"]), (0, [])):
        proved = verify(expecting(cache_commands=declared), CELL, contender.server_port, counters, seed=1)
        assert proved[3:] == said
