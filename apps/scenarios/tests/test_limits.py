"""What cannot be asked for is refused with what is wrong and what would be right."""

from __future__ import annotations

from typing import Any

import pytest

from apps.scenarios import limits
from apps.scenarios.contract import Scenario, Setting, Variant
from apps.scenarios.registry import scenarios
from benchmarks.axes import Axis, Point, Sweep
from benchmarks.exceptions import UnknownName, UsageError
from benchmarks.load.specs import Exchange
from benchmarks.plan import Contender, Plan, Workload
from benchmarks.servers.base import Interface, Server

ALL = "waiting hopping plain"
HAVE_WAIT, HAVE_HOPS = "scenarios that do: waiting, hopping", "scenarios that have: hopping"
RANGE, DEADLINE = "it goes from 0.5 to 100", "its answer has a deadline of its own"


def card(name: str, **changes: Any) -> Scenario:
    return Scenario(name, "T", "Q?", ("C1",), "", (Variant("sync"),), lambda dice, settings: Exchange(), **changes)


@pytest.fixture
def cards(monkeypatch: pytest.MonkeyPatch) -> dict[str, Scenario]:
    """All cards there are: one that waits, one that hops, one that does neither."""
    hops = Setting("hops", 1.0, most=100.0, least=0.5)
    found = {
        "waiting": card("waiting", wait_ms=50.0, longest_wait_ms=5000.0),
        "hopping": card("hopping", wait_ms=20.0, longest_wait_ms=50.0, more_settings=(hops,)),
        "plain": card("plain"),
    }
    monkeypatch.setattr(limits, "scenarios", lambda: found)
    return found


def refused(check: Any, *args: Any) -> tuple[str, str]:
    with pytest.raises(UsageError) as caught:
        check(*args)
    return str(caught.value), caught.value.hint


def test_every_setting_of_any_card_is_known_once(cards: dict[str, Scenario]) -> None:
    assert limits.known_settings() == ["wait", "hops"]


def test_the_cards_there_are_have_settings_under_names_that_a_sweep_can_have() -> None:
    for card in scenarios().values():
        for name, setting in card.settings.items():
            assert name not in (Axis.WORKERS, Axis.THREADS)
            assert setting.least <= setting.value <= setting.most
            assert setting.summary


@pytest.mark.parametrize(("axis", "values"), [("wait", (0.0, 50.0)), ("hops", (0.5, 100.0))])
def test_a_sweep_may_go_to_both_ends_of_what_its_cards_allow(
    cards: dict[str, Scenario], axis: str, values: tuple[float, ...]
) -> None:
    limits.check_sweep(Sweep(axis, values), [cards["hopping"]])


@pytest.mark.parametrize(
    ("names", "axis", "values", "said", "hint"),
    [
        ("waiting plain", "wait", (1, 2), "plain does not wait, so there is no wait to sweep", HAVE_WAIT),
        ("hopping waiting", "hops", (1, 2), "waiting has no setting 'hops' to sweep", HAVE_HOPS),
        ("waiting hopping", "wait", (1, 51), "hopping can wait 50 ms at most, not 51", DEADLINE),
        ("waiting", "wait", (1, 5001), "waiting can wait 5000 ms at most, not 5001", "ask for less"),
        ("hopping", "hops", (1, 100.5), "hopping's hops cannot be 100.5", RANGE),
        ("hopping", "hops", (0.4, 1), "hopping's hops cannot be 0.4", RANGE),
        ("hopping", "hop", (1, 2), "there is no axis to sweep 'hop'", "did you mean hops?"),
    ],
)
def test_a_sweep_that_some_scenario_cannot_follow_is_refused(
    cards: dict[str, Scenario], names: str, axis: str, values: tuple[float, ...], said: str, hint: str
) -> None:
    assert refused(limits.check_sweep, Sweep(axis, values), [cards[name] for name in names.split()]) == (said, hint)


def test_a_setting_is_for_those_scenarios_that_have_it(cards: dict[str, Scenario]) -> None:
    limits.check_settings({"hops": 100.0, "wait": 50.0}, list(cards.values()))
    limits.check_settings({"wait": 51.0}, [cards["waiting"], cards["plain"]])


@pytest.mark.parametrize(
    ("names", "settings", "said", "hint"),
    [
        (ALL, {"hop": 1.0}, "there is no setting 'hop'", "did you mean hops?"),
        (ALL, {"workers": 1.0}, "there is no setting 'workers'", "there are: hops, wait"),
        ("waiting", {"hops": 2.5}, "--set hops=2.5 changes nothing here: no scenario of this run has it", HAVE_HOPS),
        (ALL, {"hops": 101.0}, "hopping's hops cannot be 101", RANGE),
        (ALL, {"wait": 1.0, "hops": 0.0}, "hopping's hops cannot be 0", RANGE),
        (ALL, {"wait": 60.0}, "hopping can wait 50 ms at most, not 60", DEADLINE),
    ],
)
def test_a_setting_that_cannot_be_is_refused(
    cards: dict[str, Scenario], names: str, settings: dict[str, float], said: str, hint: str
) -> None:
    assert refused(limits.check_settings, settings, [cards[name] for name in names.split()]) == (said, hint)


def test_an_unknown_setting_is_an_unknown_name(cards: dict[str, Scenario]) -> None:
    with pytest.raises(UnknownName):
        limits.check_settings({"hop": 1.0}, list(cards.values()))


def plan(**changes: Any) -> Plan:
    waiting = {"settings": {"wait": 100.0}, "waits": {"sync": 3}}
    workload = Workload("waiting", "t", "q?", frozenset(), {Point(): (Exchange(),)}, **waiting)
    return Plan((workload,), (Contender("sync", "uvicorn"), Contender("async", "uvicorn")), **changes)


def test_a_window_of_an_open_loop_has_twenty_arrivals_or_is_refused() -> None:
    limits.check_arrivals(plan(rates_per_s=(40.0,), duration_s=0.5))
    said, hint = refused(limits.check_arrivals, plan(rates_per_s=(100.0, 39.0), duration_s=0.5))
    assert said == "--rate 39 for 0.5 s is less than 20 arrivals a round"
    assert hint == "measure longer, with --duration 0.513 or more"


def test_nobody_is_given_up_before_an_answer_can_have_come() -> None:
    limits.check_timeout(plan(timeout_s=0.31))
    said, hint = refused(limits.check_timeout, plan(timeout_s=0.3))
    assert said == "waiting's sync waits 0.3 s by itself, so no answer can come within --timeout 0.3"
    assert hint == "give it several times that, like --timeout 1.5"


def test_an_option_has_to_change_at_least_one_server() -> None:
    servers = {
        name: Server(name, Interface.ASGI, "", lambda hosting: (), settable=frozenset(settable))
        for name, settable in (("both", ("workers", "threads")), ("one", ("workers",)), ("none", ()))
    }
    one, none = Contender("sync", "one"), Contender("sync", "none")
    limits.check_settable("workers", "--workers", [none, one], servers)
    said, hint = refused(limits.check_settable, "threads", "--threads", [none, one], servers)
    assert said == "--threads changes nothing here: no contender's server has threads to set"
    assert hint == "servers that have: both"
