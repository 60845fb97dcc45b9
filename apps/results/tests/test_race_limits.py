"""What may be raced, and what a form cannot get past."""

from __future__ import annotations

import pytest

from apps.results.arguments import plan_options
from apps.results.management.commands.runbench import Command
from apps.results.race_limits import CONCURRENCIES, LONGEST_S, MOST_ROUNDS, offers, plan_of, read_order
from apps.scenarios.planning import build_plan
from apps.scenarios.registry import scenarios
from benchmarks.estimate import estimate_s
from benchmarks.exceptions import UsageError


def test_every_scenario_offers_contenders_that_can_take_part():
    assert set(offers()) == set(scenarios())
    for offer in offers().values():
        for name in offer.contenders:
            (workload,) = build_plan([offer.name], [name]).workloads
            assert not workload.excused
        assert 2 <= len(offer.ticked) <= 4 and set(offer.ticked) <= set(offer.contenders)
        assert offer.concurrency in CONCURRENCIES


@pytest.mark.parametrize("name", sorted(scenarios()))
def test_what_runbench_is_told_is_what_was_estimated(name: str):
    """Also of cards that sweep by themselves: a race has one line for each contender."""
    order = read_order(name, offers()[name].contenders[:4], "64", str(MOST_ROUNDS))
    parser = Command().create_parser("manage.py", "runbench")
    options = vars(parser.parse_args(order.words))
    plan = build_plan(options["scenario"], options["contender"], **plan_options(options))
    assert plan == plan_of(order)
    assert estimate_s(plan) <= LONGEST_S
    (workload,) = plan.workloads
    assert len(plan.cells(workload)) == len(plan.runnable(workload)) == len(order.contenders)


TWO = ("sync@gunicorn-threads", "async@uvicorn")


@pytest.mark.parametrize(
    ("scenario", "contenders", "concurrency", "rounds", "said"),
    [
        ("plaintxt", TWO, "8", "5", "did you mean plaintext"),
        ("", TWO, "8", "5", "there is no scenario to race ''"),
        ("http://127.0.0.1/", TWO, "8", "5", "there is no scenario"),
        ("plaintext", ("sync@gunicorn-threads",), "8", "5", "2 to 4 contenders, and 1 were chosen"),
        ("plaintext", ("async@uvicorn", "async@uvicorn"), "8", "5", "and 1 were chosen"),
        ("plaintext", (), "8", "5", "tick some more"),
        ("plaintext", ("sync@uvicorn", "wrapped@uvicorn", "aiohttp@aiohttp", *TWO), "8", "5", "leave some out"),
        ("plaintext", ("async@uvicorn", "--database=x"), "8", "5", "there is no contender"),
        ("plaintext", ("async@uvicorn", "async@uvicorn+none"), "8", "5", "there is no contender"),
        ("plaintext", TWO, "10000", "5", "it is one of 8, 16, 32, 64"),
        ("plaintext", TWO, "8,64", "5", "it is one of"),
        ("plaintext", TWO, "", "5", "it is one of"),
        ("plaintext", TWO, "8", "1000", "it is 3 to 9"),
        ("plaintext", TWO, "8", "2", "it is 3 to 9"),
        ("plaintext", TWO, "8", "٥", "it is 3 to 9"),
        ("plaintext", TWO, "8", "9" * 5000, "99999…"),
    ],
)
def test_what_is_not_on_offer_is_refused_with_the_reason(
    scenario: str, contenders: tuple[str, ...], concurrency: str, rounds: str, said: str
):
    with pytest.raises(UsageError) as refused:
        read_order(scenario, contenders, concurrency, rounds)
    told = f"{refused.value}: {refused.value.hint}"
    assert said in told
    assert len(told) < 300


def test_what_would_take_too_long_is_refused(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("apps.results.race_limits.LONGEST_S", 20.0)
    with pytest.raises(UsageError, match="that race would take about"):
        read_order("plaintext", TWO, "8", "9")
