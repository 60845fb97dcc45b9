"""Profiles name what exists, and ask for all that the claims need to be judged."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from typing import Any

import pytest

from apps.scenarios.claims import CLAIMS, findings
from apps.scenarios.evidence import State
from apps.scenarios.planning import build_plan, check_contender
from apps.scenarios.profiles import DEFAULT_SCENARIOS, Profile, asked_by
from apps.scenarios.registry import scenarios
from apps.scenarios.tests.planned_runs import carried_out
from benchmarks import record
from benchmarks.axes import HOSTING_AXES, Axis, Sweep
from benchmarks.estimate import estimate_s
from benchmarks.plan import Contender
from benchmarks.record import RunRecord
from benchmarks.record import State as CellState
from benchmarks.servers import load_servers

JUDGED = ("C1", "C2", "C3", "C4", "C5", "C8", "C9", "C11")
PROFILES = pytest.mark.parametrize("profile", Profile)


def twice(run: RunRecord) -> list[str]:
    """Cells that would be stored under one name."""
    counted = Counter(f"{cell.scenario} {cell.contender} {cell.level}" for cell in run.cells)
    return [name for name, count in counted.items() if count > 1]


@PROFILES
def test_a_profile_names_only_what_exists(profile: Profile) -> None:
    for asked in asked_by(profile):
        card = scenarios()[asked.scenario]
        for name in asked.contenders:
            contender = Contender.parse(name)
            assert contender.server in load_servers()
            assert card.variant(contender.variant) in card.applicable
            check_contender(contender, [card], load_servers())
        if asked.sweep and asked.sweep.axis not in HOSTING_AXES:
            setting = card.settings[asked.sweep.axis]
            assert all(setting.least <= value <= setting.most for value in asked.sweep.values)


@PROFILES
def test_a_profile_is_a_plan_that_tells_its_name(profile: Profile) -> None:
    made = build_plan(profile=profile)
    assert made.profile == made.options()["profile"] == str(profile)
    assert [workload.scenario for workload in made.workloads] == [asked.scenario for asked in asked_by(profile)]
    assert build_plan(["plaintext"], profile=profile).profile == "", "which are run by name"


def test_the_default_is_three_scenarios_within_165_seconds() -> None:
    made = build_plan()
    assert (
        tuple(workload.scenario for workload in made.workloads)
        == DEFAULT_SCENARIOS
        == (*("plaintext", "orm_read", "fan_out"),)
    )
    assert estimate_s(made) <= 165


def test_the_default_leaves_out_the_processes_that_would_wait_for_ten_calls_one_by_one() -> None:
    plaintext, _, fan_out = build_plan().workloads
    assert {*plaintext.contenders} - {*fan_out.contenders} == {Contender("sync", "gunicorn-sync")}


def test_full_has_every_card_and_what_the_claims_sweep() -> None:
    full = asked_by(Profile.FULL)
    assert {asked.scenario for asked in full} == set(scenarios())
    swept = [asked for asked in asked_by(Profile.CLAIMS) if asked.sweep]
    assert swept
    assert all(asked in full for asked in swept)
    once = Counter(asked.scenario for asked in full if not asked.sweep)
    assert once == dict.fromkeys(scenarios(), 1)


@PROFILES
def test_no_cell_of_a_profile_is_run_twice(profile: Profile) -> None:
    assert twice(carried_out(build_plan(profile=profile))) == []


@pytest.mark.parametrize(
    "options",
    [
        {"overload": True},
        {"workers": 2},
        {"threads": 8, "concurrencies": (64,)},
        {"settings": {"wait": 20.0}},
        {"sweep": Sweep(Axis.WORKERS, (1.0, 2.0))},
        {"concurrencies": (8, 64)},
    ],
    ids=["overload", "workers", "threads", "wait", "sweep", "concurrency"],
)
def test_nor_is_one_of_full_with_what_else_may_be_told(options: dict[str, Any]) -> None:
    """Two would be stored as one, and the run could not be read again."""
    assert twice(carried_out(build_plan(profile=Profile.FULL, **options))) == []


@PROFILES
def test_what_a_profile_leaves_is_a_record_that_can_be_read(profile: Profile) -> None:
    run = carried_out(build_plan(profile=profile))
    assert record.loads(record.dumps(run)) == run


@pytest.fixture(scope="module")
def measured() -> dict[Profile, RunRecord]:
    return {profile: carried_out(build_plan(profile=profile)) for profile in (Profile.CLAIMS, Profile.FULL)}


@pytest.mark.parametrize("profile", [Profile.CLAIMS, Profile.FULL])
@pytest.mark.parametrize("claim", JUDGED)
def test_every_claim_finds_what_it_asks_for(profile: Profile, claim: str, measured: dict[Profile, RunRecord]) -> None:
    finding = findings(measured[profile])[claim]
    assert finding.state not in (State.NOT_MEASURED, State.CANNOT_TELL), finding.numbers


@pytest.mark.parametrize("profile", [Profile.CLAIMS, Profile.FULL])
def test_open_streams_are_there_to_be_told(profile: Profile, measured: dict[Profile, RunRecord]) -> None:
    assert "Of responses that stay open, 32 at once: " in findings(measured[profile])["C6"].numbers


def test_those_that_nobody_judges_say_why() -> None:
    assert {name for name, claim in CLAIMS.items() if not claim.judge} == {"C7", "C10", "C12"}
    assert all(bool(claim.unjudged) != bool(claim.judge) for claim in CLAIMS.values())


def test_void_cells_leave_every_claim_open(measured: dict[Profile, RunRecord]) -> None:
    run = measured[Profile.CLAIMS]
    void = replace(run, cells=[replace(cell, state=CellState.VOID) for cell in run.cells])
    assert {findings(void)[claim].state for claim in JUDGED} == {State.CANNOT_TELL}


def test_a_scenario_that_is_asked_several_times_is_one_card_of_the_record(measured: dict[Profile, RunRecord]) -> None:
    run = measured[Profile.CLAIMS]
    assert [card.name for card in run.scenarios].count("slow_io") == 1
    assert {cell.sweep_axis for cell in run.cells if cell.scenario == "slow_io"} == {"workers", "threads", "wait"}
