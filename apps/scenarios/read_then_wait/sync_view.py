"""A row, then a wait, sync: the thread is held, and its connection with it."""

import time

from django.http import HttpRequest, JsonResponse

from apps.catalog.models import Book
from apps.scenarios.read_then_wait import work


def view(request: HttpRequest) -> JsonResponse:
    order = work.order(request.GET)
    if order is None:
        return JsonResponse(work.BAD_ORDER, status=400)
    number, wait_ms = order
    try:
        book = Book.objects.get(pk=number)
    except Book.DoesNotExist:
        return JsonResponse(work.NO_BOOK, status=404)
    time.sleep(wait_ms / 1000)
    return JsonResponse(work.answer(book.id, book.title, wait_ms))
