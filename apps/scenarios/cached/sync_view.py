"""Three keys read, one written, sync."""

from typing import Any

from django.core.cache import cache
from django.http import HttpRequest, JsonResponse

from apps.scenarios.cached import work


def recall(fact: str, book: int) -> Any:
    key = work.key(fact, book)
    value = cache.get(key)
    if value is None:
        value = work.look_up(fact, book)
        cache.set(key, value, work.KEEP_S)
    return value


def view(request: HttpRequest) -> JsonResponse:
    order = work.order(request.GET)
    if order is None:
        return JsonResponse(work.BAD_ORDER, status=400)
    book, item = order
    facts = [recall(fact, book) for fact in work.FACTS]
    cache.set(work.key("seen", book), item, work.KEEP_S)
    return JsonResponse(work.page(book, item, facts))
