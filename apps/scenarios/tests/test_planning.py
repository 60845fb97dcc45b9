"""Names → plan."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from apps.scenarios.contract import Scenario, Variant
from apps.scenarios.planning import DEFAULT_CONTENDERS, DEFAULT_SCENARIOS, build_plan, check_contender
from apps.scenarios.registry import scenarios
from benchmarks.axes import Axis, Point, Sweep
from benchmarks.exceptions import UnknownName, UsageError
from benchmarks.load.specs import Exchange
from benchmarks.plan import OPEN_DURATION_S, Contender, Middleware
from benchmarks.servers.base import Interface, Server


def card(*variants: Variant, name: str = "plaintext") -> Scenario:
    return Scenario(name, "Title", "Question?", ("C1",), "", variants, lambda dice, wait_ms: Exchange())


def excuses(*scenario_names: str, contenders: tuple[str, ...] = (), **options: object) -> dict[str, dict[str, str]]:
    made = build_plan(scenario_names, contenders, **options)
    return {workload.scenario: workload.excused for workload in made.workloads}


def test_without_names_everything_is_the_default() -> None:
    made = build_plan()
    assert tuple(workload.scenario for workload in made.workloads) == DEFAULT_SCENARIOS
    assert tuple(map(str, made.contenders)) == DEFAULT_CONTENDERS
    assert (made.rounds, made.seed, made.middleware, made.database) == (5, 1, Middleware.DEFAULT, "embedded")
    assert [workload.excused for workload in made.workloads] == [{}, {}, {}]


def test_names_and_options_are_taken_over() -> None:
    made = build_plan(["fan_out"], ["sync@uvicorn"], concurrencies=(8, 64), rounds=2, seed=9, middleware="none")
    assert [workload.scenario for workload in made.workloads] == ["fan_out"]
    assert made.contenders == (Contender("sync", "uvicorn"),)
    assert (made.concurrencies, made.rounds, made.seed, made.middleware) == ((8, 64), 2, 9, "none")


def test_a_name_given_twice_is_run_once_in_the_order_given() -> None:
    made = build_plan(["plaintext", "fan_out", "plaintext"], ["sync@uvicorn", "async@uvicorn", "sync@uvicorn"])
    assert [workload.scenario for workload in made.workloads] == ["plaintext", "fan_out"]
    assert [str(contender) for contender in made.contenders] == ["sync@uvicorn", "async@uvicorn"]


def test_a_workload_is_what_the_card_says() -> None:
    (workload,) = build_plan(["fan_out"], seed=3).workloads
    declared = scenarios()["fan_out"]
    assert (workload.title, workload.question) == (declared.title, declared.question)
    assert (workload.needs, workload.concurrency, workload.baseline) == ({"upstream"}, 16, declared.baseline)
    assert (workload.wait_ms, workload.waits) == (20.0, {variant.name: variant.waits for variant in declared.variants})
    assert workload.exchanges == {Point(): declared.draw(3)}


def test_the_seed_decides_the_requests() -> None:
    one, same, other = (build_plan(["orm_read"], seed=seed).workloads[0].exchanges for seed in (1, 1, 2))
    assert one == same != other


@pytest.mark.parametrize(
    ("scenario_names", "contender_names", "message", "hint"),
    [
        (["plaintxt"], [], "there is no scenario 'plaintxt'", "did you mean plaintext?"),
        (["fan-out"], [], "there is no scenario 'fan-out'", "did you mean fan_out?"),
        ([], ["sync@gunicorn-thread"], "there is no server 'gunicorn-thread'", "did you mean gunicorn-threads"),
        ([], ["asinc@uvicorn"], "there is no variant 'asinc'", "did you mean async"),
        ([], ["async@uvicorn+nome"], "there is no middleware 'nome'", "did you mean none?"),
    ],
)
def test_an_unknown_name_is_refused_with_the_closest(
    scenario_names: list[str], contender_names: list[str], message: str, hint: str
) -> None:
    with pytest.raises(UnknownName) as caught:
        build_plan(scenario_names, contender_names)
    assert str(caught.value) == message
    assert caught.value.hint.startswith(hint)


def test_a_name_like_no_other_is_refused_with_all_there_are() -> None:
    with pytest.raises(UnknownName) as caught:
        build_plan(["zzz"])
    assert caught.value.hint == f"there are: {', '.join(scenarios())}"


@pytest.mark.parametrize(
    ("contender", "speaks", "fitting"),
    [
        ("async@gunicorn-sync", "wsgi", {"uvicorn"}),
        ("wrapped@gunicorn-threads", "wsgi", {"uvicorn"}),
        ("aiohttp@uvicorn", "asgi", {"aiohttp"}),
        ("sync@aiohttp", "aiohttp", {"gunicorn-sync", "gunicorn-threads", "uvicorn"}),
    ],
)
def test_a_server_that_cannot_host_the_variant_is_refused_with_those_that_can(
    contender: str, speaks: str, fitting: set[str]
) -> None:
    variant, _, server = contender.partition("@")
    with pytest.raises(UsageError) as caught:
        build_plan([], [contender])
    assert not isinstance(caught.value, UnknownName)
    assert str(caught.value).startswith(f"{contender}: {server} speaks {speaks}, ")
    named = caught.value.hint.removeprefix(f"servers for {variant}: ").split(", ")
    assert fitting <= set(named)
    assert server not in named


def test_a_server_that_is_not_installed_is_refused_with_how_to_install_it() -> None:
    absent = Server(
        *("absent", Interface.ASGI, "not installed", lambda hosting: ()),
        requires=("no_such_server",),
        pip_line="pip install no-such-server",
    )
    with pytest.raises(UsageError, match="sync@absent: no_such_server is not installed") as caught:
        check_contender(Contender("sync", "absent"), [card(Variant("sync"))], {"absent": absent})
    assert caught.value.hint == "run: pip install no-such-server"


def test_a_contender_may_take_part_in_one_scenario_only(monkeypatch: pytest.MonkeyPatch) -> None:
    cards = {"plaintext": card(Variant("sync")), "fan_out": card(Variant("sync"), Variant("extra"), name="fan_out")}
    monkeypatch.setattr("apps.scenarios.planning.scenarios", lambda: cards)
    found = excuses("plaintext", "fan_out", contenders=("sync@uvicorn", "extra@uvicorn"))
    assert found == {"plaintext": {"extra@uvicorn": "this scenario has no such variant"}, "fan_out": {}}


def test_a_variant_that_speaks_otherwise_in_one_scenario_is_excused_there(monkeypatch: pytest.MonkeyPatch) -> None:
    asgi, wsgi = (Variant("extra", interfaces=frozenset({word})) for word in (Interface.ASGI, Interface.WSGI))
    cards = {"plaintext": card(asgi), "fan_out": card(wsgi, name="fan_out")}
    monkeypatch.setattr("apps.scenarios.planning.scenarios", lambda: cards)
    found = excuses("plaintext", "fan_out", contenders=("extra@uvicorn",))
    assert found["plaintext"] == {}
    assert found["fan_out"] == {"extra@uvicorn": "this scenario's extra does not run on asgi"}


def test_what_the_card_excuses_is_excused_with_its_reason(monkeypatch: pytest.MonkeyPatch) -> None:
    cards = {"plaintext": card(Variant("sync"), Variant("async", not_applicable="nothing waits"))}
    monkeypatch.setattr("apps.scenarios.planning.scenarios", lambda: cards)
    found = excuses("plaintext", contenders=("sync@uvicorn", "async@uvicorn"))
    assert found == {"plaintext": {"async@uvicorn": "nothing waits"}}


def test_on_sqlite_what_needs_postgresql_is_excused() -> None:
    assert excuses("plaintext", "orm_read", database="sqlite") == {
        "plaintext": {},
        "orm_read": {"aiohttp@aiohttp": "needs PostgreSQL; the run uses SQLite"},
    }


@pytest.mark.parametrize("database", ["embedded", "postgresql://localhost/workload"])
def test_on_postgresql_nothing_is_excused_for_the_database(database: str) -> None:
    assert excuses("orm_read", database=database) == {"orm_read": {}}


def test_only_variants_that_were_asked_for_are_excused() -> None:
    assert excuses("orm_read", contenders=("sync@uvicorn",), database="sqlite") == {"orm_read": {}}


def test_a_sweep_over_waits_draws_the_same_requests_for_each() -> None:
    (workload,) = build_plan(["slow_io"], ["async@uvicorn"], sweep=Sweep(Axis.WAIT, (1.0, 20.0))).workloads
    low, high = Point(Axis.WAIT, 1.0), Point(Axis.WAIT, 20.0)
    assert list(workload.exchanges) == [low, high]
    assert [one.query for one in workload.exchanges[low]] != [one.query for one in workload.exchanges[high]]
    assert {one.query.partition("&wait=")[2] for one in workload.exchanges[high]} == {"20"}
    assert workload.wait_ms == 50.0, "the card's own stays what it is"


@pytest.mark.parametrize("axis", [Axis.WORKERS, Axis.THREADS])
def test_a_sweep_over_something_else_keeps_the_cards_wait(axis: Axis) -> None:
    (workload,) = build_plan(["slow_io"], ["sync@gunicorn-threads"], sweep=Sweep(axis, (1.0, 2.0))).workloads
    assert (list(workload.exchanges), workload.wait_ms) == ([Point()], 50.0)


def test_a_scenario_that_does_not_wait_has_no_wait_to_sweep() -> None:
    with pytest.raises(UsageError, match="plaintext does not wait, so there is no wait to sweep") as caught:
        build_plan(["slow_io", "plaintext"], sweep=Sweep(Axis.WAIT, (1.0, 2.0)))
    assert caught.value.hint.startswith("scenarios that do: fan_out, ")
    assert "slow_io" in caught.value.hint
    assert "plaintext" not in caught.value.hint
    assert build_plan(["plaintext"], sweep=Sweep(Axis.WORKERS, (1.0, 2.0)))


@pytest.mark.parametrize(
    ("scenario", "longest_ms", "hint"),
    [("fan_out", 50.0, "its answer has a deadline of its own"), ("slow_io", 5000.0, "ask for less")],
)
def test_a_wait_may_be_as_long_as_the_card_allows(scenario: str, longest_ms: float, hint: str) -> None:
    assert build_plan([scenario], ["async@uvicorn"], sweep=Sweep(Axis.WAIT, (1.0, longest_ms)))
    with pytest.raises(
        UsageError, match=f"{scenario} can wait {longest_ms:g} ms at most, not {longest_ms + 1:g}"
    ) as it:
        build_plan([scenario], ["async@uvicorn"], sweep=Sweep(Axis.WAIT, (1.0, longest_ms + 1)))
    assert it.value.hint == hint


def test_a_timeout_within_which_nobody_can_answer_is_refused() -> None:
    with pytest.raises(UsageError, match=r"fan_out's sync waits 0\.2 s by itself, .* --timeout 0\.2") as caught:
        build_plan(["fan_out"], ["sync@uvicorn"], timeout_s=0.2)
    assert caught.value.hint == "give it several times that, like --timeout 1"
    assert build_plan(["fan_out"], ["sync@uvicorn"], timeout_s=0.21)
    assert build_plan(["fan_out"], ["async@uvicorn"], timeout_s=0.2), "who waits only once"


def test_the_longest_wait_of_a_sweep_decides_about_the_timeout() -> None:
    with pytest.raises(UsageError, match=r"slow_io's async waits 2 s by itself"):
        build_plan(["slow_io"], ["async@uvicorn"], timeout_s=2.0, sweep=Sweep(Axis.WAIT, (1.0, 2000.0)))


def test_who_is_excused_may_wait_as_long_as_it_likes(monkeypatch: pytest.MonkeyPatch) -> None:
    slow = Variant("async", needs_postgresql=True, waits=100)
    waiting = replace(card(Variant("sync", waits=1), slow), wait_ms=50.0)
    monkeypatch.setattr("apps.scenarios.planning.scenarios", lambda: {"plaintext": waiting})
    names = (["plaintext"], ["sync@uvicorn", "async@uvicorn"])
    assert build_plan(*names, timeout_s=1.0, database="sqlite")
    with pytest.raises(UsageError, match="async waits 5 s"):
        build_plan(*names, timeout_s=1.0)


def test_no_server_is_excused_from_a_sweep() -> None:
    contenders = ("aiohttp@aiohttp", "async@uvicorn", "sync@gunicorn-sync", "sync@gunicorn-threads")
    for axis in (Axis.WORKERS, Axis.THREADS, Axis.WAIT):
        assert excuses("slow_io", contenders=contenders, sweep=Sweep(axis, (1.0, 2.0))) == {"slow_io": {}}


@pytest.mark.parametrize(
    ("contenders", "options", "said"),
    [
        (("async@uvicorn",), {"sweep": Sweep(Axis.THREADS, (2.0, 4.0))}, "--sweep threads changes nothing here"),
        (("async@uvicorn", "sync@gunicorn-sync"), {"threads": 8}, "--threads changes nothing here"),
    ],
)
def test_an_option_about_what_no_contender_can_set_is_refused(
    contenders: tuple[str, ...], options: dict[str, Any], said: str
) -> None:
    with pytest.raises(UsageError, match=said) as caught:
        build_plan(["slow_io"], contenders, **options)
    assert "gunicorn-threads" in caught.value.hint
    build_plan(["slow_io"], (*contenders, "sync@gunicorn-threads"), **options)


def test_an_open_loop_has_longer_windows_unless_told_otherwise() -> None:
    assert build_plan(["plaintext"]).duration_s == 0.5
    assert build_plan(["plaintext"], rates_per_s=(10.0,)).duration_s == OPEN_DURATION_S
    assert build_plan(["plaintext"], rates_per_s=(100.0,), duration_s=0.3).duration_s == 0.3


def test_a_window_needs_arrivals_enough() -> None:
    with pytest.raises(UsageError, match="less than 20 arrivals") as caught:
        build_plan(["plaintext"], rates_per_s=(10.0,), duration_s=0.3)
    assert "--duration 2 or more" in caught.value.hint
