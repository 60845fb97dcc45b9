"""Ten calls at once, async."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import aiohttp
import httpx
from django.core.handlers.asgi import ASGIRequest
from django.http import JsonResponse
from httpx_aiohttp import AiohttpTransport

from apps.scenarios.fan_out import work

STATE = "fan_out_client"


@asynccontextmanager
async def lifespan(state: dict[str, Any]) -> AsyncIterator[None]:
    """One client per process. httpx's own pool scans all connections for every request; aiohttp's does not."""
    session = aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0))
    transport = AiohttpTransport(client=session)
    async with httpx.AsyncClient(transport=transport, trust_env=False, timeout=work.DEADLINE_S) as client:
        state[STATE] = client
        yield


async def fetch_leg(client: httpx.AsyncClient, service: str, book: int, deadline_s: float) -> dict[str, Any]:
    try:
        async with asyncio.timeout_at(deadline_s):
            response = await client.get(work.url(service, book))
            return work.leg(service, response.status_code, response.content)
    except TimeoutError:
        return work.error_leg(service, work.LATE)
    except (httpx.HTTPError, aiohttp.ClientError) as error:  # the transport calls a refused connection a timeout
        refused = isinstance(error.__cause__, aiohttp.ClientConnectorError)
        return work.error_leg(service, work.ABSENT if refused else work.BROKEN)


async def view(request: ASGIRequest) -> JsonResponse:
    book = work.book_id(request.GET)
    if book is None:
        return JsonResponse(work.BAD_BOOK, status=400)
    client = getattr(request, "scope", {}).get("state", {}).get(STATE)
    if client is None:
        return JsonResponse(work.NO_LIFESPAN, status=501)
    deadline_s = asyncio.get_running_loop().time() + work.DEADLINE_S
    legs = await asyncio.gather(*(fetch_leg(client, service, book, deadline_s) for service in work.SERVICES))
    return JsonResponse(work.page(book, legs))
