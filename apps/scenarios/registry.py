"""Finds scenarios: every folder beside this file that has a ``scenario.py``. Touches neither settings nor models."""

from __future__ import annotations

import importlib
from functools import cache
from pathlib import Path
from types import ModuleType

from apps.scenarios.contract import Scenario, Variant

PACKAGE = __name__.rpartition(".")[0]
FOLDER = Path(__file__).parent


def names() -> list[str]:
    """Every scenario's name, in alphabetical order: that of its folder."""
    return sorted(path.parent.name for path in FOLDER.glob("*/scenario.py"))


@cache
def scenario(name: str) -> Scenario:
    """One card; no other is loaded for it."""
    card: Scenario = importlib.import_module(f"{PACKAGE}.{name}.scenario").SCENARIO
    if card.name != name:
        raise ValueError(f"{FOLDER / name}/scenario.py names its scenario {card.name!r}; its folder says {name!r}")
    return card


@cache
def scenarios() -> dict[str, Scenario]:
    """Every card by its name, in alphabetical order."""
    return {name: scenario(name) for name in names()}


def view_module(scenario: Scenario, variant: Variant) -> ModuleType:
    """The module with a variant's ``view``; Django views need settings, so this is for servers and checks only."""
    return importlib.import_module(f"{PACKAGE}.{scenario.name}.{variant.module}")
