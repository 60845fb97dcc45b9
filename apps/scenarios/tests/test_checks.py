"""System checks of the cards."""

from __future__ import annotations

import importlib
import random
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from django.core.checks import run_checks

from apps.scenarios import checks, registry
from apps.scenarios.checks import check_card, check_scenarios
from apps.scenarios.contract import Exchange, Scenario, Variant
from benchmarks.servers.base import Interface

PACKAGE = "handmade_scenarios"
PLAIN, COROUTINE = "def view(request): ...\n", "async def view(request): ...\n"
RIGHT = {"sync": PLAIN, "async": COROUTINE, "wrapped": COROUTINE, "aiohttp": COROUTINE}

Check = Callable[..., list[tuple[str, str]]]


def exchange(dice: random.Random, wait_ms: float) -> Exchange:
    return Exchange()


@pytest.fixture
def check(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Check]:
    """Checks a card ``shop`` with these variants over a folder with these views; gives (id, message) pairs."""
    monkeypatch.syspath_prepend(tmp_path)
    for module in (checks, registry):
        monkeypatch.setattr(module, "PACKAGE", PACKAGE)
    folder = tmp_path / PACKAGE / "shop"
    folder.mkdir(parents=True)

    def checked(*variants: Variant, views: dict[str, str] = RIGHT) -> list[tuple[str, str]]:
        for path in (folder.parent / "__init__.py", folder / "__init__.py"):
            path.touch()
        for name, source in views.items():
            (folder / f"{name}_view.py").write_text(source)
        importlib.invalidate_caches()
        card = Scenario("shop", "Shop", "Open?", ("C1",), "", variants or tuple(map(Variant, RIGHT)), exchange)
        return [(message.id, message.msg) for message in check_card(card)]

    yield checked
    for name in [name for name in sys.modules if name.partition(".")[0] == PACKAGE]:
        del sys.modules[name]


def variants(**changes: Variant) -> list[Variant]:
    return [changes.get(name, Variant(name)) for name in RIGHT]


def without(*names: str) -> dict[str, str]:
    return {name: source for name, source in RIGHT.items() if name not in names}


def test_the_projects_own_cards_are_right() -> None:
    assert check_scenarios(None) == []


def test_the_check_runs_with_djangos_own(monkeypatch: pytest.MonkeyPatch) -> None:
    card = Scenario(
        "shop", "Shop", "Open?", (), "", tuple(Variant(name, not_applicable="no") for name in RIGHT), exchange
    )
    monkeypatch.setattr(
        checks, "scenarios", lambda: {"shop": card, "bar": Scenario("bar", "", "", (), "", (), exchange)}
    )
    assert [message.id for message in run_checks(tags=["scenarios"])] == ["scenarios.E001"] * 4


def test_a_complete_card_has_no_errors(check: Check) -> None:
    assert check() == []


def test_a_standard_variant_left_out_in_silence_is_an_error(check: Check) -> None:
    left = [variant for variant in variants() if variant.name != "wrapped"]
    assert check(*left) == [("scenarios.E001", "Scenario shop has no variant wrapped and does not say why.")]


def test_a_standard_variant_left_out_with_a_reason_is_none(check: Check) -> None:
    excused = variants(wrapped=Variant("wrapped", not_applicable="there is nothing to wrap"))
    assert check(*excused, views=without("wrapped")) == []


def test_a_variant_declared_twice_is_an_error(check: Check) -> None:
    twice = [*variants(), Variant("sync"), Variant("sync")]
    assert check(*twice) == [("scenarios.E002", "Scenario shop declares variant sync twice.")]


def test_a_variant_without_its_file_is_an_error(check: Check) -> None:
    assert check(views=without("async")) == [("scenarios.E003", "Scenario shop has no async_view.py.")]


def test_a_further_variant_needs_its_file_too(check: Check) -> None:
    found = check(*variants(), Variant("sync-stream"))
    assert found == [("scenarios.E003", "Scenario shop has no sync_stream_view.py.")]


def test_a_file_without_a_view_is_an_error(check: Check) -> None:
    found = check(views={**RIGHT, "sync": "def show(request): ...\n"})
    assert found == [("scenarios.E004", "shop/sync_view.py has no function named view.")]


@pytest.mark.parametrize("name", RIGHT)
def test_a_view_of_the_other_kind_is_an_error(check: Check, name: str) -> None:
    kind, source = ("a plain function", PLAIN) if RIGHT[name] == COROUTINE else ("a coroutine function", COROUTINE)
    found = check(views={**RIGHT, name: source})
    assert found == [("scenarios.E005", f"shop/{name}_view.py: view is {kind}, its name promises other.")]


@pytest.mark.parametrize("source", [PLAIN, COROUTINE])
def test_a_further_variant_may_be_of_either_kind(check: Check, source: str) -> None:
    further = Variant("async-stream", interfaces=frozenset({Interface.ASGI}))
    assert check(*variants(), further, views={**RIGHT, "async_stream": source}) == []


def test_every_error_is_told_not_the_first_alone(check: Check) -> None:
    found = check(Variant("sync"), Variant("async"), Variant("aiohttp"), views=without("sync", "async"))
    assert [identity for identity, _ in found] == ["scenarios.E001", "scenarios.E003", "scenarios.E003"]
