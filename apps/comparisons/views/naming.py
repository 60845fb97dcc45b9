"""Names in URLs to what they name; unknown ones are a 404 that says what is close."""

from __future__ import annotations

from django.http import Http404

from apps.scenarios.contract import Scenario, Variant
from apps.scenarios.registry import scenarios
from benchmarks.exceptions import UnknownName
from benchmarks.plan import choose


def card_named(name: str) -> Scenario:
    """Raises Http404."""
    try:
        return scenarios()[choose("scenario", name[:LONGEST_NAME], scenarios())]
    except UnknownName as error:
        raise Http404(told(error)) from error


def variant_named(card: Scenario, name: str) -> Variant:
    """Raises Http404, for a variant that the scenario excuses with its reason."""
    excused = card.variant(name)
    if excused and excused.not_applicable:
        raise Http404(f"{card.name} has no variant {name}: {excused.not_applicable}")
    known = {variant.name: variant for variant in card.applicable}
    try:
        return known[choose("variant", name[:LONGEST_NAME], known)]
    except UnknownName as error:
        raise Http404(f"{card.name}: {told(error)}") from error


LONGEST_NAME = 60  # that is repeated to whoever asked


def told(error: UnknownName) -> str:
    return f"{error}: {error.hint}"
