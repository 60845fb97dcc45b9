"""What counts as an answer: whole, asked for, and right to the last byte, however it comes in."""

from __future__ import annotations

import asyncio
import itertools

import pytest

from benchmarks.load.specs import Exchange, Expectation, Model
from benchmarks.tests.loading import (
    END,
    OK,
    Handler,
    answering,
    answering_with,
    drive,
    hanging_up,
    in_turn,
    open_spec,
)

WRONG = OK.replace(b"hi", b"ho")
CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nh\r\n1\r\ni\r\n0\r\n\r\n"
LEISURE = open_spec(50.0, duration_s=0.6)  # an open loop whose connections are idle between two requests


@pytest.mark.parametrize("answer", [OK, CHUNKED], ids=["length", "chunked"])
def test_answers_are_put_together_wherever_they_were_cut(answer: bytes) -> None:
    cuts = itertools.cycle(range(1, len(answer)))
    seen: set[int] = set()

    async def reply(writer: asyncio.StreamWriter, request: bytes) -> None:
        cut = next(cuts)
        writer.write(answer[:cut])
        await writer.drain()
        await asyncio.sleep(0.001)
        writer.write(answer[cut:])
        seen.add(cut)

    result = drive(answering_with(reply), duration_s=0.6, concurrency=8)
    assert seen == set(range(1, len(answer)))
    assert result.errors == {}
    assert result.succeeded > 0


def test_an_answer_may_come_byte_by_byte() -> None:
    result = drive(answering(*(bytes([byte]) for byte in OK)), warmup_limit_s=8.0)
    assert result.errors == {}
    assert result.succeeded > 0


@pytest.mark.parametrize(
    "handler",
    [
        answering(CHUNKED),
        answering(CHUNKED[:-5], b"0\r\n\r\n"),
        answering(OK.replace(b"OK\r\n", b"OK\r\nConnection: close\r\n"), close=True),
        in_turn([OK.replace(b"OK\r\n", b"OK\r\nDate: second %d\r\n" % second) for second in range(60)]),
        in_turn([OK, CHUNKED]),
    ],
    ids=["chunked", "chunked, in pieces", "closing", "another date each time", "two forms of one answer"],
)
def test_all_right_forms_of_an_answer_are_right(handler: Handler) -> None:
    result = drive(handler, warmup_limit_s=8.0)
    assert result.errors == {}
    assert result.succeeded > 10


@pytest.mark.parametrize(
    ("wrong", "error"),
    [
        (WRONG, "body"),
        (OK.replace(b"200", b"201"), "status"),
        (OK.replace(b"hi", b"hj"), "body"),
        (OK.replace(b"Length: 2", b"Length: 1"), "body"),
        (OK.replace(b"HTTP/1.1", b"HTTP/1.;"), "body"),
    ],
    ids=["body", "status", "last byte", "length", "not HTTP"],
)
def test_an_answer_that_differs_in_a_byte_from_one_found_right_is_found_wrong(wrong: bytes, error: str) -> None:
    result = drive(in_turn([OK, OK, wrong]), warmup_limit_s=8.0)
    assert set(result.errors) == {error}
    assert result.succeeded > 10
    assert abs(2 * result.failed - result.succeeded) <= 3 * 4, "two of three answers are right, on four connections"


def test_an_answer_found_right_is_wrong_for_another_request() -> None:
    exchanges = [Exchange(body, expectation=Expectation(body=body.encode())) for body in ("hi", "ho")]
    result = drive(answering(OK), *exchanges)
    assert set(result.errors) == {"body"}
    assert abs(result.failed - result.succeeded) <= 4 + 1


@pytest.mark.parametrize(
    "chunk",
    [OK + OK, OK + OK[:1], OK + OK + OK, OK + b"rubbish", CHUNKED + CHUNKED, CHUNKED + OK[:20]],
    ids=["two", "two begun", "three", "and rubbish", "two chunked", "two begun chunked"],
)
def test_more_than_was_asked_for_is_never_a_success(chunk: bytes) -> None:
    result = drive(answering(chunk))
    assert set(result.errors) == {"body"}
    assert result.succeeded == 0
    assert not result.warmed_up


def test_two_answers_in_one_piece_are_no_success_even_of_a_form_that_was_found_right() -> None:
    result = drive(in_turn([OK, OK, OK + OK]), warmup_limit_s=8.0)
    assert set(result.errors) == {"body"}
    assert result.connections_closed >= result.failed - 4
    assert abs(2 * result.failed - result.succeeded) <= 3 * 4


def test_the_rest_of_an_answer_is_none_by_itself() -> None:
    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        async with hanging_up(writer):
            await reader.readuntil(END)
            for piece in (OK[:-2], OK[-2:]):
                writer.write(piece)
                await asyncio.sleep(0.005)
            while await reader.readuntil(END):
                writer.write(OK[-2:])

    result = drive(handle, warmup_limit_s=8.0)
    assert set(result.errors) == {"body"}
    assert abs(result.succeeded - result.failed) <= 4, "the first of each connection is right"


def counting(then: bytes, pause_s: float = 0.0) -> tuple[Handler, list[int]]:
    """A server that says ``then``, unasked, some time after each answer; the list's length is what it was asked."""
    asked: list[int] = []

    async def answer(writer: asyncio.StreamWriter, request: bytes) -> None:
        asked.append(len(request))
        writer.write(OK)
        await asyncio.sleep(pause_s)
        writer.write(then)

    return answering_with(answer), asked


@pytest.mark.parametrize("then", [OK, WRONG, b"rubbish\r\n\r\n"], ids=["right", "wrong", "rubbish"])
def test_what_comes_unasked_on_an_idle_connection_ends_it_and_is_no_answer(then: bytes) -> None:
    handler, asked = counting(then, pause_s=0.004)
    result = drive(handler, **LEISURE)
    assert 0 < result.succeeded <= len(asked) + result.connections_opened
    assert result.connections_closed > 0
    assert set(result.errors) <= {"body", "reset"}  # it may come when the next request is on its way


@pytest.mark.parametrize("found_right", [False, True], ids=["unknown", "found right"])
def test_an_answer_that_began_before_its_request_is_none(found_right: bool) -> None:
    """Its head start would be the server's gain; a connection's first answer is a good one."""
    unfair = 0
    chunks = [OK] if found_right else [OK[:9], OK[9:]]

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal unfair
        async with hanging_up(writer):
            await reader.readuntil(END)
            for chunk in chunks:
                writer.write(chunk)
                await asyncio.sleep(0.003)
            writer.write(OK[:10])
            await reader.readuntil(END)
            unfair += 1
            writer.write(OK if found_right else OK[10:])

    result = drive(handle, **open_spec(25.0, duration_s=1.0, concurrency=1))
    assert result.succeeded > 0
    assert result.connections_closed > 0
    assert unfair <= 0.35 * result.answered_in_all, "only where the next request was on its way already"


def test_answers_out_of_step_are_found_where_requests_differ() -> None:
    """Each answer comes once more; a closed loop takes it for the next one's, and its body gives it away."""
    exchanges = [Exchange(body, expectation=Expectation(body=body.encode())) for body in ("ab", "cd", "ef")]
    asked = 0

    async def answer(writer: asyncio.StreamWriter, request: bytes) -> None:
        nonlocal asked
        asked += 1
        body = request.split(b"?")[1][:2]
        for _ in range(2):
            writer.write(OK.replace(b"hi", body))
            await asyncio.sleep(0.002)

    result = drive(answering_with(answer), *exchanges, concurrency=1)
    assert result.errors.get("body", 0) > 0
    assert result.succeeded <= asked


def test_a_long_body_is_compared_to_its_end() -> None:
    body = bytes(range(256)) * 2000
    head = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(body)
    exchange = Exchange(expectation=Expectation(body=body))
    right = drive(answering(head + body), exchange, warmup_limit_s=8.0)
    assert right.errors == {}
    assert right.bytes_received >= (right.succeeded - 4) * len(head + body)
    wrong = drive(answering(head + body[:-1] + b"x"), exchange)
    assert set(wrong.errors) == {"body"}


def test_an_interim_answer_is_waited_beyond() -> None:
    early = b"HTTP/1.1 103 Early Hints\r\nLink: </style.css>\r\n\r\n"
    for handler in (answering(early, OK, pause_s=0.002), answering(early + OK)):
        result = drive(handler)
        assert result.errors == {}
        assert result.surplus == 0
        assert result.succeeded > 0


def test_silence_begins_after_a_right_answer_even_if_the_first_was_none() -> None:
    handler = in_turn([OK.replace(b"200 OK", b"503 Busy"), *[OK] * 3])
    result = drive(handler, model=Model.SILENT, concurrency=3, warmup_limit_s=8.0)
    assert result.warmed_up
    assert (result.connections_after, result.sent) == (3, 0)
