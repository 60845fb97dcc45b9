"""What a setting or a middleware does to a contender that is its own baseline."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest

from benchmarks.axes import Axis
from benchmarks.plan import BASELINE
from benchmarks.record import CellRecord, State
from benchmarks.stats.effects import Effect, Slope, middleware_effects, setting_effects, slopes
from benchmarks.stats.histogram import Histogram
from benchmarks.tests.records import cell_record, load_result, round_record, run_record, usage

ASYNC = "async@uvicorn"


def at(value: float, rate: int = 1000, *, axis: str = "poison_ms", **changes: Any) -> CellRecord:
    """Five rounds at a point of a sweep."""
    values = {"contender": ASYNC, "rates": (rate,) * 5, "sweep_axis": axis, "sweep_value": value, **changes}
    return cell_record(**values)


def behind(stack: str, rate: int, name: str = ASYNC, **changes: Any) -> CellRecord:
    """Five rounds behind a set of middlewares."""
    return cell_record(f"{name}+{stack}", rates=(rate,) * 5, middleware=stack, **changes)


def costing(value: float, costs_ms: Sequence[float], **changes: Any) -> CellRecord:
    """A round for each of these CPU times per request; another number of answers in each."""
    rounds = [
        round_record(number, load_result(100 * number), usage={"server": usage(cost_ms * 100 * number / 1000)})
        for number, cost_ms in enumerate(costs_ms, start=1)
    ]
    return at(value, axis="hops", rounds=rounds, **changes)


def told(effects: list[Effect]) -> list[tuple[str, str, str, float | None]]:
    return [(one.contender, one.before, one.after, one.ratio and one.ratio.value) for one in effects]


def swept(*cells: CellRecord) -> list[Effect]:
    return setting_effects(run_record(*cells), "plaintext")


def stacked(*cells: CellRecord) -> list[Effect]:
    return middleware_effects(run_record(*cells), "plaintext")


def cost_of_hops(*cells: CellRecord, cost_per: str = "hops") -> list[Slope]:
    run = run_record(*cells)
    run.scenarios[0].cost_per = cost_per
    return slopes(run, "plaintext")


def test_every_point_is_held_against_the_lowest_contender_by_contender() -> None:
    rates = {BASELINE: {50.0: 900, 0.0: 1000, 1.0: 990}, ASYNC: {50.0: 100, 0.0: 2000, 1.0: 1000}}
    cells = [at(value, rate, contender=name) for name, own in rates.items() for value, rate in own.items()]
    assert told(swept(*cells)) == [
        (BASELINE, "poison 0 ms", "poison 1 ms", 0.99),
        (BASELINE, "poison 0 ms", "poison 50 ms", 0.9),
        (ASYNC, "poison 0 ms", "poison 1 ms", 0.5),
        (ASYNC, "poison 0 ms", "poison 50 ms", 0.05),
    ]


def test_each_load_level_has_its_own_lowest_point() -> None:
    rates = {8: (100, 50), 64: (400, 100)}
    found = swept(*(at(float(place), own[place], concurrency=n) for n, own in rates.items() for place in (0, 1)))
    ratios = [(one.load, one.ratio and one.ratio.value) for one in found]
    assert ratios == [("8 connections", 0.5), ("64 connections", 0.25)]


@pytest.mark.parametrize("axis", Axis)
def test_a_wait_or_the_hosting_changes_no_work_and_has_no_effect_of_this_kind(axis: str) -> None:
    assert swept(at(1.0, axis=axis), at(2.0, axis=axis)) == []
    assert swept(at(1.0, axis="hops"), at(2.0, axis="hops")), "and a card's own setting has"


def test_cells_without_a_sweep_have_no_effect() -> None:
    assert swept(cell_record(), cell_record(ASYNC)) == []


def test_two_axes_are_not_held_against_each_other() -> None:
    found = swept(at(0.0), at(50.0), at(0.01, axis="poison"), at(0.5, axis="poison"))
    assert told(found) == [(ASYNC, "poison 0 ms", "poison 50 ms", 1.0), (ASYNC, "poison 0.01", "poison 0.5", 1.0)]


def test_a_void_cell_is_left_out_and_the_lowest_of_the_others_is_the_measure() -> None:
    void = at(0.0, 4000, state=State.VOID)
    assert told(swept(void, at(1.0, 1000), at(50.0, 100))) == [(ASYNC, "poison 1 ms", "poison 50 ms", 0.1)]
    assert swept(void, at(50.0, 100)) == [], "with nothing to be held against"


def test_the_tails_of_groups_that_both_have_stand_beside_each_other() -> None:
    def grouped(value: float, **latencies_s: float) -> CellRecord:
        groups = {name: dict(Histogram.of_seconds([own] * 200).counts) for name, own in latencies_s.items()}
        return at(value, rounds=[round_record(1, load_result(200, groups=groups))])

    (effect,) = swept(grouped(0.0, innocent=0.010, old=0.010), grouped(50.0, innocent=0.060, poisoned=0.050))
    assert effect.p99_ms == {"innocent": (pytest.approx(10.0, rel=0.001), pytest.approx(60.0, rel=0.001))}


def test_what_a_request_takes_of_the_cpu_is_told_before_and_after() -> None:
    (effect,) = swept(costing(0.0, [0.2, 0.4, 0.9]), costing(10.0, [1.0, 1.5, 9.0]))
    assert effect.cpu_ms == (pytest.approx(0.4), pytest.approx(1.5))


def test_in_an_open_loop_the_ratio_is_one_of_speed() -> None:
    def answered_in(value: float, latency_s: float) -> CellRecord:
        rounds = [round_record(number, load_result(500, latency_s=latency_s)) for number in range(1, 6)]
        return at(value, rounds=rounds, rate_per_s=500.0)

    (effect,) = swept(answered_in(0.0, 0.010), answered_in(50.0, 0.040))
    assert effect.ratio
    assert effect.ratio.value == pytest.approx(0.25, rel=0.001)
    assert effect.load == "500 requests/s"


def test_each_set_of_middlewares_is_held_against_the_smaller_one_before_it() -> None:
    found = stacked(behind("sync-only", 400), behind("none", 1000), behind("default", 500))
    assert told(found) == [
        (f"{ASYNC}+default", f"{ASYNC}+none", "+default", 0.5),
        (f"{ASYNC}+sync-only", f"{ASYNC}+default", "+sync-only", 0.8),
    ]


def test_a_gap_in_the_chain_is_bridged() -> None:
    expected = [(f"{ASYNC}+sync-only", f"{ASYNC}+none", "+sync-only", 0.4)]
    assert told(stacked(behind("none", 1000), behind("sync-only", 400))) == expected
    void = behind("default", 500, state=State.VOID)
    assert told(stacked(behind("none", 1000), void, behind("sync-only", 400))) == expected


def test_servers_and_load_levels_have_chains_of_their_own() -> None:
    cells = [
        behind(stack, rate, name, concurrency=level)
        for name in (BASELINE, ASYNC)
        for level in (8, 64)
        for stack, rate in (("none", 1000), ("default", 500))
    ]
    found = [(one.contender, one.load) for one in stacked(*cells)]
    loads = ("8 connections", "64 connections")
    assert found == [(f"{name}+default", load) for name in (BASELINE, ASYNC) for load in loads]


def test_one_set_of_middlewares_alone_has_no_effect() -> None:
    assert stacked(cell_record(ASYNC, middleware="default"), behind("none", 1000, BASELINE)) == []


def test_a_known_cost_of_each_hop_is_found_exactly() -> None:
    """Whatever a request costs without hops, and however that drifts from round to round."""
    bases_ms = (0.20, 0.25, 0.19, 0.40, 0.21)
    cells = [costing(hops, [base_ms + 0.030 * hops for base_ms in bases_ms]) for hops in (10.0, 0.0, 3.0, 1.0)]
    (slope,) = cost_of_hops(*cells)
    assert (slope.contender, slope.load, slope.unit, slope.rounds) == (ASYNC, "32 connections", "hops", 5)
    assert (slope.cpu_us, slope.low_us, slope.high_us) == pytest.approx((30.0, 30.0, 30.0))


def test_points_that_lie_on_no_line_have_the_one_of_least_squares() -> None:
    """Of (0, 1), (1, 1) and (3, 1.4): 2/3 ÷ 14/3 = 1/7."""
    (slope,) = cost_of_hops(costing(0.0, [1.0]), costing(1.0, [1.0]), costing(3.0, [1.4]))
    assert slope.cpu_us == pytest.approx(1000 / 7)


def test_a_slope_is_the_median_of_the_rounds_with_an_interval_that_holds_it() -> None:
    costs_ms = (0.010, 0.020, 0.030, 0.040, 0.050)
    (slope,) = cost_of_hops(costing(0.0, [0.0] * 5), costing(1.0, costs_ms))
    assert slope.cpu_us == pytest.approx(30.0)
    assert 10.0 <= slope.low_us < 30.0 < slope.high_us <= 50.0 + 1e-9


def test_a_round_that_is_missing_at_one_point_is_left_out() -> None:
    cells = [costing(0.0, [0.1] * 3), costing(1.0, [0.2, 9.0, 0.2]), costing(3.0, [0.4, 0.4, 0.4])]
    cells[2].rounds[1].state = State.VOID
    (slope,) = cost_of_hops(*cells)
    assert slope.rounds == 2
    assert slope.cpu_us == pytest.approx(100.0), "the second round's 9 ms are not in it"


def test_a_slope_needs_a_round_that_all_points_have() -> None:
    cells = [costing(0.0, [0.1, 0.1]), costing(1.0, [0.2, 0.2])]
    cells[0].rounds[0].state = cells[1].rounds[1].state = State.VOID
    assert cost_of_hops(*cells) == []
    unwatched = costing(1.0, [0.2])
    unwatched.rounds[0].usage = {}
    assert cost_of_hops(costing(0.0, [0.1]), unwatched) == []


@pytest.mark.parametrize(("rounds", "trusted"), [(4, False), (5, True)])
def test_a_slope_is_trusted_from_five_rounds_on(rounds: int, trusted: bool) -> None:
    (slope,) = cost_of_hops(costing(0.0, [0.1] * rounds), costing(1.0, [0.2] * rounds))
    assert slope.trusted == trusted


@pytest.mark.parametrize("cost_per", ["", "poison_ms"])
def test_only_what_the_card_asks_about_has_a_slope(cost_per: str) -> None:
    assert cost_of_hops(costing(0.0, [0.1]), costing(1.0, [0.2]), cost_per=cost_per) == []
