"""The fast lane's targets: that they name what exists, how they are judged, and that the command measures them."""

from __future__ import annotations

import json
import runpy
import sys
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest
from django.core.management.base import CommandError

from apps.results.fastlane import Outcome, count_threads, plan_of, ratio_found, threads_found
from apps.results.management.commands.checkfastlane import judge, line
from apps.scenarios.fastlane_targets import ROWS, SETUPS, Figure, Measure, Row, servers
from apps.scenarios.registry import scenarios
from benchmarks.plan import Contender
from benchmarks.record import CellRecord, State
from benchmarks.runner import Runner
from benchmarks.servers import load_servers
from benchmarks.servers.base import Hosting
from benchmarks.tests.records import cell_record, round_record, run_record, usage
from conftest import ROOT, Sandbox

OURS, THEIRS = "async@uvicorn-fastlane+none", "async@uvicorn+none"
NAMES = [row.name for row in ROWS]
every_row = pytest.mark.parametrize("row", ROWS, ids=NAMES)
ASKED = {  # what must not be lowered without somebody noticing: server of the rival -> at least
    "hello": {"uvicorn": 5.0, "aiohttp": 0.34},
    "hello-seven": {"uvicorn": 8.0, "gunicorn-threads": 1.5},
    "hello-sync": {"gunicorn-threads": 0.95},
    "one-row": {"uvicorn": 2.2, "gunicorn-threads": 1.1},
    "one-row-seven": {"uvicorn": 2.2, "gunicorn-threads": 1.1},
    "asleep": {},
    "read-then-wait": {"uvicorn": 1.0},
    "released": {},
    "fan-out": {"aiohttp": 0.8},
    "fan-out-seven": {"aiohttp": 0.8},
}


def row_of(measure: Measure, **changes: Any) -> Row:
    return Row("row", "some work", "plaintext", (measure,), **changes)


def found(measure: Measure, ours: Sequence[int], theirs: Sequence[int] = (100,) * 5, **changes: Any):
    cells = cell_record(OURS, ours, **changes), cell_record(THEIRS, theirs)
    return ratio_found(row_of(measure), measure, run_record(*cells))


@every_row
def test_a_row_names_what_exists_and_can_be_hosted(row: Row) -> None:
    card = scenarios()[row.scenario]
    for contender in row.contenders:
        variant, server = card.variant(contender.variant), servers()[contender.server]
        assert variant in card.applicable
        assert server.interface in variant.interfaces
    plan = plan_of(row, rounds=9, duration_s=1.0)
    (workload,) = plan.workloads
    assert workload.excused == {}
    assert workload.baseline in map(str, plan.contenders_of(workload))
    assert [level.concurrency for level in plan.levels(workload)] == [row.concurrency]
    assert all(card.settings[name].most >= value for name, value in row.settings.items())


def test_all_that_is_asked_is_asked() -> None:
    assert len(set(NAMES)) == len(NAMES)
    asked = {
        row.name: {
            Contender.parse(measure.theirs).server: measure.at_least
            for measure in reversed(row.measures)
            if measure.at_least is not None
        }
        for row in ROWS
    }
    assert asked == ASKED
    assert [row.measures[0].at_most for row in ROWS if row.figure is Figure.THREADS] == [0.0]


def test_a_row_is_of_the_fast_lane_and_its_rivals_are_not() -> None:
    for row in ROWS:
        for measure in row.measures:
            if measure.theirs:
                assert servers()[Contender.parse(measure.ours).server].fastlane
                assert not servers()[Contender.parse(measure.theirs).server].fastlane
            assert measure.is_bound == (measure.at_least is not None or measure.at_most is not None)


@pytest.mark.parametrize("name", SETUPS)
def test_a_setup_is_its_server_with_variables_before_it(name: str) -> None:
    hosting = Hosting(cores=1, threads=4, python=sys.executable)
    setup, server = SETUPS[name], servers()[name]
    plain = load_servers()[setup.server].command(hosting)
    command = server.command(hosting)
    assert command[-len(plain) :] == plain
    assert command[: -len(plain)] == ("env", *(f"{name}={value}" for name, value in setup.variables.items()))
    assert server.name == name


@pytest.mark.parametrize("name", ["", *SETUPS])
def test_the_servers_settings_are_what_a_setup_says(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    variables = SETUPS[name].variables if name else {}
    monkeypatch.setenv("CROSSOVER_DATABASE_URL", "postgresql://nobody@127.0.0.1:1/none")
    for variable, value in {"CROSSOVER_POOL_SIZE": "16", **variables}.items():
        monkeypatch.setenv(variable, value)
    settings = runpy.run_path(str(ROOT / "project" / "settings_under_test.py"))
    database = settings["DATABASES"]["default"]
    kept = "pool" not in database["OPTIONS"]
    assert kept == name.endswith("-kept")
    assert (database.get("CONN_MAX_AGE", 0) is None) == kept
    assert settings.get("FASTLANE_THREADS") == (8 if name.endswith("-8") else None)


@pytest.mark.parametrize(
    ("rates", "asked", "outcome", "failed"),
    [
        ((500,) * 5, {"at_least": 5.0}, Outcome.OK, False),
        ((499,) * 5, {"at_least": 5.0}, Outcome.BELOW, True),
        ((550,) * 5, {"at_least": 5.0, "aim": 6.0}, Outcome.OK, False),
        ((600,) * 5, {"at_least": 5.0, "aim": 6.0}, Outcome.AIM, False),
        ((400, 400, 500, 900, 900), {"at_least": 5.0}, Outcome.OK, False),  # the median is judged
        ((100,) * 5, {"aim": 6.0}, Outcome.SHORT, False),
        ((600,) * 5, {"aim": 6.0}, Outcome.AIM, False),
        ((1,) * 5, {}, Outcome.SHOWN, False),
        ((500,), {"at_least": 5.0}, Outcome.OK, False),  # a round alone has no interval
    ],
)
def test_a_ratio_is_judged_by_its_median(
    rates: tuple[int, ...], asked: dict[str, float], outcome: Outcome, failed: bool
) -> None:
    finding = found(Measure(OURS, THEIRS, **asked), rates)
    assert (finding.outcome, finding.failed) == (outcome, failed)
    assert finding.value == pytest.approx(sorted(rates)[len(rates) // 2] / 100)
    assert bool(finding.interval) == (len(rates) >= 5)
    if finding.interval:
        assert finding.interval[0] <= finding.value <= finding.interval[1]


@pytest.mark.parametrize("state", [State.VOID, State.FAILED])
@pytest.mark.parametrize("side", [OURS, THEIRS])
def test_what_is_void_or_failed_is_not_measured_and_fails(state: State, side: str) -> None:
    measure = Measure(OURS, THEIRS, at_least=5.0)
    cells = [
        cell_record(name, (900,) * 5, **({"state": state, "reason": "the load side\nlog"} if name == side else {}))
        for name in (OURS, THEIRS)
    ]
    finding = ratio_found(row_of(measure), measure, run_record(*cells))
    assert (finding.value, finding.outcome, finding.failed) == (None, Outcome.NOT_MEASURED, True)
    shown = line(finding).plain
    assert "not measured" in shown
    assert f"{side} is {state}: the load side" in shown
    assert "\n" not in shown, "one line, whatever the reason"
    with pytest.raises(CommandError, match="1 of 1 targets not reached: row") as caught:
        judge([finding])
    assert caught.value.returncode == 1


def test_nothing_fails_without_a_bound() -> None:
    measure = Measure(OURS, THEIRS, aim=5.0)
    cells = cell_record(OURS, state=State.VOID), cell_record(THEIRS)
    finding = ratio_found(row_of(measure), measure, run_record(*cells))
    assert finding.outcome is Outcome.NOT_MEASURED
    judge([finding, found(measure, (1,) * 5), found(Measure(OURS, THEIRS, at_least=1.0), (100,) * 5)])


def sleepers(threads: int, **changes: Any) -> CellRecord:
    entry = round_record(1, usage={"server": usage(threads=threads)})
    return cell_record(OURS, wait_ms=1000.0, rounds=[replace(entry, **changes)])


@pytest.mark.parametrize(
    ("cell", "outcome"),
    [
        (sleepers(3), Outcome.OK),
        (sleepers(4), Outcome.ABOVE),
        (sleepers(3, state=State.VOID), Outcome.OK),  # the load side was busy, and all were asleep
        (replace(sleepers(3), wait_ms=500.0), Outcome.NOT_MEASURED),  # of 1,000 only 500 were asleep
        (replace(sleepers(3), state=State.FAILED), Outcome.NOT_MEASURED),
    ],
)
def test_threads_are_counted_above_those_at_rest(cell: CellRecord, outcome: Outcome) -> None:
    measure = Measure(OURS, at_most=0.0)
    row = row_of(measure, concurrency=1000, figure=Figure.THREADS)
    finding = threads_found(row, measure, run_record(cell), {OURS: [3]})
    assert finding.outcome is outcome
    assert finding.failed == (outcome is not Outcome.OK)


@pytest.mark.slow
def test_threads_of_real_servers_whose_requests_sleep() -> None:
    row = replace(next(row for row in ROWS if row.name == "asleep"), concurrency=20, settings={"wait": 500.0})
    plan = plan_of(row, rounds=1, duration_s=0.1)
    runner = Runner(plan, lambda event: None, servers())
    at_rest = count_threads(runner)
    more = {
        cell.contender: cell.rounds[0].usage["server"].peak_threads - at_rest[cell.contender][0]
        for cell in runner.record.cells
    }
    assert more["async@uvicorn-fastlane+default"] == 0
    assert more["async@uvicorn+default"] >= 10, "stock Django has one for each"


@pytest.mark.slow
def test_a_row_is_measured_and_told_as_data(sandbox: Sandbox) -> None:
    """On a busy machine a round may be void: that too is told, and is the exit code."""
    words = ("checkfastlane", "--rows", "hello-sync", "--rounds", "1", "--duration", "0.1", "--json")
    done = sandbox.manage(*words)
    told = json.loads(done.stdout)
    (measure,) = told["measures"]
    assert measure["row"] == "hello-sync"
    assert measure["value"] or " is void: " in measure["told"], measure["told"]
    assert told["reached"] == (measure["value"] is not None and measure["value"] >= measure["at_least"])
    assert done.returncode == (0 if told["reached"] else 1), done.stderr
    assert told["environment"]["python"]
    sandbox.wait_until_clean()


def test_an_unknown_row_is_refused_with_the_closest(sandbox: Sandbox) -> None:
    done = sandbox.manage("checkfastlane", "--rows", "helo-seven")
    assert done.returncode == 2
    assert "there is no row 'helo-seven'" in done.stderr
    assert "did you mean hello-seven" in done.stderr.lower()
