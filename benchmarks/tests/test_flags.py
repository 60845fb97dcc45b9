"""What has to be known of a figure that is valid all the same: each gate just above its limit, and at it."""

from __future__ import annotations

import pytest

from benchmarks.record import CellRecord, Flag, RoundRecord, State
from benchmarks.servers import load_servers
from benchmarks.stats.gates import (
    BUSY_BEFORE_LIMIT,
    CUT_SHORT,
    OTHERS_LIMIT,
    STEAL_LIMIT,
    busy_before,
    flag_cell,
    flag_round,
    judge_round,
    relative_spread,
    stolen,
)
from benchmarks.stats.histogram import Histogram
from benchmarks.tests.records import cell_record, load_result, round_record


def lag(late_s: float, late: int, in_time: int) -> dict[int, int]:
    """A histogram of how late requests were sent."""
    return dict(Histogram.of_seconds([late_s] * late + [0.0001] * in_time).counts)


def waiting(rate: int, **changes: object) -> CellRecord:
    """16 connections of 200 ms: 80 requests/s in the long run."""
    return cell_record(rates=(rate,), **{"wait_ms": 200.0, "concurrency": 16, **changes})


def test_a_round_without_anything_to_say_has_no_flag() -> None:
    assert flag_round(round_record(steal=0.0)) == {}
    assert flag_cell(cell_record(rates=(100, 100, 100))) == {}


def test_a_round_whose_warm_up_was_cut_short_is_void() -> None:
    entry = round_record(load=load_result(warmed_up=False))
    assert judge_round(cell_record(), entry) == (State.VOID, CUT_SHORT)
    assert "some connections had no answer before the window" in CUT_SHORT


@pytest.mark.parametrize("share", [None, 0.0, OTHERS_LIMIT])
def test_a_server_that_has_its_cpus_to_itself_is_not_mentioned(share: float | None) -> None:
    assert flag_round(round_record(others_busy=share)) == {}


def test_who_else_worked_on_the_servers_cpus_is_named_before_the_host() -> None:
    said = "other load: 46% of the server's CPU time was taken by other processes"
    assert flag_round(round_record(others_busy=0.46, steal=0.1)) == {Flag.OTHER_LOAD: said}


def arrivals(*latencies_s: float, unsent: int = 0) -> CellRecord:
    """An open loop's cell, a round for each median latency; the rate is given, and equal."""
    loads = [load_result(1000, latency_s=latency_s, offered=1000 + unsent, unsent=unsent) for latency_s in latencies_s]
    return cell_record(rounds=[round_record(number, load) for number, load in enumerate(loads, 1)], rate_per_s=1000.0)


def test_an_open_loop_is_unstable_in_what_it_is_compared_by() -> None:
    assert flag_cell(arrivals(0.010, 0.0101, 0.0099)) == {}
    assert Flag.UNSTABLE in flag_cell(arrivals(0.010, 0.100, 0.010, 0.200))
    varying = [round_record(number, load_result(rate, offered=rate)) for number, rate in enumerate((900, 600, 1200), 1)]
    assert flag_cell(cell_record(rounds=varying, rate_per_s=1000.0)) == {}, "arrivals are chance, not the contender"


def test_arrivals_that_were_not_sent_are_named() -> None:
    said = "10 of 2,010 arrivals were not sent, since --in-flight were under way, and have no latency"
    assert flag_cell(arrivals(0.010, 0.010, unsent=5)) == {Flag.UNSENT: said}


@pytest.mark.parametrize("steal", [None, 0.0, STEAL_LIMIT])
def test_cpu_time_that_nobody_took_is_not_mentioned(steal: float | None) -> None:
    assert stolen(steal) == ""
    assert flag_round(round_record(steal=steal)) == {}


def test_cpu_time_that_the_host_took_is_named() -> None:
    said = "other load: 3% of the CPUs' time was taken by the machine's host"
    assert flag_round(round_record(steal=0.03)) == {Flag.OTHER_LOAD: said}


@pytest.mark.parametrize("share", [None, 0.0, BUSY_BEFORE_LIMIT])
def test_a_quiet_machine_is_not_mentioned(share: float | None) -> None:
    assert busy_before(share) == ""


def test_a_machine_that_was_busy_before_the_run_is_named() -> None:
    assert busy_before(0.11) == "other load: the CPUs were 11% busy before the run began"


@pytest.mark.parametrize(
    ("late_s", "late", "flagged"),
    [(0.020, 2, True), (0.020, 1, False), (0.0049, 2, False), (0.0051, 2, True)],
    ids=["two in a hundred", "one in a hundred", "just below the limit", "just above it"],
)
def test_requests_that_were_sent_late_are_told_from_one_in_a_hundred_on(
    late_s: float, late: int, flagged: bool
) -> None:
    entry = round_record(load=load_result(offered=100, send_lag=lag(late_s, late, 100 - late)))
    assert (Flag.LATE in flag_round(entry)) == flagged


def test_how_late_they_were_is_said() -> None:
    said = flag_round(round_record(load=load_result(send_lag=lag(0.020, 50, 50))))[Flag.LATE]
    assert said == "the generator sent one request in a hundred 20 ms late or more; latencies contain that"


@pytest.mark.parametrize(("rate", "flagged"), [(77, False), (78, True), (80, True), (81, True)])
def test_within_3_percent_of_what_the_wait_allows_it_is_at_the_ceiling(rate: int, flagged: bool) -> None:
    assert (Flag.CEILING in flag_cell(waiting(rate))) == flagged


def test_the_ceilings_sentence_says_that_it_cannot_be_ranked() -> None:
    said = "at the ceiling, cannot rank: the wait allows 80 requests/s, whatever the software"
    assert flag_cell(waiting(80))[Flag.CEILING] == said


def test_who_has_fewer_slots_is_at_a_lower_ceiling() -> None:
    assert Flag.CEILING in flag_cell(waiting(10, slots=2))
    assert Flag.CEILING not in flag_cell(waiting(10))


def test_who_waits_for_nothing_has_no_ceiling() -> None:
    assert flag_cell(waiting(1_000_000, wait_ms=0.0)) == {}


def test_the_median_round_decides_about_the_ceiling() -> None:
    cell = cell_record(rates=(80, 76, 76), wait_ms=200.0, concurrency=16)
    assert Flag.CEILING not in flag_cell(cell)


@pytest.mark.parametrize(
    ("rates", "flagged"),
    [((1000, 1000), False), ((900, 1000, 1100), False), ((899, 1000, 1101), True), ((1000,), False), ((), False)],
)
def test_rounds_that_spread_by_more_than_a_tenth_are_unstable(rates: tuple[int, ...], flagged: bool) -> None:
    assert (Flag.UNSTABLE in flag_cell(cell_record(rates=rates))) == flagged


def test_a_spread_is_the_sample_deviation_by_the_mean() -> None:
    assert relative_spread([900, 1000, 1100]) == pytest.approx(0.1)
    assert flag_cell(cell_record(rates=(800, 1000, 1200)))[Flag.UNSTABLE] == "unstable: rounds spread by 20%"


@pytest.mark.parametrize("rates", [[], [5.0], [0.0, 0.0]])
def test_where_there_is_no_telling_nothing_spreads(rates: list[float]) -> None:
    assert relative_spread(rates) == 0.0


def flagged_rounds(*flags: dict[Flag, str], state: State = State.OK) -> list[RoundRecord]:
    return [round_record(number, flags=one, state=state) for number, one in enumerate(flags, start=1)]


def test_a_cell_says_of_how_many_of_its_rounds_a_flag_holds() -> None:
    cell = cell_record(rounds=flagged_rounds({Flag.LATE: "20 ms"}, {}, {Flag.LATE: "30 ms"}))
    assert flag_cell(cell) == {Flag.LATE: "2 of 3 rounds: 20 ms"}


def test_flags_of_rounds_that_are_not_valid_say_nothing_of_the_figure() -> None:
    rounds = [round_record(1), *flagged_rounds({Flag.OTHER_LOAD: "x"}, state=State.FAILED)]
    assert flag_cell(cell_record(rounds=rounds)) == {}


def test_void_rounds_neither_spread_nor_reach_a_ceiling() -> None:
    cell = waiting(40)
    cell.rounds.append(round_record(2, load_result(80), state=State.VOID, reason="busy"))
    assert flag_cell(cell) == {Flag.VOID_ROUNDS: "1 of 2 rounds void: busy"}


def reconnecting(closed: int, cannot: list[str] | None = None) -> CellRecord:
    rounds = [round_record(number, load_result(1000, connections_closed=closed)) for number in (1, 2)]
    return cell_record(rounds=rounds, cannot=cannot or ["no WebSockets"])


def test_a_server_that_keeps_connections_and_did_not_is_flagged() -> None:
    said = "40 of 2000 answers ended their connection: the figures contain what opening them costs"
    assert flag_cell(reconnecting(20)) == {Flag.RECONNECTED: said}
    assert flag_cell(reconnecting(10)) == {}


def test_a_server_that_says_that_it_keeps_none_is_not_flagged() -> None:
    assert flag_cell(reconnecting(1000, ["no keep-alive: every request opens a connection"])) == {}


def test_gunicorn_sync_is_known_to_keep_none() -> None:
    keep = {name: cell_record(cannot=list(server.cannot)).keeps_connections for name, server in load_servers().items()}
    assert [name for name, kept in keep.items() if not kept] == ["gunicorn-sync"]
