"""Three keys read, one written, async: each call of the cache goes to a thread and back."""

from typing import Any

from django.core.cache import cache
from django.http import HttpRequest, JsonResponse

from apps.scenarios.cached import work


async def recall(fact: str, book: int) -> Any:
    key = work.key(fact, book)
    value = await cache.aget(key)
    if value is None:
        value = work.look_up(fact, book)
        await cache.aset(key, value, work.KEEP_S)
    return value


async def view(request: HttpRequest) -> JsonResponse:
    order = work.order(request.GET)
    if order is None:
        return JsonResponse(work.BAD_ORDER, status=400)
    book, item = order
    facts = [await recall(fact, book) for fact in work.FACTS]
    await cache.aset(work.key("seen", book), item, work.KEEP_S)
    return JsonResponse(work.page(book, item, facts))
