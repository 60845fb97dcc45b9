"""Finds scenarios: every folder beside this file that has a ``scenario.py``. Touches neither settings nor models."""

from __future__ import annotations

import importlib
from functools import cache
from pathlib import Path
from types import ModuleType

from apps.scenarios.contract import Scenario, Variant

PACKAGE = __name__.rpartition(".")[0]
FOLDER = Path(__file__).parent


@cache
def scenarios() -> dict[str, Scenario]:
    """Every card by its name, in alphabetical order; the name is the folder's."""
    cards = {}
    for path in sorted(FOLDER.glob("*/scenario.py")):
        name = path.parent.name
        card: Scenario = importlib.import_module(f"{PACKAGE}.{name}.scenario").SCENARIO
        if card.name != name:
            raise ValueError(f"{path} names its scenario {card.name!r}; its folder says {name!r}")
        cards[name] = card
    return cards


def view_module(scenario: Scenario, variant: Variant) -> ModuleType:
    """The module with a variant's ``view``; Django views need settings, so this is for servers and checks only."""
    return importlib.import_module(f"{PACKAGE}.{scenario.name}.{variant.module}")
