"""What a setting or a middleware costs a contender, in sentences."""

from __future__ import annotations

from collections.abc import Iterator

from benchmarks.load.specs import Model
from benchmarks.record import RunRecord
from benchmarks.reports import figures
from benchmarks.stats.effects import Effect, Slope, middleware_effects, setting_effects, slopes


def effect_sentences(run: RunRecord, scenario: str) -> list[str]:
    """Each contender beside itself: over a setting, over middlewares, and per unit of what the card asks about."""
    costs = slopes(run, scenario)
    unit = "of the speed, by median latency" if run.options.get("load") == Model.OPEN else "of the requests/s"
    effects = [] if costs else setting_effects(run, scenario)
    said = [
        *map(slope_sentence, costs),
        *(effect_sentence(f"{one.contender} at {one.load}", one, unit) for one in effects),
        *(effect_sentence(f"At {one.load}", one, unit) for one in middleware_effects(run, scenario)),
    ]
    return [sentence for sentence in said if sentence]


def slope_sentence(slope: Slope) -> str:
    bounds = f" ({slope.low_us:.0f}–{slope.high_us:.0f})" if slope.trusted else ""
    unit = slope.unit.removesuffix("s")
    if slope.trusted and slope.low_us <= 0 <= slope.high_us:
        return f"{slope.contender} at {slope.load}: no cost of a {unit} is seen in the server's CPU time."
    return (
        f"{slope.contender} at {slope.load}: each {unit} costs {slope.cpu_us:.0f} µs{bounds} of the server's CPU time."
    )


def effect_sentence(subject: str, effect: Effect, unit: str = "of the requests/s") -> str:
    """Empty where nothing is known."""
    parts = "; ".join(_parts(effect, unit))
    return f"{subject}: {effect.after} against {effect.before}: {parts}." if parts else ""


def _parts(effect: Effect, unit: str) -> Iterator[str]:
    if effect.ratio is not None:
        seen = "" if effect.ratio.different else ", no difference seen" if effect.ratio.trusted else ", too few rounds"
        yield f"{figures.ratio(effect.ratio)} {unit}{seen}"
    for name, (before_ms, after_ms) in effect.p99_ms.items():
        if before_ms is not None and after_ms is not None:
            yield f"p99 of the {name} {figures.milliseconds(before_ms)} → {figures.milliseconds(after_ms)} ms"
    before_ms, after_ms = effect.cpu_ms
    if before_ms is not None and after_ms is not None and not effect.p99_ms:
        yield f"CPU per request {figures.milliseconds(before_ms)} → {figures.milliseconds(after_ms)} ms"
