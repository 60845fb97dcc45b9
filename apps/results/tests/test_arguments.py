"""What may stand on runbench's command line, and what is said of the rest."""

from __future__ import annotations

import math
from typing import Any

import pytest
from django.core.management.base import CommandError

from apps.results.arguments import plan_options
from apps.results.management.commands.runbench import Command
from apps.results.values import LARGEST_SEED, MOST_CONNECTIONS, MOST_VALUES
from benchmarks.axes import Axis, Sweep
from benchmarks.exceptions import UnknownName, UsageError
from benchmarks.load.specs import Arrivals

NUMBERS = {  # option -> whether it is a whole number
    "--concurrency": True,
    "--rate": False,
    "--in-flight": True,
    "--duration": False,
    "--warmup": False,
    "--timeout": False,
    "--rounds": True,
    "--patience": True,
    "--generators": True,
    "--threads": True,
    "--workers": True,
}


def parsed(*words: str) -> dict[str, Any]:
    return vars(Command().create_parser("manage.py", "runbench").parse_args(list(words)))


def options(*words: str) -> dict[str, Any]:
    return plan_options(parsed(*words))


def test_nothing_given_is_left_to_the_plan(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("CROSSOVER_DATABASE_URL", "CROSSOVER_REDIS_URL"):
        monkeypatch.delenv(name, raising=False)
    assert options() == {}


def test_what_is_given_is_taken_over() -> None:
    words = "--rate 5,0.5 --arrivals poisson --in-flight 9 --duration 2 --warmup 0.1 --timeout 3 --rounds 7"
    more = "--patience 2 --generators 3 --threads 4 --seed 0 --middleware none --database sqlite"
    assert options(*words.split(), *more.split()) == {
        "rates_per_s": (5.0, 0.5),
        "arrivals": Arrivals.POISSON,
        "in_flight": 9,
        "duration_s": 2.0,
        "warmup_s": 0.1,
        "timeout_s": 3.0,
        "rounds": 7,
        "patience": 2,
        "generators": 3,
        "threads": 4,
        "seed": 0,
        "middleware": "none",
        "database": "sqlite",
    }
    assert options("--concurrency", "8,64,8", "--overload") == {"concurrencies": (8, 64), "overload": True}


def test_the_database_may_be_named_by_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CROSSOVER_DATABASE_URL", "postgresql://there/x")
    assert options() == {"database": "postgresql://there/x"}
    assert options("--database", "sqlite") == {"database": "sqlite"}


@pytest.mark.parametrize("option", NUMBERS)
@pytest.mark.parametrize("text", ["0", "-1", "-0", "nan", "inf", "1e999", "", "x", "1;2", "0x10", "1e99"])
def test_what_is_no_number_above_zero_is_refused(option: str, text: str) -> None:
    if (option, text) == ("--patience", "0"):
        assert options("--patience", "0") == {"patience": 0}, "as it is without being told"
        return
    with pytest.raises(CommandError, match=rf"argument {option}: ") as caught:
        parsed(f"{option}={text}")
    assert "number" in str(caught.value) or "out of range: above 0, at most" in str(caught.value)


@pytest.mark.parametrize(("option", "whole"), NUMBERS.items())
def test_whole_numbers_are_whole(option: str, whole: bool) -> None:
    if whole:
        with pytest.raises(CommandError, match=r"'1\.5' is not a whole number"):
            parsed(option, "1.5")
    else:
        assert parsed(option, "1.5")


@pytest.mark.parametrize("option", ["--concurrency", "--rate"])
@pytest.mark.parametrize("text", [",", "8,", ",8", "8,,9", "8 9", "8,0", "8,x"])
def test_a_list_with_a_gap_or_a_fault_is_refused(option: str, text: str) -> None:
    with pytest.raises(CommandError, match=f"argument {option}: "):
        parsed(option, text)


def test_lists_and_numbers_have_bounds_against_a_slip_of_the_keyboard() -> None:
    assert len(parsed("--rate", ",".join(map(str, range(1, MOST_VALUES + 1))))["rate"]) == MOST_VALUES
    with pytest.raises(CommandError, match=f"{MOST_VALUES + 1} values are more than the {MOST_VALUES} that make sense"):
        parsed("--rate", ",".join(map(str, range(1, MOST_VALUES + 2))))
    assert parsed("--concurrency", str(MOST_CONNECTIONS))
    with pytest.raises(CommandError, match=f"out of range: above 0, at most {MOST_CONNECTIONS}"):
        parsed("--concurrency", str(MOST_CONNECTIONS + 1))


@pytest.mark.parametrize("text", ["-1", "1.5", "x", "", str(LARGEST_SEED + 1), "²"])
def test_a_seed_is_a_whole_number_that_can_be_kept(text: str) -> None:
    with pytest.raises(CommandError, match="argument --seed: "):
        parsed(f"--seed={text}")
    assert parsed("--seed", str(LARGEST_SEED))["seed"] == LARGEST_SEED


@pytest.mark.parametrize(
    ("text", "axis", "values"),
    [
        ("wait=1ms,20ms", Axis.WAIT, (1.0, 20.0)),
        ("wait=0.5s,1ms,1ms", Axis.WAIT, (1.0, 500.0)),
        ("workers=4,1,2", Axis.WORKERS, (1.0, 2.0, 4.0)),
        ("threads=4,16", Axis.THREADS, (4.0, 16.0)),
    ],
)
def test_a_sweep_is_an_axis_and_its_values_in_order(text: str, axis: Axis, values: tuple[float, ...]) -> None:
    assert options("--sweep", text) == {"sweep": Sweep(axis, values)}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("wait", "is not understood: write wait=1ms,20ms"),
        ("wait=", "is not understood"),
        ("", "is not understood"),
        ("wiat=1ms,2ms", "there is no axis to sweep 'wiat'; did you mean wait?"),
        ("zzz=1,2", "threads, wait, workers"),
        ("wait=1ms", "has one value: a sweep needs at least two"),
        ("wait=1000ms,1s", "has one value"),
        ("threads=4,4", "has one value"),
        ("wait=1,2", "'1' is not a wait: write 5ms or 0.5s"),
        ("wait=0ms,1ms", "out of range: at least 0.001"),
        ("wait=-1ms,1ms", "is not a wait"),
        ("wait=nanms,1ms", "is not a wait"),
        ("wait=1ms,", "is not a wait"),
        ("workers=0,1", "out of range: above 0, at most 64"),
        ("workers=1,65", "out of range: above 0, at most 64"),
        ("threads=1,513", "out of range: above 0, at most 512"),
        ("threads=1.5,2", "not a whole number"),
    ],
)
def test_what_is_no_sweep_is_refused(text: str, said: str) -> None:
    with pytest.raises(CommandError) as caught:
        parsed("--sweep", text)
    assert said in str(caught.value)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("--rate 5 --concurrency 8", "--rate and --concurrency contradict each other"),
        ("--rate 5 --overload", "--rate and --overload contradict each other"),
        ("--rate 5 --sweep workers=1,2", "a sweep over workers or threads needs a closed loop"),
        ("--rate 5 --sweep threads=1,2", "a sweep over workers or threads needs a closed loop"),
        ("--overload --sweep threads=1,2", "--overload and --sweep do not go together"),
        ("--arrivals poisson", "--arrivals is about an open loop"),
        ("--arrivals poisson --concurrency 8", "--arrivals is about an open loop"),
        ("--in-flight 5", "--in-flight is about an open loop"),
        ("--threads 4 --sweep threads=1,2", "--threads and --sweep threads=… contradict each other"),
    ],
)
def test_what_cannot_both_be_meant_is_refused_with_what_to_do(words: str, said: str) -> None:
    with pytest.raises(UsageError) as caught:
        options(*words.split())
    assert str(caught.value).startswith(said)
    assert caught.value.hint


def test_unknown_arrivals_are_refused_with_those_there_are() -> None:
    with pytest.raises(UnknownName, match="there is no kind of arrivals 'poison'") as caught:
        options("--rate", "5", "--arrivals", "poison")
    assert caught.value.hint == "did you mean poisson?"


@pytest.mark.parametrize(
    "words",
    ["--rate 5 --sweep wait=1ms,2ms", "--overload --in-flight 9", "--threads 4 --sweep wait=1ms,2ms", "--seed 0"],
)
def test_what_goes_together_is_taken(words: str) -> None:
    assert options(*words.split())


def test_no_bound_lets_a_number_in_that_is_none() -> None:
    for option, whole in NUMBERS.items():
        found = parsed(option, "1")[option.strip("-").replace("-", "_")]
        for number in found if isinstance(found, tuple) else (found,):
            assert isinstance(number, int if whole else float)
            assert math.isfinite(number)


def test_a_second_sweep_does_not_silently_replace_the_first() -> None:
    with pytest.raises(CommandError, match="--sweep is given twice: sweep one axis at a time"):
        parsed("--sweep", "wait=1ms,5ms", "--sweep", "threads=1,2")


def test_a_window_must_be_able_to_hold_an_answer() -> None:
    with pytest.raises(CommandError, match=r"1e-9 is out of range: at least 0\.02"):
        parsed("--duration", "1e-9")
