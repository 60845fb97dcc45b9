"""Five queries or five calls, sync: one after another."""

from time import monotonic
from typing import Any

from django.http import HttpRequest, JsonResponse

from apps.catalog.models import Book
from apps.catalog.postgresql_only import unless_postgresql
from apps.scenarios.fan_out.sync_view import fetch_leg
from apps.scenarios.gather_truth import work
from apps.scenarios.slow_query.expressions import PgSleep


def fetch_fact(column: str, order: work.Order) -> dict[str, Any] | None:
    sleep = PgSleep(order.wait_ms / 1000)
    row = Book.objects.filter(pk=order.book).values_list(column, sleep).first()
    return None if row is None else work.fact(column, row[0])


def view(request: HttpRequest) -> JsonResponse:
    order = work.order(request.GET)
    if order is None:
        return JsonResponse(work.BAD_ORDER, status=400)
    if order.of == work.CALLS:
        deadline_s = monotonic() + work.DEADLINE_S
        legs = [fetch_leg(service, order.book, deadline_s) for service in work.SERVICES]
        return JsonResponse(work.page(order.book, legs))
    if refusal := unless_postgresql(work.FEATURE):
        return refusal
    facts = [fetch_fact(column, order) for column in work.COLUMNS]
    if None in facts:
        return JsonResponse(work.NO_BOOK, status=404)
    return JsonResponse(work.page(order.book, facts))
