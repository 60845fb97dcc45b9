"""What a setting or a middleware costs, in sentences."""

from __future__ import annotations

from dataclasses import replace

import pytest

from benchmarks.load.specs import Model
from benchmarks.record import CellRecord, RunRecord
from benchmarks.reports.effects import effect_sentence, effect_sentences, slope_sentence
from benchmarks.stats.effects import Effect, Slope
from benchmarks.stats.intervals import Ratio
from benchmarks.tests.records import cell_record, load_result, round_record, run_record, usage

ASYNC, UNIT = "async@uvicorn", "of the requests/s"
SLOPE = Slope(ASYNC, "32 connections", "hops", 30.4, 28.0, 33.0, 5)
EFFECT = Effect(ASYNC, "32 connections", "poison 0 ms", "poison 50 ms", Ratio(0.1, 0.09, 0.12, 5))


def at(hops: float, rate: int, cpu_ms: float) -> CellRecord:
    rounds = [round_record(n, load_result(rate), usage={"server": usage(cpu_ms * rate / 1000)}) for n in range(1, 6)]
    return cell_record(ASYNC, rounds=rounds, sweep_axis="hops", sweep_value=hops)


def swept(cost_per: str) -> RunRecord:
    run = run_record(at(0.0, 1000, 0.5), at(10.0, 500, 0.8))
    run.scenarios[0].cost_per = cost_per
    return run


def test_a_slope_is_told_for_each_unit_with_its_interval() -> None:
    said = f"{ASYNC} at 32 connections: each hop costs 30 µs (28–33) of the server's CPU time."
    assert slope_sentence(SLOPE) == said


def test_an_interval_of_too_few_rounds_is_not_told() -> None:
    assert "costs 30 µs of the server's CPU time" in slope_sentence(replace(SLOPE, rounds=4))


def test_a_cost_for_each_unit_is_told_instead_of_every_point() -> None:
    assert effect_sentences(swept("hops"), "plaintext") == [
        f"{ASYNC} at 32 connections: each hop costs 30 µs (30–30) of the server's CPU time."
    ]


def test_without_it_every_point_is_told_against_the_lowest() -> None:
    assert effect_sentences(swept(""), "plaintext") == [
        f"{ASYNC} at 32 connections: hops 10 against hops 0: 0.50 × (0.50–0.50) of the requests/s; "
        "CPU per request 0.50 → 0.80 ms."
    ]


def test_middlewares_are_told_by_their_names() -> None:
    cells = [
        cell_record(f"{ASYNC}+{stack}", rates=(rate,) * 5, middleware=stack)
        for stack, rate in (("none", 1000), ("default", 500))
    ]
    (said,) = effect_sentences(run_record(*cells), "plaintext")
    start = f"At 32 connections: +default against {ASYNC}+none: 0.50 × (0.50–0.50) of the requests/s; "
    assert said == start + "CPU per request 0.50 → 1.00 ms."


def test_a_run_without_any_has_no_such_sentence() -> None:
    assert effect_sentences(run_record(cell_record(), cell_record(ASYNC)), "plaintext") == []


@pytest.mark.parametrize(
    ("ratio", "said"),
    [
        (Ratio(0.1, 0.09, 0.12, 5), "0.10 × (0.09–0.12) of the requests/s"),
        (Ratio(1.0, 0.9, 1.1, 5), "1.00 × (0.90–1.10) of the requests/s, no difference seen"),
        (Ratio(0.1, 0.1, 0.1, 4), "0.10 × of the requests/s, too few rounds"),
    ],
)
def test_a_ratio_says_no_more_than_its_interval_carries(ratio: Ratio, said: str) -> None:
    assert effect_sentence("S", replace(EFFECT, ratio=ratio), UNIT) == f"S: poison 50 ms against poison 0 ms: {said}."


def test_groups_tell_their_tails_instead_of_the_cpu() -> None:
    grouped = replace(EFFECT, ratio=None, p99_ms={"innocent": (10.0, 60.0)}, cpu_ms=(0.5, 0.6))
    assert effect_sentence("S", grouped, UNIT).endswith(": p99 of the innocent 10.0 → 60.0 ms.")
    halved = replace(grouped, p99_ms={"innocent": (10.0, 60.0), "poisoned": (None, 60.0)})
    assert "poisoned" not in effect_sentence("S", halved, UNIT), "with too few answers for a tail on one side"


def test_a_cpu_time_that_is_not_known_on_both_sides_is_not_told() -> None:
    assert "CPU" not in effect_sentence("S", replace(EFFECT, cpu_ms=(None, 0.6)), UNIT)


def test_an_open_loop_whose_rate_is_given_is_not_compared_by_its_rate() -> None:
    rounds = [[round_record(n, load_result(500, latency_s=s)) for n in range(1, 6)] for s in (0.01, 0.04)]
    cells = [
        cell_record(ASYNC, rounds=own, rate_per_s=500.0, sweep_axis="poison_ms", sweep_value=value)
        for value, own in zip((0.0, 50.0), rounds, strict=True)
    ]
    (said,) = effect_sentences(run_record(*cells, load=str(Model.OPEN)), "plaintext")
    assert "0.25 × (0.25–0.25)" in said
    assert "of the requests/s" not in said
