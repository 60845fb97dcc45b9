"""Settings of cards, profiles, processes and a cache on runbench's command line."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from django.core.management.base import CommandError

from apps.results.arguments import judges
from apps.results.management.commands.runbench import Command
from apps.results.tests.test_arguments import options, parsed
from apps.results.values import MOST_WORKERS
from apps.scenarios.planning import build_plan
from apps.scenarios.profiles import Profile
from benchmarks.axes import Sweep
from benchmarks.exceptions import UnknownName, UsageError


@pytest.fixture(autouse=True)
def nothing_from_outside(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    for name in ("CROSSOVER_DATABASE_URL", "CROSSOVER_REDIS_URL"):
        monkeypatch.delenv(name, raising=False)
    yield


def test_settings_are_told_one_by_one_each_in_its_own_way() -> None:
    words = ("--set", "poison_ms=1.5", "--set", "wait=0.02s", "--set", "hops=0")
    assert options(*words) == {"settings": {"poison_ms": 1.5, "wait": 20.0, "hops": 0.0}}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("poison_ms", "is not understood: write NAME=VALUE, like poison_ms=1 or wait=5ms"),
        ("poison_ms=", "is not understood"),
        ("=1", "there is no setting ''; there are: "),
        ("", "is not understood"),
        ("poisen_ms=1", "there is no setting 'poisen_ms'; did you mean poison_ms"),
        ("workers=2", "there is no setting 'workers'"),
        ("hops=-1", "'-1' is not a plain number, with three decimals at most"),
        ("hops=1e3", "is not a plain number"),
        ("hops=nan", "is not a plain number"),
        ("hops=1,2", "is not a plain number"),
        ("hops=1.2345", "is not a plain number"),
        ("hops=²", "is not a plain number"),
        ("hops=1234567890", "is not a plain number"),
        ("wait=5", "'5' is not a wait: write 5ms or 0.5s"),
        ("wait=0ms", "out of range: at least 0.001"),
    ],
)
def test_what_is_no_setting_is_refused(text: str, said: str) -> None:
    with pytest.raises(CommandError, match="argument --set: ") as caught:
        parsed("--set", text)
    assert said in str(caught.value)


@pytest.mark.parametrize(
    ("text", "axis", "values"),
    [
        ("hops=10,0,3", "hops", (0.0, 3.0, 10.0)),
        ("poison=0.01,0.5", "poison", (0.01, 0.5)),
        ("poison_ms=0,0.0,50", "poison_ms", (0.0, 50.0)),
    ],
)
def test_a_cards_setting_is_swept_in_order(text: str, axis: str, values: tuple[float, ...]) -> None:
    assert options("--sweep", text) == {"sweep": Sweep(axis, values)}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("hop=1,2", "there is no axis to sweep 'hop'; did you mean hops?"),
        ("hops=1", "has one value: a sweep needs at least two"),
        ("hops=1,1.0", "has one value"),
        ("hops=1,x", "'x' is not a plain number"),
        ("hops=1,-2", "'-2' is not a plain number"),
    ],
)
def test_what_is_no_sweep_over_a_setting_is_refused(text: str, said: str) -> None:
    with pytest.raises(CommandError, match="argument --sweep: ") as caught:
        parsed("--sweep", text)
    assert said in str(caught.value)


def test_processes_have_a_bound_too() -> None:
    assert options("--workers", str(MOST_WORKERS)) == {"workers": MOST_WORKERS}
    with pytest.raises(CommandError, match=f"argument --workers: .* at most {MOST_WORKERS}"):
        parsed("--workers", str(MOST_WORKERS + 1))


@pytest.mark.parametrize("profile", Profile)
def test_a_profile_is_told_by_its_name(profile: Profile) -> None:
    assert options("--profile", str(profile)) == {"profile": profile}


def test_an_unknown_profile_is_refused_with_those_there_are() -> None:
    with pytest.raises(UnknownName, match="there is no profile 'ful'") as caught:
        options("--profile", "ful")
    assert caught.value.hint.startswith("did you mean full")
    with pytest.raises(UnknownName) as caught:
        options("--profile", "")
    assert caught.value.hint == "there are: claims, default, full"


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("--workers 2 --sweep workers=1,2", "--workers and --sweep workers=… contradict each other"),
        ("--set hops=1 --sweep hops=0,1", "--set hops=… and --sweep hops=… contradict each other"),
        ("--set poison=0.1 --set hops=1 --sweep hops=0,1", "--set hops=… and --sweep hops=… contradict each other"),
        ("--overload --sweep hops=0,1", "--overload and --sweep do not go together"),
        ("plaintext --profile full", "--profile says which scenarios are run; others were named, too"),
        ("--profile claims --sweep hops=0,1", "--profile claims decides what each claim needs, so --sweep"),
        ("--profile claims --set hops=1", "--profile claims decides what each claim needs, so --set"),
        ("--profile claims --contender sync@uvicorn", "--profile claims decides what each claim needs, so --contender"),
        ("--profile claims --concurrency 8", "--profile claims decides what each claim needs, so --concurrency"),
        ("--profile claims --rate 50", "--profile claims decides what each claim needs, so --rate"),
        ("--profile claims --overload", "--profile claims decides what each claim needs, so --overload"),
        ("--profile claims --workers 2", "--profile claims decides what each claim needs, so --workers"),
        ("--profile claims --threads 8", "--profile claims decides what each claim needs, so --threads"),
    ],
)
def test_what_cannot_both_be_meant_is_refused_with_what_to_do(words: str, said: str) -> None:
    with pytest.raises(UsageError) as caught:
        options(*words.split())
    assert str(caught.value).startswith(said)
    assert caught.value.hint


@pytest.mark.parametrize(
    "words",
    [
        "--set hops=1 --sweep poison_ms=0,1",
        "--threads 4 --sweep workers=1,2",
        "--rate 50 --sweep hops=0,1",
        "--profile full --contender sync@uvicorn",
        "--profile claims --seed 3 --rounds 7 --duration 1 --patience 5 --generators 2",
    ],
)
def test_what_goes_together_is_taken(words: str) -> None:
    assert options(*words.split())


def test_the_cache_is_named_by_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CROSSOVER_REDIS_URL", "redis://there/1")
    assert options() == {"cache_url": "redis://there/1"}
    assert build_plan(["plaintext"], **options()).cache_url == "redis://there/1"
    monkeypatch.setenv("CROSSOVER_REDIS_URL", "")
    assert options() == {}


def test_what_is_told_reaches_the_plan() -> None:
    made = build_plan(["bridge_cost"], **options("--set", "hops=3", "--workers", "2"))
    (workload,) = made.workloads
    assert (workload.settings, workload.sweep, made.workers) == ({"hops": 3.0}, None, 2)
    assert build_plan(**options("--profile", "claims")).profile == "claims"


def test_the_same_setting_told_twice_is_not_silently_the_last() -> None:
    with pytest.raises((CommandError, UsageError), match="hops"):
        options("--set", "hops=1", "--set", "hops=2")


def test_the_help_names_profiles_and_settings() -> None:
    told = " ".join(Command().create_parser("manage.py", "runbench").format_help().split())
    for words in ("default, full, claims", "--set NAME=VALUE", "--workers N", "--set poison_ms=1"):
        assert words in told


@pytest.mark.parametrize(
    ("words", "judged"),
    [
        (("--profile", "claims"), True),
        (("--profile", "full", "--rounds", "7", "--seed", "3"), True),
        ((), False),
        (("--profile", "full", "--threads", "4"), False),
        (("--profile", "full", "--set", "poison=0.1"), False),
        (("--profile", "claims", "--middleware", "none"), False),
        (("--profile", "full", "--database", "sqlite"), False),
    ],
)
def test_claims_are_judged_only_where_nothing_is_told_that_they_rest_on(words: tuple[str, ...], judged: bool) -> None:
    assert judges(parsed(*words)) == judged
