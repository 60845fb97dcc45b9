"""What a card or a profile asks by itself, and what the command line puts in its place."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from apps.scenarios.contract import Scenario, Setting, Variant
from apps.scenarios.planning import DEFAULT_CONTENDERS, build_plan
from apps.scenarios.profiles import ASYNC, PROCESSES, Asked
from apps.scenarios.registry import scenarios
from benchmarks.axes import Axis, Sweep, plain
from benchmarks.exceptions import UsageError
from benchmarks.load.specs import Exchange
from benchmarks.plan import BASELINE, Workload
from benchmarks.servers import load_servers

OWN = (BASELINE, ASYNC)
HOPS = Sweep("hops", (0.0, 3.0))
CARD = Scenario(
    name="hopping",
    title="Title",
    question="Question?",
    claims=("C1", "C2"),
    look_for="",
    variants=(Variant("sync"), Variant("async", hops=7), Variant("aiohttp")),
    exchange=lambda dice, settings: Exchange("&".join(f"{name}={plain(value)}" for name, value in settings.items())),
    exchanges=1,
    more_settings=(Setting("hops", 1.0, most=100.0), Setting("size", 2.0, most=9.0)),
    contenders=OWN,
    sweep=HOPS,
)
Plans = Callable[..., Workload]


@pytest.fixture
def planned(monkeypatch: pytest.MonkeyPatch) -> Plans:
    """The workload of the only card there is, changed so; with options of the plan."""

    def make(card: dict[str, Any] | None = None, contenders: tuple[str, ...] = (), **options: Any) -> Workload:
        cards = {"hopping": replace(CARD, **(card or {}))}
        for module in ("planning", "limits"):
            monkeypatch.setattr(f"apps.scenarios.{module}.scenarios", lambda: cards)
        (workload,) = build_plan(["hopping"], contenders, **options).workloads
        return workload

    return make


def queries(workload: Workload) -> dict[str, str]:
    """The only request at each point."""
    return {str(point): one.query for point, (one,) in workload.exchanges.items()}


def test_a_card_has_its_own_contenders_or_the_usual_ones(planned: Plans) -> None:
    assert tuple(map(str, planned().contenders)) == OWN
    assert tuple(map(str, planned({"contenders": ()}).contenders)) == DEFAULT_CONTENDERS


def test_contenders_that_are_told_replace_the_cards(planned: Plans) -> None:
    assert list(map(str, planned(contenders=("aiohttp@aiohttp",)).contenders)) == ["aiohttp@aiohttp"]


def test_the_plan_has_every_contender_of_any_scenario_once() -> None:
    made = build_plan(["poisoned_loop", "plaintext"])
    own = scenarios()["poisoned_loop"].contenders
    expected = list(dict.fromkeys((*own, *DEFAULT_CONTENDERS)))
    assert list(map(str, made.contenders)) == expected
    assert [tuple(map(str, one.contenders)) for one in made.workloads] == [own, DEFAULT_CONTENDERS]


def test_a_card_is_swept_as_it_says_with_requests_for_every_point(planned: Plans) -> None:
    workload = planned()
    assert workload.sweep == HOPS
    assert queries(workload) == {"hops 0": "hops=0&size=2", "hops 3": "hops=3&size=2"}
    assert workload.settings == {"hops": 1.0, "size": 2.0}, "the card's own stay what they are"


def test_a_told_sweep_replaces_the_cards(planned: Plans) -> None:
    told = Sweep("size", (1.0, 5.0))
    workload = planned(sweep=told)
    assert workload.sweep is None, "so that the plan's is followed"
    assert queries(workload) == {"size 1": "hops=1&size=1", "size 5": "hops=1&size=5"}
    hosting = planned(sweep=Sweep(Axis.WORKERS, (1.0, 2.0)))
    assert (hosting.sweep, queries(hosting)) == (None, {"": "hops=1&size=2"})


def test_a_told_setting_takes_the_place_of_the_cards_sweep_over_it(planned: Plans) -> None:
    workload = planned(settings={"hops": 5.0})
    assert workload.sweep is None
    assert queries(workload) == {"": "hops=5&size=2"}
    assert workload.settings["hops"] == 5.0


def test_another_setting_is_set_at_every_point_of_the_cards_sweep(planned: Plans) -> None:
    workload = planned(settings={"size": 9.0})
    assert workload.sweep == HOPS
    assert queries(workload) == {"hops 0": "hops=0&size=9", "hops 3": "hops=3&size=9"}


def test_an_overload_drops_the_cards_sweep(planned: Plans) -> None:
    workload = planned(overload=True)
    assert (workload.sweep, queries(workload)) == (None, {"": "hops=1&size=2"})


@pytest.mark.parametrize("axis", [Axis.WORKERS, Axis.THREADS])
def test_workers_or_threads_that_are_told_are_not_swept(planned: Plans, axis: Axis) -> None:
    swept = {"sweep": Sweep(axis, (1.0, 2.0))}
    assert planned(swept).sweep == swept["sweep"]
    assert planned(swept, **{str(axis): 4}).sweep is None


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"hops": 101.0}, "hopping's hops cannot be 101"),
        ({"hop": 1.0}, "there is no setting 'hop'"),
        ({"wait": 1.0}, "there is no setting 'wait'"),
    ],
)
def test_a_setting_that_cannot_be_is_refused(planned: Plans, settings: dict[str, float], said: str) -> None:
    with pytest.raises(UsageError, match=said) as caught:
        planned(settings=settings)
    assert caught.value.hint


def test_a_setting_or_a_sweep_that_the_run_does_not_have_is_refused() -> None:
    with pytest.raises(UsageError, match="--set hops=3 changes nothing here") as caught:
        build_plan(["plaintext"], settings={"hops": 3.0})
    assert "bridge_cost" in caught.value.hint
    with pytest.raises(UsageError, match="plaintext has no setting 'hops' to sweep") as caught:
        build_plan(["bridge_cost", "plaintext"], sweep=HOPS)
    assert caught.value.hint == "scenarios that have: bridge_cost"
    assert build_plan(["bridge_cost", "plaintext"], settings={"hops": 3.0}).workloads[1].settings == {}


def test_the_harness_is_told_what_else_the_card_says(planned: Plans) -> None:
    card: dict[str, Any] = {"all_cpus": True, "pool_size": 32, "wait_holds_connection": True, "cost_per": "hops"}
    card |= {"audit": "SELECT 1", "baseline": ASYNC, "claims": ("C9",), "concurrency": 4}
    workload = planned(card)
    assert {name: getattr(workload, name) for name in card} == card
    assert workload.hops == {"sync": 0, "async": 7, "aiohttp": 0}
    assert workload.concurrencies == ()


def test_what_a_profile_asks_differs_from_the_card_only_so_far(planned: Plans, monkeypatch: pytest.MonkeyPatch) -> None:
    planned()
    swept = Sweep(Axis.THREADS, (4.0, 64.0))
    asked = (Asked("hopping", (PROCESSES, BASELINE), swept, (64,)), Asked("hopping"))
    monkeypatch.setattr("apps.scenarios.planning.asked_by", lambda profile: asked)
    one, other = build_plan().workloads
    assert (tuple(map(str, one.contenders)), one.sweep, one.concurrencies) == ((PROCESSES, BASELINE), swept, (64,))
    assert queries(one) == {"": "hops=1&size=2"}
    assert (tuple(map(str, other.contenders)), other.sweep, other.concurrencies) == (OWN, HOPS, ())


def test_a_server_without_lifespan_is_excused_where_a_view_needs_it(
    planned: Plans, monkeypatch: pytest.MonkeyPatch
) -> None:
    servers = {**load_servers(), "bare": replace(load_servers()["uvicorn"], name="bare", lifespan=False)}
    monkeypatch.setattr("apps.scenarios.planning.load_servers", lambda: servers)
    variants = (Variant("sync"), Variant("async", needs_lifespan=True))
    contenders = ("async@bare", "async@uvicorn", "sync@bare")
    excused = planned({"variants": variants}, contenders).excused
    reason = "its view finds at lifespan what is opened once per process, and bare runs no lifespan"
    assert excused == {"async@bare": reason}
    assert planned({}, contenders).excused == {}


@pytest.mark.parametrize(
    ("middleware", "excused"),
    [("default", ["async@uvicorn+none"]), ("none", ["async@uvicorn", "async@uvicorn+none"]), ("sync-only", [])],
)
def test_without_middlewares_who_needs_them_is_excused(planned: Plans, middleware: str, excused: list[str]) -> None:
    """But the sibling service, which never had any; and nobody who brings them along."""
    contenders = ["async@uvicorn", "async@uvicorn+default", "aiohttp@aiohttp"]
    contenders += ["async@uvicorn+none"] * (middleware != "sync-only")
    found = planned({"needs_middleware": True}, tuple(contenders), middleware=middleware).excused
    assert found == dict.fromkeys(excused, "needs the middlewares that this run leaves away")
    assert planned({}, tuple(contenders), middleware=middleware).excused == {}
