"""Five queries or five calls, async: awaited one after another."""

import asyncio

from django.core.handlers.asgi import ASGIRequest
from django.http import JsonResponse

from apps.catalog.postgresql_only import unless_postgresql
from apps.scenarios.fan_out.async_view import STATE, fetch_leg, lifespan
from apps.scenarios.gather_truth import work
from apps.scenarios.gather_truth.async_view import fetch_fact

__all__ = ["lifespan", "view"]


async def view(request: ASGIRequest) -> JsonResponse:
    order = work.order(request.GET)
    if order is None:
        return JsonResponse(work.BAD_ORDER, status=400)
    if order.of == work.CALLS:
        client = getattr(request, "scope", {}).get("state", {}).get(STATE)
        if client is None:
            return JsonResponse(work.NO_LIFESPAN, status=501)
        deadline_s = asyncio.get_running_loop().time() + work.DEADLINE_S
        legs = [await fetch_leg(client, service, order.book, deadline_s) for service in work.SERVICES]
        return JsonResponse(work.page(order.book, legs))
    if refusal := unless_postgresql(work.FEATURE):
        return refusal
    facts = [await fetch_fact(column, order) for column in work.COLUMNS]
    if None in facts:
        return JsonResponse(work.NO_BOOK, status=404)
    return JsonResponse(work.page(order.book, facts))
