"""Ten milliseconds of Python, async in name only: nothing here can be awaited."""

from django.http import HttpRequest, JsonResponse

from apps.scenarios.cpu_bound import work


async def view(request: HttpRequest) -> JsonResponse:
    seed = work.seed(request.GET)
    if seed is None:
        return JsonResponse(work.BAD_SEED, status=400)
    value = work.compute(seed)
    return JsonResponse(work.answer(seed, value))
