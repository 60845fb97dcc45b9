"""The timer: at the moment or after it, once, and nothing is left behind."""

from __future__ import annotations

import asyncio
import itertools
import os
import sys
from collections.abc import Callable, Coroutine
from time import perf_counter
from types import SimpleNamespace
from typing import Any

import psutil
import pytest

from benchmarks.event_loop import new_event_loop
from benchmarks.load import timer as timers
from benchmarks.load.timer import Timer

Play = Callable[[Coroutine[Any, Any, None]], None]


@pytest.fixture(params=["fastest loop", "asyncio's loop", "without timer descriptors"])
def play(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Play:
    """Run a coroutine; no callback may raise."""
    if request.param == "without timer descriptors":
        monkeypatch.setattr(timers, "sys", SimpleNamespace(platform="elsewhere"))
    factory = asyncio.new_event_loop if request.param == "asyncio's loop" else new_event_loop

    def run(coroutine: Coroutine[Any, Any, None]) -> None:
        broken: list[str] = []
        with asyncio.Runner(loop_factory=factory) as runner:
            runner.get_loop().set_exception_handler(lambda _, told: broken.append(repr(told.get("exception"))))
            runner.run(asyncio.wait_for(coroutine, timeout=20))
        assert broken == []

    return run


async def until(condition: Callable[[], object]) -> None:
    while not condition():  # noqa: ASYNC110 (only the timer under test could wake it)
        await asyncio.sleep(0.005)


def early_s(when_s: float) -> float:
    """The earliest moment for a callback: a loop's own timers count roughly, and from when it last looked."""
    return when_s if timers.sys is sys and sys.platform == "linux" else 0.0


def test_each_callback_sets_the_next_and_none_comes_early(play: Play) -> None:
    async def use() -> None:
        called: list[tuple[float, float]] = []
        done = asyncio.Event()
        due: list[float] = []

        def note() -> None:
            called.append((due[-1], perf_counter()))
            if len(called) == 20:
                done.set()
                return
            due.append(due[-1] + 0.0033)
            timer.set(due[-1])

        timer = Timer(note)
        due.append(perf_counter() + 0.0033)
        timer.set(due[-1])
        await done.wait()
        timer.close()
        assert all(early_s(when_s) <= at_s for when_s, at_s in called)

    play(use())


@pytest.mark.skipif(not hasattr(os, "sched_setaffinity"), reason="the order of several needs one CPU's clock")
def test_several_timers_call_back_in_the_order_of_their_moments(play: Play) -> None:
    async def use() -> None:
        called: list[float] = []
        moments_s = [perf_counter() + 0.2 + 0.005 * number for number in range(8)]
        made = [Timer(lambda when_s=when_s: called.append(when_s)) for when_s in moments_s]
        await asyncio.sleep(0.01)  # the loop knows them
        longest_set_s = 0.0
        for number in (3, 0, 7, 5, 1, 6, 2, 4):
            began_s = perf_counter()
            made[number].set(moments_s[number])
            longest_set_s = max(longest_set_s, perf_counter() - began_s)
        await until(lambda: len(called) == 8)
        for timer in made:
            timer.close()
        # A loop's own timers count from when they are set: who is held up there is late by as much, and a millisecond.
        held_up_s = 0.0 if timers.sys is sys and sys.platform == "linux" else longest_set_s + 0.001
        assert all(earlier <= later + held_up_s for earlier, later in itertools.combinations(called, 2))

    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {min(before)})
    try:
        play(use())
    finally:
        os.sched_setaffinity(0, before)


@pytest.mark.parametrize("past_s", [0.0, 1e-6, 1.0, 1e12], ids=["now", "just gone", "a second ago", "before time"])
def test_a_moment_that_has_passed_fires_at_once_and_once(play: Play, past_s: float) -> None:
    async def use() -> None:
        called: list[float] = []
        timer = Timer(lambda: called.append(perf_counter()))
        timer.set(perf_counter() - past_s)
        await until(lambda: called)
        await asyncio.sleep(0.03)
        timer.close()
        assert len(called) == 1

    play(use())


@pytest.mark.parametrize(("first_s", "second_s"), [(0.01, 0.1), (30.0, 0.05)], ids=["later", "earlier"])
def test_a_new_moment_replaces_the_one_that_was_set(play: Play, first_s: float, second_s: float) -> None:
    async def use() -> None:
        called: list[float] = []
        timer = Timer(lambda: called.append(perf_counter()))
        now_s = perf_counter()
        timer.set(now_s + first_s)
        timer.set(now_s + second_s)
        await until(lambda: called)
        await asyncio.sleep(0.05)
        timer.close()
        assert len(called) == 1
        assert called[0] >= early_s(now_s + second_s)

    play(use())


def test_a_timer_set_anew_when_it_was_due_calls_back_at_the_new_moment_only(play: Play) -> None:
    """Both are due when the loop looks; the first one's callback postpones the other."""

    async def use() -> None:
        called: list[str] = []
        postponed_s = 0.0

        def postpone() -> None:
            nonlocal postponed_s
            called.append("first")
            postponed_s = perf_counter() + 0.05
            second.set(postponed_s)

        first = Timer(postpone)
        second = Timer(lambda: called.append("early" if perf_counter() < early_s(postponed_s) else "second"))
        await asyncio.sleep(0.01)
        now_s = perf_counter()
        first.set(now_s)
        second.set(now_s + 1e-6)
        while perf_counter() < now_s + 0.01:
            pass
        await asyncio.sleep(0.2)
        first.close()
        second.close()
        assert called == ["first", "second"]

    play(use())


def test_closing_leaves_nothing_behind(play: Play) -> None:
    async def use() -> None:
        called: list[float] = []
        process = psutil.Process()
        await asyncio.sleep(0)
        before = process.num_fds()
        for ahead_s in (-1.0, 0.005, 60.0):
            timer = Timer(lambda: called.append(perf_counter()))
            timer.set(perf_counter() + ahead_s)
            timer.close()
            timer.close()
        Timer(lambda: None).close()
        assert process.num_fds() == before
        await asyncio.sleep(0.05)
        assert called == []

    play(use())
