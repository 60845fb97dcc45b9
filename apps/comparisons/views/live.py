"""The live race: chosen in a form, carried out by a child ``runbench``, looked on at by anybody."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from http import HTTPStatus
from typing import Any

from django.contrib.auth.models import User
from django.core.exceptions import PermissionDenied
from django.core.handlers.asgi import ASGIRequest
from django.db.models import Prefetch
from django.http import HttpRequest, HttpResponse, HttpResponseBase, StreamingHttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.http import urlencode
from django.views.decorators.http import require_GET

from apps.comparisons.views.errors import Link, NotThere, bad_request, post_only, safe_only
from apps.results import races
from apps.results.following import Full, follow
from apps.results.models import Race, RaceEvent
from apps.results.race_limits import (
    CONCURRENCIES,
    LEAST_CONTENDERS,
    LEAST_ROUNDS,
    LONGEST_S,
    MOST_CONTENDERS,
    MOST_ROUNDS,
    USUAL_ROUNDS,
    Offer,
    offers,
    read_order,
)
from apps.results.race_state import RaceState
from apps.results.reports import report_of
from benchmarks.exceptions import RecordError, UsageError

LAST_RACES = 8
FIRST_SCENARIO = "fan_out"
MOST_DIGITS = 18  # of a key that any database can hold
HOW_TO_SIGN_IN = "make serve prints a link that signs you in, and so does python manage.py signinlink"
NEEDS_ASGI = (
    "A race is followed through a stream that stays open, and this server speaks WSGI: each stream would hold one of "
    "its processes or threads. Serve the pages with: uvicorn project.asgi:application"
)


@safe_only
def live(request: HttpRequest) -> HttpResponse:
    """The form for those who may start a race, the one that is going on, and the last ones.

    ``?scenario=…&contender=…&contender=…&concurrency=…&rounds=…`` fills the form in, as far as it goes.
    """
    asked = request.GET.get("scenario", "")
    if asked and asked not in offers():
        return bad_request(request, f"There is no scenario “{asked[:60]}” to race: {', '.join(offers())}.", back="live")
    running = races.running()
    allowed = request.user.has_perm(races.PERMISSION)
    context = {
        "section": "live",
        "running": running,
        "allowed": allowed,
        "signed_in": request.user.is_authenticated,
        "permission": races.PERMISSION,
        "last": _last(),
        **(_form(request) if allowed and running is None else {}),
    }
    return render(request, "comparisons/live.html", context)


def _last() -> list[tuple[Race, dict[str, Any]]]:
    """The last races that are over, each with what it ended in."""
    ends = Prefetch("events", RaceEvent.objects.filter(kind=races.END), to_attr="ends")
    found = Race.objects.filter(active=None).select_related("run").prefetch_related(ends)[:LAST_RACES]
    return [(race, race.ends[0].content if race.ends else {}) for race in found]


def _form(request: HttpRequest) -> dict[str, Any]:
    chosen, rounds = _chosen(request), request.GET.get("rounds", "")
    possible = range(LEAST_ROUNDS, MOST_ROUNDS + 1)
    return {
        "offers": offers().values(),
        "chosen": chosen,
        "chosen_rounds": int(rounds) if rounds in map(str, possible) else USUAL_ROUNDS,
        "concurrencies": CONCURRENCIES,
        "rounds": possible,
        "least": LEAST_CONTENDERS,
        "most": MOST_CONTENDERS,
        "longest_s": LONGEST_S,
    }


def _chosen(request: HttpRequest) -> Offer:
    """What the form begins with: what the address says, where that is possible."""
    known, given = offers(), request.GET
    offer = known.get(given.get("scenario", "")) or known.get(FIRST_SCENARIO) or next(iter(known.values()))
    ticked = tuple(name for name in offer.contenders if name in given.getlist("contender"))
    concurrency = given.get("concurrency", "")
    return replace(
        offer,
        ticked=ticked or offer.ticked,
        concurrency=int(concurrency) if concurrency in map(str, CONCURRENCIES) else offer.concurrency,
    )


@post_only
def start(request: HttpRequest) -> HttpResponse:
    """Start a race and go to its page; every reason why not has a page of its own."""
    user = _starter(request)
    given = request.POST
    try:
        order = read_order(
            given.get("scenario", ""), given.getlist("contender"), given.get("concurrency", ""), given.get("rounds", "")
        )
    except UsageError as error:
        return bad_request(request, f"{error}: {error.hint}.", back="live")
    try:
        return redirect("race", races.begin(order, user).pk)
    except races.Busy as busy:
        back = reverse("race", args=[busy.race]) if busy.race else "live"
        back = reverse("run", args=[busy.run]) if busy.run else back
        return bad_request(request, f"{busy}.".capitalize(), HTTPStatus.CONFLICT, back)
    except races.TooMany as error:
        response = bad_request(request, f"{error}.".capitalize(), HTTPStatus.TOO_MANY_REQUESTS, "live")
        response["Retry-After"] = str(error.retry_after_s)
        return response


@safe_only
def race(request: HttpRequest, pk: int) -> HttpResponse:
    """One race: while it goes on its figures move, afterwards they stand."""
    races.settle()
    found = _race(pk)
    state = RaceState.of(found, RaceEvent.objects.filter(race=found))
    context = {
        "section": "live",
        "race": found,
        "offer": offers().get(found.asked["scenario"]),
        "state": state,
        "chart": state.chart(),
        "allowed": request.user.has_perm(races.PERMISSION),
        "report": _report(found),
        "again": _again(found.asked),
    }
    return render(request, "comparisons/race.html", context)


def _again(asked: dict[str, Any]) -> str:
    """The query that fills the form in with the same race."""
    words = {"contender": asked["contenders"], **{name: asked[name] for name in ("scenario", "concurrency", "rounds")}}
    return urlencode(words, doseq=True)


@post_only
def stop(request: HttpRequest, pk: int) -> HttpResponse:
    """Interrupt a race; what was measured until then is kept."""
    _starter(request)
    found = _race(pk)
    try:
        races.stop(found)
    except races.Refused as error:
        return bad_request(request, f"{error}.".capitalize(), HTTPStatus.CONFLICT, reverse("race", args=[pk]))
    return redirect("race", pk)


@require_GET
async def events(request: HttpRequest, pk: int) -> HttpResponseBase:
    """What happens in a race, as server-sent events; who was cut off says what he heard last and catches up."""
    if not isinstance(request, ASGIRequest):
        return HttpResponse(NEEDS_ASGI, content_type="text/plain", status=HTTPStatus.NOT_IMPLEMENTED)
    if _foreign(request):
        return HttpResponse("only this site's own pages look on\n", "text/plain", HTTPStatus.FORBIDDEN)
    found = await Race.objects.filter(pk=pk).afirst()
    if found is None:
        raise _no_race(pk)
    after = _key(request.headers.get("Last-Event-ID", "")) or _key(request.GET.get("after", ""))
    if found.active is None and not await RaceEvent.objects.filter(race=pk, pk__gt=after).aexists():
        return HttpResponse(status=HTTPStatus.NO_CONTENT)  # all was heard: a browser does not come again
    try:
        stream = await follow(pk, after)
    except Full:
        return HttpResponse(
            "too many look on already\n", "text/plain", HTTPStatus.SERVICE_UNAVAILABLE, headers={"Retry-After": "5"}
        )
    return StreamingHttpResponse(
        stream,
        content_type="text/event-stream",
        headers={"Cache-Control": "no-cache", "X-Accel-Buffering": "no"},
    )


def _starter(request: HttpRequest) -> User:
    """Who may start and stop races. Raises PermissionDenied, which says how one becomes that."""
    user = request.user
    if not user.is_authenticated:
        raise PermissionDenied(f"Only those who have signed in can start or stop a race: {HOW_TO_SIGN_IN}.")
    if not user.has_perm(races.PERMISSION):
        raise PermissionDenied(f"{user.get_username()} may look on, but has no permission {races.PERMISSION}.")
    return user


def _race(pk: int) -> Race:
    found = Race.objects.select_related("run", "started_by").filter(pk=pk).first() if pk < 10**MOST_DIGITS else None
    if found is None:
        raise _no_race(pk)
    return found


def _no_race(pk: int) -> NotThere:
    return NotThere(f"There is no race {pk}.", [Link(reverse("live"), "the race that is going on, and the last ones")])


def _report(found: Race) -> dict[str, Any] | None:
    """What the finished run says, in sentences."""
    if found.active or found.run is None:
        return None
    with suppress(RecordError):  # its run's page tells that
        return report_of(found.run, found.asked["scenario"])
    return None


def _foreign(request: HttpRequest) -> bool:
    """Whether a page of another site asks: it must not hold streams open in a visitor's name."""
    if request.headers.get("Sec-Fetch-Site", "none") not in ("same-origin", "none"):
        return True
    origin = request.headers.get("Origin")
    return origin is not None and origin != f"{request.scheme}://{request.get_host()}"


def _key(text: str) -> int:
    """An event's key; 0, before all of them, for what is none."""
    return int(text) if text.isascii() and text.isdigit() and len(text) <= MOST_DIGITS else 0
