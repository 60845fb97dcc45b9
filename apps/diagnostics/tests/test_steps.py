"""Steps of tasks on their loop: what is noted, and that tasks behave as they would without."""

from __future__ import annotations

import asyncio
import contextvars
from collections.abc import Coroutine
from time import monotonic

import pytest

from apps.diagnostics.hops import recording
from apps.diagnostics.steps import MOST_STEPS, TOO_MANY, stepped, watching_tasks
from apps.diagnostics.trace import Trace

BUSY_S, IDLE_S = 0.01, 0.03


def compute() -> None:
    until_s = monotonic() + BUSY_S
    while monotonic() < until_s:
        pass


def length(trace: Trace) -> float:
    return sum(ended_s - began_s for began_s, ended_s in trace.computing())


async def work() -> str:
    compute()
    await asyncio.sleep(IDLE_S)
    compute()
    return "done"


async def watched(coroutine: Coroutine[object, object, object]) -> tuple[Trace, object, float]:
    """The trace of a coroutine that runs in a task of its own, its result, and how long it took."""
    with watching_tasks(), recording() as trace:
        began_s = monotonic()
        result = await asyncio.create_task(coroutine)
        return trace, result, monotonic() - began_s


def test_steps_are_what_is_computed_and_not_what_is_awaited():
    trace, result, took_s = asyncio.run(watched(work()))
    assert result == "done"
    assert 2 * BUSY_S <= length(trace) <= took_s - IDLE_S
    assert len(trace.computing()) == 2


def test_tasks_of_a_task_are_recorded_too():
    async def gathered() -> list[str]:
        return await asyncio.gather(work(), work())

    trace, result, _ = asyncio.run(watched(gathered()))
    assert result == ["done", "done"]
    assert length(trace) >= 4 * BUSY_S


def test_a_context_that_is_handed_over_decides():
    async def begun() -> Trace:
        with watching_tasks(), recording() as trace:
            await asyncio.create_task(work(), context=contextvars.Context())
        return trace

    assert asyncio.run(begun()).steps == []


def test_afterwards_and_without_a_trace_tasks_are_stock():
    async def tasks() -> tuple[object, object]:
        with watching_tasks():
            without = asyncio.create_task(work())
            await without
        with recording():
            after = asyncio.create_task(work())
            await after
        assert asyncio.get_running_loop().get_task_factory() is None
        return without.get_coro().__name__, after.get_coro().__name__

    assert asyncio.run(tasks()) == ("work", "work")


def test_a_factory_that_was_there_is_asked():
    made = []

    def factory(loop, coroutine, **words):
        made.append(coroutine.__name__)
        return asyncio.Task(coroutine, loop=loop, **words)

    async def tasks() -> None:
        asyncio.get_running_loop().set_task_factory(factory)
        await watched(work())
        assert asyncio.get_running_loop().get_task_factory() is factory

    asyncio.run(tasks())
    assert made[0] == "stepped"


def test_errors_come_through():
    async def failing() -> None:
        await asyncio.sleep(0)
        raise LookupError("of its own")

    with pytest.raises(LookupError, match="of its own"):
        asyncio.run(watched(failing()))


def test_a_task_can_be_cancelled_and_clean_up():
    seen = []

    async def waiting() -> None:
        try:
            await asyncio.sleep(60)
        except asyncio.CancelledError:
            seen.append("cancelled")
            await asyncio.sleep(0)
            seen.append("cleaned up")
            raise

    async def cancelled() -> None:
        with watching_tasks(), recording():
            task = asyncio.create_task(waiting())
            await asyncio.sleep(0)
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task

    asyncio.run(cancelled())
    assert seen == ["cancelled", "cleaned up"]


def test_an_endless_request_fills_no_memory():
    async def restless() -> None:
        for _ in range(MOST_STEPS + 100):
            await asyncio.sleep(0)

    trace = Trace()
    asyncio.run(stepped(restless(), trace))
    assert len(trace.steps) == MOST_STEPS
    assert trace.problem == TOO_MANY, "and nobody takes what is left out for waiting"
    assert len(trace.computing()) < MOST_STEPS
