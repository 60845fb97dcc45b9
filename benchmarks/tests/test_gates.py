"""When a round must not be believed."""

from __future__ import annotations

from typing import Any

import pytest

from benchmarks.record import CellRecord, Flag, RoundRecord, State
from benchmarks.stats.gates import above_ceiling, flag_cell, judge_cell, judge_round, saturated, too_many_errors
from benchmarks.tests.records import cell_record, load_result, round_record, usage


def judged(load: dict[str, Any] | None = None, cell: dict[str, Any] | None = None, **entry: Any) -> tuple[State, str]:
    return judge_round(cell_record(**(cell or {})), round_record(load=load_result(**(load or {})), **entry))


def test_a_busy_load_side_is_named() -> None:
    assert saturated({"postgres": 0.3, "upstream": 0.91}) == "upstream was 91% busy: it would be what was measured"


@pytest.mark.parametrize("busy", [{}, {"postgres": 0.9}, {"the load side": None}, {"postgres": 0.0, "upstream": 0.5}])
def test_a_load_side_with_time_left_is_believed(busy: dict[str, float | None]) -> None:
    assert saturated(busy) == ""


def test_more_than_the_wait_allows_is_told() -> None:
    assert above_ceiling(1_200.4, 1_000.0) == "1,200 requests/s is above the 1,000 that the wait allows"


@pytest.mark.parametrize(("rate", "ceiling"), [(1000.0, 1000.0), (999.0, 1000.0), (1e6, None)])
def test_what_the_wait_allows_is_believed(rate: float, ceiling: float | None) -> None:
    assert above_ceiling(rate, ceiling) == ""


def test_more_than_one_failure_in_a_thousand_is_too_many() -> None:
    reason = too_many_errors(1997, {"timeout": 2, "body": 1})
    assert reason == "3 of 2000 requests failed (1 body, 2 timeout)"


@pytest.mark.parametrize(("succeeded", "failed"), [(1000, 0), (999, 1), (1998, 2), (2996, 2), (0, 0)])
def test_one_failure_in_a_thousand_is_tolerated(succeeded: int, failed: int) -> None:
    assert too_many_errors(succeeded, {"reset": failed}) == ""


@pytest.mark.parametrize(("succeeded", "failed"), [(998, 1), (1997, 2), (0, 1)])
def test_just_above_one_in_a_thousand_is_too_many(succeeded: int, failed: int) -> None:
    assert too_many_errors(succeeded, {"reset": failed}) != ""


def test_a_clean_round_is_ok_without_a_reason() -> None:
    assert judged(load_side_busy=0.5, usage={"server": usage(), "postgres": usage(0.4)}) == (State.OK, "")


def test_a_round_with_the_tolerated_share_of_errors_is_ok() -> None:
    assert judged({"succeeded": 999, "errors": {"reset": 1}}) == (State.OK, "")


def test_a_round_with_more_errors_failed() -> None:
    reason = "2 of 1001 requests failed (2 status)"
    assert judged({"succeeded": 999, "errors": {"status": 2}}) == (State.FAILED, reason)


def test_a_round_without_any_answer_failed() -> None:
    assert judged({"succeeded": 0, "window_s": 0.5}) == (
        State.FAILED,
        "no answer within the window of 0.5 s: hung, or slower than --duration is long",
    )


def test_errors_weigh_more_than_a_busy_load_side() -> None:
    state, reason = judged({"succeeded": 9, "errors": {"body": 1}}, load_side_busy=1.0)
    assert (state, reason) == (State.FAILED, "1 of 10 requests failed (1 body)")


def test_a_round_is_void_when_the_load_side_was_busy() -> None:
    reason = "the load side was 95% busy: it would be what was measured"
    assert judged(load_side_busy=0.95) == (State.VOID, reason)


@pytest.mark.parametrize("service", ["generator", "generator 1", "generator 2", "upstream"])
def test_a_round_is_void_when_a_service_was_busy(service: str) -> None:
    state, reason = judged({"window_s": 2.0}, usage={"server": usage(), service: usage(1.9)}, load_side_busy=0.5)
    assert (state, reason) == (State.VOID, f"{service} was 95% busy: it would be what was measured")


def test_postgresql_may_use_more_than_one_cpu_while_its_cpus_have_time_left() -> None:
    used = {"server": usage(), "postgres": usage(1.2)}
    assert judged(usage=used, load_side_busy=0.4) == (State.OK, "")


def test_the_server_may_be_as_busy_as_it_can() -> None:
    assert judged(usage={"server": usage(1.0)}) == (State.OK, "")


@pytest.mark.parametrize("service", ["generator", "generator 1", "generator 2", "upstream"])
def test_a_service_may_be_busy_for_nine_tenths_of_the_window(service: str) -> None:
    assert judged({"window_s": 2.0}, usage={"server": usage(), service: usage(1.8)}) == (State.OK, "")


def test_an_unpinned_load_side_is_not_judged() -> None:
    assert judged(load_side_busy=None) == (State.OK, "")


def test_a_round_above_its_ceiling_is_void() -> None:
    state, reason = judged({"succeeded": 97}, {"wait_ms": 200.0, "concurrency": 16})
    assert (state, reason) == (State.VOID, "97 requests/s is above the 96 that the wait allows")


def test_a_round_at_its_ceiling_is_ok() -> None:
    assert judged({"succeeded": 96}, {"wait_ms": 200.0, "concurrency": 16}) == (State.OK, "")


@pytest.mark.parametrize(
    ("concurrency", "slots", "ceiling"),
    [(16, 2, 12), (16, None, 96), (16, 64, 96), (2, 64, 12)],
    ids=["slots are fewer", "no slots", "connections are fewer", "a low level beside a high one"],
)
def test_the_ceiling_rests_on_slots_or_connections_whichever_are_fewer(
    concurrency: int, slots: int | None, ceiling: int
) -> None:
    cell = {"wait_ms": 200.0, "concurrency": concurrency, "slots": slots}
    assert judged({"succeeded": ceiling}, cell)[0] is State.OK
    assert judged({"succeeded": ceiling + 1}, cell)[0] is State.VOID


@pytest.mark.parametrize(("achieved", "state"), [(979, State.VOID), (980, State.OK), (1000, State.OK)])
def test_an_open_loop_that_fell_behind_by_more_than_2_percent_is_void(achieved: int, state: State) -> None:
    found, reason = judged({"succeeded": achieved, "offered": 1000})
    assert found is state
    assert ("only 97.9% of the offered load was answered" in reason) == (state is State.VOID)


def test_wrong_answers_came_back_too_and_do_not_count_as_fallen_behind() -> None:
    """They fail a round by themselves, when they are too many."""
    assert judged({"succeeded": 9799, "errors": {"status": 1}, "offered": 10_000})[0] is State.OK
    assert judged({"succeeded": 9799, "offered": 10_000})[0] is State.VOID


def test_what_the_edges_of_a_window_cut_by_chance_is_no_falling_behind() -> None:
    """Twice the root of those under way: a hundred at either edge are 28 more or less."""
    edges = {"in_flight_before": 100, "in_flight_after": 100, "offered": 1000}
    assert judged({"succeeded": 952, **edges})[0] is State.OK
    assert judged({"succeeded": 951, **edges})[0] is State.VOID


def test_a_closed_loop_cannot_fall_behind_and_an_open_one_needs_arrivals() -> None:
    assert judged({"succeeded": 1, "offered": None}) == (State.OK, "")
    assert judged({"succeeded": 0, "offered": 0}) == (State.VOID, "no arrival fell into the window")


def test_what_hung_over_the_end_of_the_window_is_a_failure() -> None:
    """A timeout is longer than most windows."""
    state, reason = judged({"succeeded": 990, "in_flight_after": 10, "late_errors": {"timeout": 10}})
    assert (state, reason) == (State.FAILED, "10 of 1000 requests failed (10 timeout)")


def test_an_answer_that_nobody_asked_for_fails_a_round() -> None:
    assert judged({"surplus": 1})[0] is State.FAILED


def test_the_instrument_is_judged_before_the_contender_that_gave_no_answer() -> None:
    assert judged({"succeeded": 0}, load_side_busy=1.0)[0] is State.VOID


def rounds(*states: State) -> list[RoundRecord]:
    """One round for each state; void ones give their number as the reason."""
    return [
        round_record(number, state=state, reason=f"void {number}" if state is State.VOID else "")
        for number, state in enumerate(states, start=1)
    ]


@pytest.mark.parametrize(
    ("states", "state", "reason", "flag"),
    [
        ((State.OK, State.OK), State.OK, "", None),
        ((State.OK, State.VOID, State.VOID), State.OK, "", "2 of 3 rounds void: void 2"),
        ((State.VOID, State.VOID), State.VOID, "void 1", "2 of 2 rounds void: void 1"),
        ((), State.VOID, "no rounds", None),
    ],
)
def test_a_cell_is_ok_when_at_least_one_of_its_rounds_is(
    states: tuple[State, ...], state: State, reason: str, flag: str | None
) -> None:
    """That others are void is no reason beside a valid figure but a flag, so that it cannot hide another one."""
    cell = CellRecord("plaintext", "sync@uvicorn", 32, rounds=rounds(*states))
    assert judge_cell(cell) == (state, reason)
    assert flag_cell(cell).get(Flag.VOID_ROUNDS) == flag


def test_errors_that_a_busy_generator_can_have_made_itself_are_no_failure() -> None:
    made = {"succeeded": 10, "errors": {"timeout": 90, "connect": 5, "reset": 5}}
    assert judged(made, load_side_busy=0.99)[0] is State.VOID
    assert judged(made, load_side_busy=0.5)[0] is State.FAILED


def test_arrivals_that_were_not_sent_are_no_chance() -> None:
    """The edges explain what was under way at them, and none of these ever was."""
    edges = {"in_flight_before": 1000, "in_flight_after": 1000, "offered": 2000}
    state, reason = judged({"succeeded": 1880, "unsent": 120, **edges})
    assert state is State.VOID
    assert reason == (
        "only 94.0% of the offered load was answered, 120 of 2,000 arrivals were not sent: "
        "latency depends on how long one waits"
    )
    assert judged({"succeeded": 1960, "unsent": 40, **edges})[0] is State.OK
    assert judged({"succeeded": 1900, "unsent": 41, **edges})[0] is State.VOID
