"""Ten calls at once, async, with aiohttp's own client: the aiohttp service's calls inside Django."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from django.core.handlers.asgi import ASGIRequest
from django.http import JsonResponse

from apps.scenarios.fan_out import work
from apps.scenarios.fan_out.aiohttp_client import fetch_leg, open_session

STATE = "fan_out_session"


@asynccontextmanager
async def lifespan(state: dict[str, Any]) -> AsyncIterator[None]:
    """One session per process."""
    async with open_session() as session:
        state[STATE] = session
        yield


async def view(request: ASGIRequest) -> JsonResponse:
    book = work.book_id(request.GET)
    if book is None:
        return JsonResponse(work.BAD_BOOK, status=400)
    session = getattr(request, "scope", {}).get("state", {}).get(STATE)
    if session is None:
        return JsonResponse(work.NO_LIFESPAN, status=501)
    deadline_s = asyncio.get_running_loop().time() + work.DEADLINE_S
    legs = await asyncio.gather(*(fetch_leg(session, service, book, deadline_s) for service in work.SERVICES))
    return JsonResponse(work.page(book, legs))
