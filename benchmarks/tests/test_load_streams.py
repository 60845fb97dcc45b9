"""Streams: when the first event comes, how the others follow, and that their way there makes no answer wrong."""

from __future__ import annotations

import asyncio
import itertools
from time import perf_counter

import pytest

from benchmarks.load.results import Counts
from benchmarks.load.specs import Exchange, Expectation
from benchmarks.stats.histogram import Histogram
from benchmarks.tests.loading import (
    EXPECTED,
    OK,
    Handler,
    answering,
    answering_with,
    at_least,
    drive,
    in_turn,
    longest_s,
    open_spec,
)

HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n"
EVENTS = [b"data: %d\n\n" % number for number in range(4)]
LAST = b"0\r\n\r\n"
STREAM = Exchange("stream", expectation=Expectation(body=b"".join(EVENTS), chunks=len(EVENTS)))
MODELS = {"closed": {"duration_s": 0.6}, "open": open_spec(40.0, duration_s=0.6)}
every_model = pytest.mark.parametrize("model", MODELS)


def chunk(data: bytes) -> bytes:
    return b"%x\r\n%s\r\n" % (len(data), data)


WHOLE = HEAD + b"".join(map(chunk, EVENTS)) + LAST


def median_s(counts: Counts) -> float:
    return (Histogram.of_counts(counts).percentile_ms(50) or 0.0) / 1000


class Streaming:
    """A server that sends its head at once and then an event after each pause; it knows when it sent them."""

    def __init__(self, first_s: float, pause_s: float) -> None:
        self.pauses_s = [first_s, *[pause_s] * (len(EVENTS) - 1)]
        self.firsts_s: list[float] = []
        self.gaps_s: list[float] = []
        self.handle = answering_with(self.answer)

    async def answer(self, writer: asyncio.StreamWriter, request: bytes) -> None:
        former_s = perf_counter()
        writer.write(HEAD)
        for event, pause_s in zip(EVENTS, self.pauses_s, strict=True):
            await asyncio.sleep(pause_s)
            writer.write(chunk(event))
            now_s = perf_counter()
            (self.firsts_s if event is EVENTS[0] else self.gaps_s).append(now_s - former_s)
            former_s = now_s
        writer.write(LAST)


@every_model
def test_the_first_event_and_the_gaps_are_as_long_as_the_server_made_them(model: str) -> None:
    server = Streaming(first_s=0.03, pause_s=0.01)
    result = drive(server.handle, STREAM, **MODELS[model], warmup_limit_s=8.0)
    assert result.errors == {}
    followed = sum(result.histogram.values())
    assert sum(result.first_chunk.values()) == followed > 10
    assert sum(result.gaps.values()) == followed * (len(EVENTS) - 1)
    for counts, sent_s in ((result.first_chunk, server.firsts_s), (result.gaps, server.gaps_s)):
        assert median_s(counts) == pytest.approx(sorted(sent_s)[len(sent_s) // 2], rel=0.1)
        assert longest_s(counts) <= max(sent_s) * 1.5
    assert median_s(result.first_byte) < median_s(result.first_chunk) / 3, "the head came long before"


@every_model
@pytest.mark.parametrize("joined", [True, False], ids=["in one piece", "one after the other"])
def test_what_was_collected_first_comes_late_and_without_gaps(model: str, joined: bool) -> None:
    waited_s = 0.03

    async def answer(writer: asyncio.StreamWriter, request: bytes) -> None:
        writer.write(HEAD)
        await asyncio.sleep(waited_s)
        for piece in [WHOLE.removeprefix(HEAD)] if joined else [*map(chunk, EVENTS), LAST]:
            writer.write(piece)
            await asyncio.sleep(0)

    result = drive(answering_with(answer), STREAM, **MODELS[model], warmup_limit_s=8.0)
    assert result.errors == {}
    followed = sum(result.histogram.values())
    assert at_least(result.first_chunk, waited_s * 0.95) == followed > 0
    assert sum(result.gaps.values()) == followed * (len(EVENTS) - 1)
    assert set(result.gaps) == {0} if joined else median_s(result.gaps) < waited_s / 20


def test_an_answer_that_is_known_already_is_timed_all_the_same() -> None:
    """One that is no stream is not even parsed when it equals one that was."""
    result = drive(answering(WHOLE), STREAM)
    assert result.errors == {}
    assert sum(result.first_chunk.values()) == result.succeeded > 10


def test_an_event_has_come_with_its_last_byte_however_the_stream_was_cut() -> None:
    body = b"".join(EVENTS)
    cuts = itertools.cycle(range(1, len(body)))

    async def answer(writer: asyncio.StreamWriter, request: bytes) -> None:
        cut = next(cuts)
        writer.write(HEAD + chunk(body[:cut]))
        await asyncio.sleep(0.01)
        writer.write(chunk(body[cut:]) + LAST)

    result = drive(answering_with(answer), STREAM, duration_s=0.8, warmup_limit_s=8.0)
    assert result.errors == {}
    late = at_least(result.first_chunk, 0.009)
    assert late / result.succeeded == pytest.approx((len(EVENTS[0]) - 1) / (len(body) - 1), rel=0.5)
    assert result.succeeded - late == pytest.approx(at_least(result.gaps, 0.009), abs=4)
    assert sum(result.gaps.values()) == result.succeeded * (len(EVENTS) - 1)


@pytest.mark.parametrize(
    "events",
    [EVENTS[:-1], [*EVENTS, EVENTS[0]], [*EVENTS[:-1], b"data: x\n\n"], [b"".join(EVENTS).replace(b"\n\n", b"\r\n")]],
    ids=["too few", "too many", "another", "no blank lines"],
)
@pytest.mark.parametrize("body", [STREAM.expectation.body, None], ids=["every byte", "the number alone"])
def test_other_events_are_no_right_answer(events: list[bytes], body: bytes | None) -> None:
    exchange = Exchange(expectation=Expectation(body=body, chunks=len(EVENTS)))
    result = drive(in_turn([WHOLE, HEAD + b"".join(map(chunk, events)) + LAST]), exchange, warmup_limit_s=8.0)
    if body is None and len(events) == len(EVENTS):
        assert result.errors == {}
    else:
        assert set(result.errors) == {"body"}
    assert sum(result.first_chunk.values()) == result.succeeded > 10


@every_model
def test_streams_and_plain_answers_are_told_apart(model: str) -> None:
    async def answer(writer: asyncio.StreamWriter, request: bytes) -> None:
        writer.write(WHOLE if b"stream" in request else OK)

    result = drive(answering_with(answer), STREAM, EXPECTED, EXPECTED, **MODELS[model], warmup_limit_s=8.0)
    assert result.errors == {}
    followed, streams = sum(result.histogram.values()), sum(result.first_chunk.values())
    assert 0 < streams < followed
    assert streams == pytest.approx(followed / 3, abs=4)
    assert sum(result.gaps.values()) == streams * (len(EVENTS) - 1)


@pytest.mark.parametrize(("close", "error"), [(True, "short"), (False, "timeout")])
def test_a_stream_that_breaks_off_is_a_failure_and_none_of_its_events_count(close: bool, error: str) -> None:
    async def answer(writer: asyncio.StreamWriter, request: bytes) -> bool:
        writer.write(HEAD + chunk(EVENTS[0]) + chunk(EVENTS[1]))
        await writer.drain()
        await asyncio.sleep(0.005)
        return not close

    handler: Handler = answering_with(answer)
    result = drive(handler, STREAM, timeout_s=2.0 if close else 0.2)
    assert set(result.errors) == {error}
    assert (result.succeeded, result.first_chunk, result.gaps) == (0, {}, {})


def test_a_connection_forgets_the_events_of_a_stream_that_was_wrong() -> None:
    """The next one's would be missing from its own."""
    wrong = HEAD + b"".join(map(chunk, EVENTS[:2])) + LAST
    result = drive(in_turn([wrong, WHOLE]), STREAM, concurrency=1, warmup_limit_s=8.0)
    assert sum(result.gaps.values()) == result.succeeded * (len(EVENTS) - 1) > 0


def test_a_load_without_streams_has_no_events() -> None:
    blank = OK.replace(b"hi", b"\n\n")
    result = drive(answering(blank), Exchange(expectation=Expectation(body=b"\n\n")))
    assert result.succeeded > 0
    assert (result.first_chunk, result.gaps) == ({}, {})


def test_a_stream_of_one_event_has_no_gap() -> None:
    one = Exchange(expectation=Expectation(body=EVENTS[0], chunks=1))
    result = drive(answering(HEAD + chunk(EVENTS[0]) + LAST), one)
    assert sum(result.first_chunk.values()) == result.succeeded > 0
    assert result.gaps == {}
