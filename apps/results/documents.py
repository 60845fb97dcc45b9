"""``docs/scenarios/`` and ``docs/claims.md``: made from the cards and one stored run, never written by hand."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from apps.scenarios.claims import CLAIMS, findings
from apps.scenarios.contract import Scenario, Variant
from apps.scenarios.evidence import Finding
from apps.scenarios.hops import Hops, hops_of
from apps.scenarios.registry import scenarios
from benchmarks.axes import plain
from benchmarks.load.specs import Expectation
from benchmarks.record import RunRecord
from benchmarks.reports.markdown import scenario as figures_of
from benchmarks.reports.markdown import table
from benchmarks.reports.tables import tabulate

MADE = "<!-- Made by `manage.py writedocs` from {}; edit that instead. -->"


def documents(run: RunRecord) -> dict[str, str]:
    """Path below ``docs/`` → text."""
    found = findings(run)
    pages = {f"scenarios/{card.name}.md": _scenario(card, run, found) for card in scenarios().values()}
    pages["scenarios/README.md"] = _index()
    pages["claims.md"] = _claims(run, found)
    return {path: "\n\n".join(paragraphs) + "\n" for path, paragraphs in pages.items()}


def _index() -> Iterator[str]:
    yield MADE.format("the cards")
    yield "# Scenarios"
    yield "One workload each, that answers one question; the same work in every variant, proved before it is measured."
    yield table(
        ("scenario", "question", "claims"),
        ((f"[{card.name}]({card.name}.md)", card.question, _links(card.claims)) for card in scenarios().values()),
        keys=3,
    )
    yield "How they are measured: [method](../method.md). What became of the claims: [claims](../claims.md)."


def _scenario(card: Scenario, run: RunRecord, found: Mapping[str, Finding]) -> Iterator[str]:
    yield MADE.format(f"`apps/scenarios/{card.name}/scenario.py` and the reference run")
    yield f"# {card.name}: {_lower(card.title)}"
    yield f"**{card.question}**"
    yield card.look_for
    yield "## What it is about"
    yield "\n".join(f"- {_links([name])}: {CLAIMS[name].text} *{found[name].state}*" for name in card.claims)
    yield "## Its variants"
    hops = {one.variant: one for one in hops_of(card)}
    headings = ("variant", "what it does", "waits", "hops", "on uvicorn", "on uvicorn-fastlane")
    yield table(headings, (_variant(variant, hops.get(variant.name)) for variant in card.variants), keys=2)
    yield (
        "waits: how many of its waits a request spends one after the other, the basis of its ceiling. hops: how often "
        "its view goes from the event loop to a thread; beside it how often a request does in all, with the seven "
        "middlewares of startproject, on stock Django (uvicorn) and on the fast lane (uvicorn-fastlane). A test counts "
        "them. Threads (gunicorn-threads) have no loop, so nothing hops there."
    )
    yield from _work(card)
    yield "## Run it"
    yield f"```sh\npython manage.py runbench {card.name}\n```"
    yield from _figures(card, run)


def _variant(variant: Variant, hops: Hops | None) -> tuple[str, ...]:
    if variant.not_applicable:
        return (variant.name, f"not applicable: {variant.not_applicable}", "–", "–", "–", "–")
    whole = (str(hops.stock), str(hops.fastlane)) if hops else ("–", "–")
    return (variant.name, variant.summary, str(variant.waits), str(variant.hops), *whole)


def _work(card: Scenario) -> Iterator[str]:
    """What a request costs behind the server, and what it may ask for."""
    query = f"?{card.example}" if card.example else ""
    yield f"A request: `{card.method} /{card.name}/<variant>/{query}`, in every variant with the same answer."
    costs = {_behind(exchange.expectation): None for exchange in card.draw(1)}
    yield "Behind the server, counted there: " + "; ".join(costs) + "."
    if card.audit:
        yield "After every round an audit of the database has to find nothing wrong."
    if card.settings:
        rows = (
            (f"`{one.name}`", plain(one.value), f"{plain(one.least)} to {plain(one.most)}", one.summary)
            for one in card.settings.values()
        )
        yield table(("setting", "value", "range", "what it is"), rows, keys=4)
    if card.malformed:
        shown = ", ".join(f"`{query or '(no query)'}`" for query in card.malformed)
        yield f"Answered with 400 and one reason by every variant: {shown}."


def _behind(expected: Expectation) -> str:
    counted = {
        "statement": expected.statements,
        "upstream call": expected.upstream_calls,
        "cache command (with a Redis)": expected.cache_commands,
    }
    words = [f"{count} {name if count == 1 else _plural(name)}" for name, count in counted.items() if count]
    return f"{' and '.join(words) or 'nothing'} for status {expected.status}"


def _plural(name: str) -> str:
    noun, blank, rest = name.partition(" (")
    return f"{noun}s{blank}{rest}"


def _figures(card: Scenario, run: RunRecord) -> Iterator[str]:
    yield "## Measured"
    stored = next((entry for entry in run.scenarios if entry.name == card.name), None)
    if stored is None:
        yield "It is not in the reference run."
        return
    yield _machine(run)
    yield from (note for note in run.notes if note.split(" ")[0].rstrip(":") == card.name)
    yield from figures_of(tabulate(run, stored))


def _claims(run: RunRecord, found: Mapping[str, Finding]) -> Iterator[str]:
    yield MADE.format("`apps/scenarios/claims.py` and the reference run")
    yield "# The essay's claims"
    yield (
        'The project grew out of a short essay, "Django vs Aiohttp", written when Django 3 had just gained async '
        "views. None of its claims is repeated as true: each is measured, or said not to be. Rules: "
        "`apps/scenarios/judging.py`."
    )
    yield _machine(run)
    rows = ((f"[{name}](#{name.lower()})", claim.text, f"**{found[name].state}**") for name, claim in CLAIMS.items())
    yield table(("", "claim", "today"), rows, keys=3)
    for name, claim in CLAIMS.items():
        yield f"## {name}"
        yield f"> {claim.text}"
        yield f"**{_upper(found[name].state)}** {found[name].numbers}"
        if found[name].details:
            yield "\n".join(f"- {line}" for line in found[name].details)
        yield from _pages("Judged from", claim.judged_from)
        more = [card.name for card in scenarios().values() if name in card.claims]
        yield from _pages("More about it", [scenario for scenario in more if scenario not in claim.judged_from])


def _pages(what: str, names: Iterable[str]) -> Iterator[str]:
    if links := ", ".join(f"[{name}](scenarios/{name}.md)" for name in names):
        yield f"{what}: {links}."


def _machine(run: RunRecord) -> str:
    """Where the figures come from: they belong to a machine."""
    told: Mapping[str, Any] = run.environment
    packages = told.get("packages", {})
    versions = ", ".join(f"{name} {packages[name]}" for name in ("django", "uvicorn", "aiohttp") if name in packages)
    options = run.options
    profile = options.get("profile")
    asked = f"--profile {profile}" if profile else " ".join(card.name for card in run.scenarios)
    return (
        f"Figures of one run of {run.started_at[:10]} (`runbench {asked}`, seed {run.seed}, "
        f"{options.get('rounds')} rounds of {options.get('duration_s')} s), {told.get('cpu')}, "
        f"{told.get('cpu_count')} CPUs, Python {told.get('python')}, {versions}. "
        "Yours will differ: ratios travel better than rates."
    )


def _links(claims: Iterable[str]) -> str:
    return ", ".join(f"[{name}](../claims.md#{name.lower()})" for name in claims)


def _lower(text: str) -> str:
    return text[0].lower() + text[1:]


def _upper(text: str) -> str:
    return f"{text[0].upper()}{text[1:].removesuffix(' …')}{'…' if text.endswith('…') else '.'}"
