"""One row, async."""

from django.http import HttpRequest, JsonResponse

from apps.catalog.models import Book
from apps.scenarios.one_row import work


async def view(request: HttpRequest) -> JsonResponse:
    number = work.book_id(request.GET)
    if number is None:
        return JsonResponse(work.BAD_BOOK, status=400)
    try:
        book = await Book.objects.aget(pk=number)
    except Book.DoesNotExist:
        return JsonResponse(work.NO_BOOK, status=404)
    return JsonResponse(work.answer(book))
