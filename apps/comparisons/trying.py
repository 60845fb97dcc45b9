"""Runs a variant once, or ten at a time, and tells what happened. One process serves one visitor: no measurement."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Coroutine, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from time import monotonic
from typing import Any
from urllib.parse import parse_qsl, urlencode

from apps.comparisons import in_process, loopback
from apps.comparisons.answers import Answer
from apps.comparisons.in_process import Visitor
from apps.diagnostics.steps import watching_tasks
from apps.scenarios.contract import Scenario, Variant
from benchmarks.servers.base import Interface

TIMES = (1, 10)
TIMEOUT_S = 10.0
VARIED = "book"  # the parameter by which the calls to the upstream of several requests are told apart
one_at_a_time = threading.Lock()  # not asyncio's: under WSGI every visitor has a loop of his own


class Busy(Exception):
    """Somebody else is trying something in this process."""


@contextmanager
def alone() -> Iterator[None]:
    """Raises Busy when somebody else is at it: two at once would draw each other's waits."""
    if not one_at_a_time.acquire(blocking=False):
        raise Busy
    try:
        yield
    finally:
        one_at_a_time.release()


@dataclass(frozen=True)
class Tried:
    """What one click on one variant brought to light; ``calls`` is None where the upstream's journal is not there."""

    variant: str
    began_s: float
    answers: tuple[Answer, ...]
    calls: tuple[dict[str, Any], ...] | None = ()
    absent: str = ""

    def told(self) -> dict[str, Any]:
        """As JSON, moments in milliseconds since the click."""
        return {
            "variant": self.variant,
            "absent": self.absent,
            "answers": [answer.told(self.began_s) for answer in self.answers],
            "calls": None if self.calls is None else [self._call(call) for call in self.calls],
        }

    def _call(self, call: dict[str, Any]) -> dict[str, Any]:
        began_ms, ended_ms = (round((call[key] - self.began_s) * 1000, 3) for key in ("began_s", "ended_s"))
        return {"service": call["service"], "request": call["request"], "began_ms": began_ms, "ended_ms": ended_ms}


async def attempt(card: Scenario, variant: Variant, times: int, visitor: Visitor) -> Tried:
    """Run a variant so many times at once. Raises Busy, and UsageError when an address is not one of this machine's."""
    with alone():
        aiohttp = Interface.AIOHTTP in variant.interfaces
        return await (_over_http if aiohttp else _in_process)(card, variant, times, visitor)


async def _in_process(card: Scenario, variant: Variant, times: int, visitor: Visitor) -> Tried:
    path, queries = f"/{card.name}/{variant.name}/", _queries(card, times)
    in_process.handler()  # loading it the first time is nobody's wait
    began_s = monotonic()
    answers = [Answer(_target(path, query)) for query in queries]
    asked = (
        in_process.ask(path, query, card.method, visitor, answer)
        for query, answer in zip(queries, answers, strict=True)
    )
    with watching_tasks():
        await asyncio.gather(*map(_bounded, asked, answers))
    return Tried(variant.name, began_s, tuple(answers), await _calls(card, began_s, queries))


async def _over_http(card: Scenario, variant: Variant, times: int, visitor: Visitor) -> Tried:
    path, queries, cookies = f"/{card.name}/{variant.name}/", _queries(card, times), visitor.headers.get("cookie")
    url = loopback.address(loopback.SIBLING)
    async with loopback.client(times) as session:
        began_s = monotonic()
        answers = [Answer(_target(path, query)) for query in queries]
        asked = (loopback.ask(session, answer.target, card.method, cookies or "", answer) for answer in answers)
        ends = await asyncio.gather(*map(_bounded, asked, answers), return_exceptions=True)
        if any(isinstance(end, loopback.Absent) for end in ends):
            absent = f"The sibling service does not answer at {url}: {loopback.START_SIBLING}"
            return Tried(variant.name, began_s, (), (), absent)
    return Tried(variant.name, began_s, tuple(answers), await _calls(card, began_s, queries))


async def _bounded(asked: Coroutine[Any, Any, None], answer: Answer) -> None:
    """Wait for one request, not for ever; what went wrong is part of what happened."""
    answer.began_s = monotonic()
    try:
        async with asyncio.timeout(TIMEOUT_S):
            await asked
    except TimeoutError:
        answer.error = f"no whole answer within {TIMEOUT_S:g} s"
    except loopback.Absent:
        raise
    except Exception as error:
        answer.error = f"the request failed: {type(error).__name__}"
    if answer.ended_s is None:
        answer.end()


def _target(path: str, query: str) -> str:
    return f"{path}?{query}" if query else path


def _queries(card: Scenario, times: int) -> list[str]:
    """The example, each time for another book where calls to the upstream are to be told apart."""
    parameters = dict(parse_qsl(card.example))
    if "upstream" not in card.needs or VARIED not in parameters:
        return [card.example] * times
    book = int(parameters[VARIED])
    return [urlencode({**parameters, VARIED: book + number}) for number in range(times)]


async def _calls(card: Scenario, began_s: float, queries: list[str]) -> tuple[dict[str, Any], ...] | None:
    """The upstream's own view of what these requests asked of it, each call with the number of its request."""
    if "upstream" not in card.needs:
        return ()
    found = await loopback.calls_since(began_s)
    if found is None:
        return None
    books = {dict(parse_qsl(query)).get(VARIED): number for number, query in enumerate(queries)}
    known = [call for call in found if isinstance(call, dict) and str(call.get("book")) in books]
    return tuple({**call, "request": books[str(call["book"])]} for call in known)
