"""Five queries or five calls, async: gathered. The calls are at once, the queries are not."""

import asyncio
from typing import Any

from django.core.handlers.asgi import ASGIRequest
from django.http import JsonResponse

from apps.catalog.models import Book
from apps.catalog.postgresql_only import unless_postgresql
from apps.scenarios.fan_out.async_view import STATE, fetch_leg, lifespan
from apps.scenarios.gather_truth import work
from apps.scenarios.slow_query.expressions import PgSleep

__all__ = ["fetch_fact", "lifespan", "view"]


async def fetch_fact(column: str, order: work.Order) -> dict[str, Any] | None:
    sleep = PgSleep(order.wait_ms / 1000)
    row = await Book.objects.filter(pk=order.book).values_list(column, sleep).afirst()
    return None if row is None else work.fact(column, row[0])


async def view(request: ASGIRequest) -> JsonResponse:
    order = work.order(request.GET)
    if order is None:
        return JsonResponse(work.BAD_ORDER, status=400)
    if order.of == work.CALLS:
        client = getattr(request, "scope", {}).get("state", {}).get(STATE)
        if client is None:
            return JsonResponse(work.NO_LIFESPAN, status=501)
        deadline_s = asyncio.get_running_loop().time() + work.DEADLINE_S
        legs = await asyncio.gather(*(fetch_leg(client, service, order.book, deadline_s) for service in work.SERVICES))
        return JsonResponse(work.page(order.book, legs))
    if refusal := unless_postgresql(work.FEATURE):
        return refusal
    facts = await asyncio.gather(*(fetch_fact(column, order) for column in work.COLUMNS))
    if None in facts:
        return JsonResponse(work.NO_BOOK, status=404)
    return JsonResponse(work.page(order.book, facts))
