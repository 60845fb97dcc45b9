"""A book's page, async."""

from django.db.models import Avg
from django.http import HttpRequest, JsonResponse

from apps.catalog.models import Book
from apps.scenarios.orm_read import work


async def view(request: HttpRequest) -> JsonResponse:
    number = work.book_id(request.GET)
    if number is None:
        return JsonResponse(work.BAD_BOOK, status=400)
    try:
        book = await Book.objects.select_related("author").aget(pk=number)
    except Book.DoesNotExist:
        return JsonResponse(work.NO_BOOK, status=404)
    reviews = [review async for review in book.reviews.order_by("-created_on", "-id")[: work.LATEST]]
    rating = (await book.reviews.aaggregate(rating=Avg("stars")))["rating"]
    return JsonResponse(work.page(book, book.author.name, reviews, rating))
