"""System checks: a card that leaves a variant out in silence, or a view that is not there."""

from __future__ import annotations

import importlib.util
import inspect
from collections.abc import Callable
from typing import Any

from django.core.checks import CheckMessage, Error, register

from apps.scenarios.contract import STANDARD_VARIANTS, Scenario, Variant
from apps.scenarios.registry import PACKAGE, scenarios, view_module


@register("scenarios")
def check_scenarios(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    """All cards."""
    return [message for card in scenarios().values() for message in check_card(card)]


def check_card(card: Scenario) -> list[CheckMessage]:
    """Errors of one card."""
    messages: list[CheckMessage] = []
    names = [variant.name for variant in card.variants]
    messages += [
        Error(
            f"Scenario {card.name} has no variant {name} and does not say why.",
            hint=f'Write {name}_view.py, or declare Variant("{name}", not_applicable="the reason").',
            id="scenarios.E001",
        )
        for name in STANDARD_VARIANTS
        if name not in names
    ]
    messages += [
        Error(f"Scenario {card.name} declares variant {name} twice.", id="scenarios.E002")
        for name in sorted({name for name in names if names.count(name) > 1})
    ]
    for variant in card.applicable:
        messages += _check_view(card, variant)
    return messages


def _check_view(card: Scenario, variant: Variant) -> list[CheckMessage]:
    if importlib.util.find_spec(f"{PACKAGE}.{card.name}.{variant.module}") is None:
        hint = "Write it, or give the reason with not_applicable."
        return [Error(f"Scenario {card.name} has no {variant.module}.py.", hint=hint, id="scenarios.E003")]
    view: Callable[..., Any] | None = getattr(view_module(card, variant), "view", None)
    if view is None:
        return [Error(f"{card.name}/{variant.module}.py has no function named view.", id="scenarios.E004")]
    is_async = inspect.iscoroutinefunction(view)
    if variant.name in STANDARD_VARIANTS and is_async is (variant.name == "sync"):
        kind = "a coroutine function" if is_async else "a plain function"
        return [
            Error(f"{card.name}/{variant.module}.py: view is {kind}, its name promises other.", id="scenarios.E005")
        ]
    return []
