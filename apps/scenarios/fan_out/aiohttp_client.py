"""Ten calls with aiohttp's client: the same for the aiohttp service and for Django's ``async-aiohttp``; no Django."""

import asyncio
from typing import Any

import aiohttp

from apps.scenarios.fan_out import work


def open_session() -> aiohttp.ClientSession:
    """One per process; enter it on the event loop that uses it."""
    return aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0))


async def fetch_leg(session: aiohttp.ClientSession, service: str, book: int, deadline_s: float) -> dict[str, Any]:
    try:
        call = session.get(work.url(service, book), allow_redirects=False)
        async with asyncio.timeout_at(deadline_s), call as response:
            return work.leg(service, response.status, await response.read())
    except TimeoutError:
        return work.error_leg(service, work.LATE)
    except aiohttp.ClientConnectorError:
        return work.error_leg(service, work.ABSENT)
    except aiohttp.ClientError:
        return work.error_leg(service, work.BROKEN)
