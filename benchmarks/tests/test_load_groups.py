"""Requests of a group have a histogram of their own, beside that of all."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest

from benchmarks.load.results import LoadResult
from benchmarks.load.specs import Exchange
from benchmarks.tests.loading import EXPECTED, OK, answering, answering_with, at_least, drive, longest_s, open_spec

SLOW_S = 0.05
INNOCENT = replace(EXPECTED, query="quick", group="innocent")
POISONED = replace(EXPECTED, query="slow", group="poisoned")
MODELS = {"closed": {"duration_s": 0.5}, "open": open_spec(100.0, duration_s=0.5)}
every_model = pytest.mark.parametrize("model", MODELS)


async def slow_or_quick(writer: asyncio.StreamWriter, request: bytes) -> None:
    if b"slow" in request:
        await asyncio.sleep(SLOW_S)
    writer.write(OK)


def total(result: LoadResult, group: str) -> int:
    return sum(result.groups[group].values())


@every_model
def test_groups_are_told_apart_though_their_answers_are_the_same(model: str) -> None:
    result = drive(answering_with(slow_or_quick), INNOCENT, INNOCENT, POISONED, **MODELS[model], warmup_limit_s=8.0)
    assert result.errors == {}
    assert set(result.groups) == {"innocent", "poisoned"}
    assert total(result, "poisoned") == pytest.approx(total(result, "innocent") / 2, abs=4)
    assert at_least(result.groups["poisoned"], SLOW_S * 0.95) == total(result, "poisoned") > 0
    assert at_least(result.groups["innocent"], SLOW_S * 0.95) < total(result, "innocent") / 2
    assert total(result, "innocent") + total(result, "poisoned") == sum(result.histogram.values())


def test_who_arrived_in_an_open_loops_window_is_followed_in_its_group_too() -> None:
    async def answer(writer: asyncio.StreamWriter, request: bytes) -> None:
        if b"slow" in request:
            await asyncio.sleep(0.4)  # longer than the window
        writer.write(OK)

    result = drive(answering_with(answer), INNOCENT, POISONED, **open_spec(100.0, duration_s=0.2))
    assert result.late_succeeded > 0
    assert total(result, "poisoned") == pytest.approx(total(result, "innocent"), abs=3)
    assert longest_s(result.groups["poisoned"]) >= 0.38


def test_a_request_without_a_group_is_in_the_histogram_of_all_alone() -> None:
    result = drive(answering(OK), INNOCENT, EXPECTED)
    assert set(result.groups) == {"innocent"}
    assert total(result, "innocent") == pytest.approx(result.succeeded / 2, abs=4)


def test_a_group_without_right_answers_is_there_and_empty() -> None:
    async def answer(writer: asyncio.StreamWriter, request: bytes) -> None:
        writer.write(OK if b"quick" in request else OK.replace(b"hi", b"ho"))

    result = drive(answering_with(answer), INNOCENT, POISONED)
    assert set(result.errors) == {"body"}
    assert result.groups["poisoned"] == {}
    assert total(result, "innocent") == result.succeeded > 0


def test_a_load_without_groups_has_none() -> None:
    assert drive(answering(OK), EXPECTED, Exchange("n=2", expectation=EXPECTED.expectation)).groups == {}
