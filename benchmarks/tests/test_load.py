"""The generator against servers that behave and servers that do not: every answer is checked and accounted for."""

from __future__ import annotations

import asyncio
import itertools
import random
from collections import Counter

import pytest

from benchmarks.load.pacing import Load
from benchmarks.load.specs import Exchange, Expectation, Model
from benchmarks.tests.loading import (
    EXPECTED,
    OK,
    Handler,
    answering,
    answering_with,
    at_least,
    drive,
    longest_s,
    open_spec,
)

CLOSING = OK.replace(b"OK\r\n", b"OK\r\nConnection: close\r\n")


def whimsical() -> Handler:
    """A server that does something else every time."""
    dice = random.Random(5)
    kinds = [OK, OK, OK[:-1], OK.replace(b"hi", b"ho"), OK.replace(b"200", b"503"), OK + OK, b"rubbish\r\n\r\n", b""]

    async def answer(writer: asyncio.StreamWriter, request: bytes) -> bool:
        writer.write(chosen := dice.choice(kinds))
        return chosen == OK and dice.random() < 0.9

    return answering_with(answer)


async def hang_up(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.close()


KINDS: dict[str, tuple[Handler | None, set[str]]] = {
    "good": (answering(OK), set()),
    "in pieces": (answering(OK[:10], OK[10:-1], OK[-1:]), set()),
    "closing": (answering(CLOSING, close=True), set()),
    "closing unannounced": (answering(OK, close=True), {"reset"}),
    "status": (answering(OK.replace(b"200 OK", b"500 Oops")), {"status"}),
    "body": (answering(OK.replace(b"hi", b"ho")), {"body"}),
    "short": (answering(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhi", close=True), {"short"}),
    "reset": (answering(close=True), {"reset"}),
    "hanging up": (hang_up, {"reset"}),
    "not HTTP": (answering(b"this is not HTTP\r\n\r\n"), {"body"}),
    "twice": (answering(OK + OK), {"body"}),
    "other protocol": (answering(b"HTTP/1.1 101 Moving On\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\n"), {"body"}),
    "nobody": (None, {"connect"}),
    "mute": (answering(OK, pause_s=30.0), {"timeout"}),
    "whimsical": (whimsical(), {"body", "reset", "short", "status"}),
}
GOOD = {"good", "in pieces", "closing", "closing unannounced", "whimsical"}
MODELS = {
    Model.CLOSED: {"concurrency": 4, "duration_s": 0.1},
    Model.OPEN: open_spec(300.0, concurrency=8, duration_s=0.1),
    Model.SILENT: {"model": Model.SILENT, "concurrency": 4, "duration_s": 0.05},
}


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("model", MODELS)
def test_the_accounts_add_up_whatever_the_server_does(model: Model, kind: str) -> None:
    handler, errors = KINDS[kind]
    timeout_s = 0.1 if kind == "mute" else 2.0
    result = drive(handler, **MODELS[model], warmup_s=0.02, warmup_limit_s=0.05, timeout_s=timeout_s)  # checks accounts
    assert set(result.errors) <= errors
    assert kind in GOOD or result.succeeded == 0
    assert (result.offered is not None) == (model is Model.OPEN)


@pytest.mark.parametrize("kind", ["good", "in pieces", "closing"])
def test_good_answers_in_one_piece_or_many(kind: str) -> None:
    result = drive(KINDS[kind][0], warmup_limit_s=8.0)
    assert result.succeeded > 10
    assert result.errors == {}
    assert result.warmed_up


@pytest.mark.parametrize("kind", ["status", "body", "short", "reset", "not HTTP", "nobody"])
def test_bad_answers_are_errors_of_their_class_and_never_successes(kind: str) -> None:
    handler, errors = KINDS[kind]
    result = drive(handler)
    assert set(result.errors) == errors
    assert result.succeeded == 0
    assert not result.warmed_up


def test_the_request_is_what_was_asked_for() -> None:
    seen = []

    async def answer(writer: asyncio.StreamWriter, request: bytes) -> bool:
        seen.append(request)
        writer.write(OK)
        return False

    drive(answering_with(answer))
    assert seen[0].startswith(b"GET /x/?n=1 HTTP/1.1\r\nHost: 127.0.0.1:")


def test_bytes_are_those_of_the_answers_and_requests() -> None:
    loads: list[Load] = []
    result = drive(answering(OK), look=loads.append)
    request = loads[0].next_request()[1]
    assert result.bytes_sent % len(request) == 0
    assert abs(result.bytes_sent // len(request) - result.sent) <= 4
    assert result.bytes_received % len(OK) == 0
    assert result.bytes_received // len(OK) == result.succeeded


def test_a_connection_is_kept_as_long_as_the_server_keeps_it() -> None:
    kept = drive(answering(OK))
    assert (kept.connections_before, kept.connections_opened, kept.connections_closed) == (4, 0, 0)
    closed = drive(answering(CLOSING, close=True))
    assert abs(closed.connections_opened - closed.succeeded) <= 2 * 4


def test_all_that_was_answered_counts_where_the_servers_work_is_divided_by_it() -> None:
    served = itertools.count()

    async def answer(writer: asyncio.StreamWriter, request: bytes) -> None:
        next(served)
        writer.write(OK)

    result = drive(answering_with(answer))
    assert result.answered_in_all == next(served)
    assert result.answered_in_all > result.succeeded


def test_a_timeout_bounds_the_wait_and_is_no_success() -> None:
    result = drive(answering(OK, pause_s=30.0), timeout_s=0.2, duration_s=1.0)
    assert set(result.errors) == {"timeout"}
    assert result.succeeded == 0


def test_an_answer_after_the_timeout_is_one_however_late_that_is_noticed() -> None:
    result = drive(answering(OK, pause_s=0.16), timeout_s=0.15, duration_s=0.8, concurrency=8)
    assert set(result.errors) == {"timeout"}
    assert result.bytes_received > 0, "some came before their connection was given up"
    assert result.succeeded == 0


@pytest.mark.parametrize("model", [Model.CLOSED, Model.OPEN])
def test_no_latency_is_longer_than_the_timeout(model: Model) -> None:
    dice = random.Random(3)

    async def answer(writer: asyncio.StreamWriter, request: bytes) -> None:
        await asyncio.sleep(dice.choice((0.0, 0.1, 0.16, 0.18, 0.4)))
        writer.write(OK)

    result = drive(answering_with(answer), timeout_s=0.15, **{**MODELS[model], "duration_s": 0.8})
    assert set(result.errors) == {"timeout"}
    assert longest_s(result.histogram) <= 0.15 * 1.001
    assert sum(one.failed for one in result.slices) == result.failed


def test_latency_is_at_least_the_wait_and_the_first_byte_comes_before_the_last() -> None:
    async def answer(writer: asyncio.StreamWriter, request: bytes) -> None:
        await asyncio.sleep(0.02)
        writer.write(OK[:5])
        await asyncio.sleep(0.02)
        writer.write(OK[5:])

    result = drive(answering_with(answer), duration_s=0.5)
    assert at_least(result.histogram, 0.038) == result.succeeded  # loops may round a sleep down to a millisecond
    assert at_least(result.first_byte, 0.019) == result.succeeded
    assert min(result.first_byte) < min(result.histogram)
    assert max(result.first_byte) < max(result.histogram)


def test_slow_answers_are_waited_for_so_that_nothing_is_under_way_afterwards() -> None:
    asked, answered = itertools.count(), itertools.count()

    async def answer(writer: asyncio.StreamWriter, request: bytes) -> None:
        next(asked)
        await asyncio.sleep(0.25)
        writer.write(OK)
        next(answered)

    result = drive(answering_with(answer), warmup_limit_s=2.0)
    assert result.errors == {}
    assert result.in_flight_after == 4
    assert result.answered_in_all == next(asked) == next(answered)
    assert result.histogram, "answers that began before the window count when they end in it"


@pytest.mark.parametrize("changes", [{}, open_spec(1000.0)], ids=["closed", "open"])
def test_never_more_are_under_way_than_connections(changes: dict[str, object]) -> None:
    under_way = highest = 0

    async def answer(writer: asyncio.StreamWriter, request: bytes) -> None:
        nonlocal under_way, highest
        under_way += 1
        highest = max(highest, under_way)
        await asyncio.sleep(0.02)
        under_way -= 1
        writer.write(OK)

    drive(answering_with(answer), **{**changes, "concurrency": 7})
    assert highest == 7


def test_silent_connections_are_open_and_say_nothing_in_the_window() -> None:
    connected, requests, at_edges = set(), itertools.count(), []

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        connected.add(writer)

        async def answer(writer: asyncio.StreamWriter, request: bytes) -> None:
            next(requests)
            writer.write(OK)

        await answering_with(answer)(reader, writer)
        connected.discard(writer)

    def note(edge: str) -> None:
        at_edges.append((len(connected), str(requests)))

    result = drive(handle, model=Model.SILENT, concurrency=20, warmup_limit_s=8.0, at_edge=note)
    assert at_edges == [(20, "count(20)")] * 2
    assert result.warmed_up
    assert (result.sent, result.bytes_sent, result.bytes_received, result.succeeded) == (0, 0, 0, 0)
    assert (result.connections_before, result.connections_after) == (20, 20)
    assert (result.connections_opened, result.connections_closed) == (0, 0)


def test_slices_have_histograms_of_their_own_where_they_are_asked_for() -> None:
    plain, detailed = (drive(answering(OK), slice_histograms=asked, slices=4) for asked in (False, True))
    assert [one.histogram for one in plain.slices] == [{}] * 4
    assert [sum(one.histogram.values()) for one in detailed.slices] == [one.succeeded for one in detailed.slices]


def test_every_exchange_is_asked_equally_often() -> None:
    seen: list[bytes] = []

    async def answer(writer: asyncio.StreamWriter, request: bytes) -> None:
        seen.append(request.split()[1])
        writer.write(OK)

    exchanges = [Exchange(f"n={number}", expectation=Expectation(body=b"hi")) for number in range(5)]
    drive(answering_with(answer), *exchanges)
    often = Counter(seen)
    assert len(often) == 5
    assert max(often.values()) - min(often.values()) <= 1
    assert EXPECTED.target("/x/").encode() in often
