"""Advice from standings."""

from __future__ import annotations

import random
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks.stats.intervals import Ratio
from benchmarks.stats.verdict import Advice, Level, Standing, Verdict, verdict

THREADS, PROCESSES, ASYNC, OTHER = "sync@gunicorn-threads", "sync@gunicorn-sync", "async@uvicorn", "async@granian"


def ratio(value: float, spread: float = 0.03, rounds: int = 5) -> Ratio:
    return Ratio(value, value * (1 - spread), value * (1 + spread), rounds)


def level(
    order: float,
    *values: float | Ratio | None,
    processes: float | Ratio | None = None,
    at_ceiling: bool = False,
) -> Level:
    """Candidates' ratios, the first one's being ``ASYNC``."""
    names = (ASYNC, OTHER)
    standings = [
        Standing(name, ratio(value) if isinstance(value, float) else value, at_ceiling)
        for name, value in zip((PROCESSES, *names), (processes, *values), strict=False)
    ]
    return Level(order, f"{order:g} connections", THREADS, at_ceiling, standings[0], tuple(standings[1:]))


WIDE, FEW_ROUNDS = ratio(1.0, spread=0.5), ratio(2.0, rounds=4)


def test_ahead_at_every_level_is_go_async() -> None:
    found = verdict([level(8, 1.2), level(64, 1.6)])
    assert found == Verdict(
        Advice.GO_ASYNC,
        ASYNC,
        ratio(1.6),
        "64 connections",
        f"{ASYNC} is at least 10 % ahead of {THREADS}, its interval wholly above 1, "
        "at every level measured, 8 connections to 64 connections.",
    )


def test_with_one_level_the_rule_says_that_there_was_one() -> None:
    found = verdict([level(32, 1.5)])
    assert found.advice is Advice.GO_ASYNC
    assert found.rule.endswith("at 32 connections; only one level was measured.")


def test_ahead_from_some_level_on_is_async_at_high_concurrency() -> None:
    found = verdict([level(8, 0.7), level(32, 1.02), level(64, 1.3), level(128, 2.0)])
    assert (found.advice, found.from_level, found.level) == (
        Advice.ASYNC_AT_HIGH,
        "64 connections",
        "128 connections",
    )
    assert found.rule.endswith("from 64 connections on up to 128 connections, and not so at 32 connections.")


def test_ahead_at_the_highest_level_only_is_called_so() -> None:
    found = verdict([level(8, 0.7), level(64, 1.3)])
    assert found.from_level == "64 connections"
    assert "from 64 connections on, the highest level measured, and not so at 8 connections" in found.rule


@pytest.mark.parametrize("figure", [1.09, Ratio(1.2, 1.005, 1.4, 5), Ratio(1.2, 0.9, 1.4, 9), FEW_ROUNDS], ids=repr)
def test_a_small_or_an_unsure_lead_does_not_send_anybody_to_async(figure: float | Ratio) -> None:
    assert verdict([level(32, figure)]).advice not in (Advice.GO_ASYNC, Advice.ASYNC_AT_HIGH)


def test_a_team_deploys_one_contender_so_that_one_must_be_ahead_everywhere() -> None:
    found = verdict([level(8, 1.5, 0.9), level(64, 0.9, 1.5)])
    assert (found.advice, found.contender, found.from_level) == (Advice.ASYNC_AT_HIGH, OTHER, "64 connections")


def test_of_several_the_one_that_is_ahead_at_most_levels_is_advised_and_not_the_fastest_at_one() -> None:
    found = verdict([level(8, 1.2, 1.0), level(64, 1.3, 3.0)])
    assert (found.advice, found.contender) == (Advice.GO_ASYNC, ASYNC)


def test_of_several_that_are_ahead_everywhere_the_fastest_at_the_highest_level_is_advised() -> None:
    assert verdict([level(8, 1.5, 1.3), level(64, 1.3, 1.5)]).contender == OTHER


def test_a_level_at_which_the_baseline_was_void_was_not_measured() -> None:
    found = verdict([level(8, None, None), level(64, 1.5, 1.4), level(256, None, None)])
    assert (found.advice, found.level) == (Advice.GO_ASYNC, "64 connections")


def test_a_candidate_without_a_figure_is_not_ahead_there() -> None:
    found = verdict([level(8, None, 1.0), level(64, 1.5, 1.0)])
    assert (found.advice, found.from_level) == (Advice.ASYNC_AT_HIGH, "64 connections")
    assert verdict([level(8, 1.5, 1.0), level(64, None, 1.0)]).advice is Advice.UNDECIDED


def test_threads_come_before_a_rewrite_that_does_not_pay() -> None:
    found = verdict([level(8, 0.8, processes=1.0), level(64, 1.0, processes=0.5)])
    assert (found.advice, found.contender, found.ratio) == (Advice.ADD_THREADS, PROCESSES, ratio(0.5))
    assert THREADS in found.rule


def test_async_that_pays_comes_before_threads() -> None:
    assert verdict([level(64, 1.5, processes=0.5)]).advice is Advice.GO_ASYNC


def test_threads_are_judged_at_the_highest_level_where_processes_are_known() -> None:
    few = ratio(0.1, rounds=3)
    levels = [level(8, 1.0, processes=0.5), level(64, 1.0, processes=None), level(128, 1.0, processes=few)]
    assert verdict(levels).advice is Advice.ADD_THREADS
    assert verdict([*levels, level(256, 1.0, processes=0.99)]).advice is Advice.NO_MATTER


def test_threads_can_be_advised_though_async_has_no_figures() -> None:
    assert verdict([level(64, None, processes=0.5)]).advice is Advice.ADD_THREADS


@pytest.mark.parametrize("processes", [None, 1.0, 1.5, 0.95, WIDE])
def test_async_that_is_behind_means_stay_sync(processes: float | Ratio | None) -> None:
    found = verdict([level(64, 0.8, 0.6, processes=processes)])
    assert (found.advice, found.contender, found.ratio) == (Advice.STAY_SYNC, ASYNC, ratio(0.8))


def test_behind_at_one_level_and_even_at_the_others_means_stay_sync() -> None:
    assert verdict([level(8, 0.7), level(64, 1.0)]).advice is Advice.STAY_SYNC


def test_behind_at_one_level_does_not_settle_an_open_one() -> None:
    assert verdict([level(8, 0.7), level(64, WIDE)]).advice is Advice.UNDECIDED


def test_one_candidate_behind_does_not_settle_another_that_is_open() -> None:
    assert verdict([level(64, 0.7, WIDE)]).advice is Advice.UNDECIDED


@pytest.mark.parametrize(("value", "spread"), [(1.0, 0.1), (1.05, 0.01), (1.08, 0.1)])
def test_tight_intervals_around_1_mean_that_it_does_not_matter(value: float, spread: float) -> None:
    assert verdict([level(64, ratio(value, spread))]).advice is Advice.NO_MATTER


def test_at_both_ceilings_it_does_not_matter_however_wide_the_interval() -> None:
    assert verdict([level(64, WIDE, at_ceiling=True)]).advice is Advice.NO_MATTER
    assert verdict([level(64, WIDE)]).advice is Advice.UNDECIDED


def test_ceilings_that_differ_do_matter() -> None:
    assert verdict([level(64, 0.5, at_ceiling=True)]).advice is Advice.STAY_SYNC
    assert verdict([level(64, 2.0, at_ceiling=True)]).advice is Advice.GO_ASYNC


@pytest.mark.parametrize(
    ("levels", "help_"),
    [
        ([], "No async contender has a valid figure"),
        ([level(64, None)], "No async contender has a valid figure"),
        ([level(64)], "No async contender has a valid figure"),
        ([level(64, FEW_ROUNDS)], "At 64 connections there were fewer than 5 valid rounds"),
        ([level(8, 1.5), level(64, FEW_ROUNDS)], "At 64 connections there were fewer than 5 valid rounds"),
        ([level(64, WIDE)], "--patience"),
        ([level(8, 1.5), level(64, 1.0)], "ahead by 10 % or more at 8 connections, yet not up to the highest"),
    ],
)
def test_what_cannot_be_said_comes_with_what_would_help(levels: list[Level], help_: str) -> None:
    found = verdict(levels)
    assert found.advice is Advice.UNDECIDED
    assert help_ in found.rule


FIGURES = st.floats(min_value=0.0, max_value=4.0) | st.sampled_from([1 / 1.25, 1 / 1.1, 0.99, 1.0, 1.01, 1.1, 1.25])
RATIOS = st.builds(
    lambda figures, rounds: Ratio(sorted(figures)[1], min(figures), max(figures), rounds),
    st.tuples(FIGURES, FIGURES, FIGURES),
    st.integers(1, 9),
)
LEADS = st.builds(lambda value, above: Ratio(value, 1.0 + above, value * 1.1, 5), st.floats(1.1, 3), st.floats(0, 0.1))


def standings(name: st.SearchStrategy[str], ratios: st.SearchStrategy[Ratio] = RATIOS) -> st.SearchStrategy[Standing]:
    return st.builds(Standing, name, st.none() | ratios, st.booleans())


def levels(ratios: st.SearchStrategy[Ratio] = RATIOS) -> st.SearchStrategy[list[Level]]:
    candidates = st.lists(standings(st.sampled_from([ASYNC, OTHER, "async@hypercorn"]), ratios), max_size=3)
    one = st.builds(
        Level,
        order=st.integers(1, 1000).map(float),
        text=st.text(max_size=5),
        baseline=st.just(THREADS),
        baseline_at_ceiling=st.booleans(),
        processes=st.none() | standings(st.just(PROCESSES)),
        candidates=candidates.map(tuple),
    )
    return st.lists(one, max_size=4, unique_by=lambda level: level.order)


@given(levels() | levels(LEADS))
def test_there_is_a_verdict_for_any_standings(measured: list[Level]) -> None:
    found = verdict(measured)
    assert found.rule.endswith((".", "help."))
    assert bool(found.ratio) is bool(found.contender)
    assert bool(found.from_level) <= (found.advice is Advice.ASYNC_AT_HIGH)


@given(levels() | levels(LEADS), st.sampled_from([0.5, 3.0]), st.randoms(use_true_random=False))
def test_neither_the_order_of_levels_nor_their_unit_matters(
    measured: list[Level], unit: float, dice: random.Random
) -> None:
    shuffled = [replace(level, order=level.order * unit) for level in measured]
    dice.shuffle(shuffled)
    assert verdict(shuffled) == verdict(measured)


@given(levels(LEADS), st.floats(min_value=1, max_value=5))
def test_the_advised_contender_getting_better_never_turns_go_async_into_something_else(
    measured: list[Level], factor: float
) -> None:
    found = verdict(measured)
    if found.advice is not Advice.GO_ASYNC:
        return

    def improved(standing: Standing) -> Standing:
        was = standing.ratio
        if was is None or standing.contender != found.contender:
            return standing
        return replace(standing, ratio=Ratio(was.value * factor, was.low * factor, was.high * factor, was.rounds))

    better = [replace(level, candidates=tuple(map(improved, level.candidates))) for level in measured]
    assert verdict(better).advice is Advice.GO_ASYNC


@given(levels() | levels(LEADS))
def test_nothing_is_said_when_no_ratio_is_trusted(measured: list[Level]) -> None:
    def doubted(standing: Standing) -> Standing:
        return replace(standing, ratio=standing.ratio and replace(standing.ratio, rounds=4))

    doubtful = [
        replace(
            level,
            processes=level.processes and doubted(level.processes),
            candidates=tuple(map(doubted, level.candidates)),
        )
        for level in measured
    ]
    assert verdict(doubtful).advice is Advice.UNDECIDED


@given(levels() | levels(LEADS))
def test_nobody_is_sent_to_async_without_a_lead_at_the_level_shown(measured: list[Level]) -> None:
    found = verdict(measured)
    if found.advice in (Advice.GO_ASYNC, Advice.ASYNC_AT_HIGH):
        assert found.ratio is not None
        assert found.ratio.above and found.ratio.value >= 1.1
    if found.advice is Advice.STAY_SYNC:
        assert found.ratio is not None
        assert found.ratio.value < 1
