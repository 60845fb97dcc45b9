"""One click on "try it": a variant is run here and now, and what happened is told as JSON."""

from __future__ import annotations

from http import HTTPStatus

from asgiref.sync import sync_to_async
from django.http import Http404, HttpRequest, JsonResponse
from django.views.decorators.http import require_POST

from apps.comparisons.in_process import Visitor
from apps.comparisons.trying import TIMES, Busy, attempt
from apps.comparisons.views.naming import card_named, variant_named
from apps.results import races
from benchmarks.exceptions import UsageError

REASON_TIMES = f"times is {' or '.join(map(str, TIMES))}"
REASON_MEASURED = "{} is going on, and whatever is tried beside it would disturb it: wait until it is over"
REASON_BUSY = "somebody else is trying something right now: one try at a time, wait a moment"


@require_POST
async def try_variant(request: HttpRequest, name: str, variant: str) -> JsonResponse:
    """Run a variant once, or ten at a time."""
    try:
        card = card_named(name)
        chosen = variant_named(card, variant)
    except Http404 as error:
        return JsonResponse({"error": str(error)}, status=404)
    times = request.POST.get("times", "1")
    if times not in map(str, TIMES):
        return JsonResponse({"error": REASON_TIMES}, status=400)
    if measured := await sync_to_async(races.measured_now)():
        return JsonResponse({"error": REASON_MEASURED.format(measured.what)}, status=HTTPStatus.CONFLICT)
    try:
        tried = await attempt(card, chosen, int(times), Visitor.of(request))
    except Busy:
        return JsonResponse({"error": REASON_BUSY}, status=429)
    except UsageError as error:
        return JsonResponse({"error": f"{error}: {error.hint}"}, status=500)
    return JsonResponse(tried.told())
