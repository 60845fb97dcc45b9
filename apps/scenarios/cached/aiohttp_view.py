"""Three keys read, one written, aiohttp."""

from collections.abc import AsyncIterator
from typing import Any

from aiohttp import web

from apps.scenarios.cached import work
from apps.scenarios.cached.stores import Store, open_store

STORE: web.AppKey[Store] = web.AppKey("cached_store")


async def lifespan(app: web.Application) -> AsyncIterator[None]:
    """One store per process."""
    async with open_store() as store:
        app[STORE] = store
        yield


async def recall(cache: Store, fact: str, book: int) -> Any:
    key = work.key(fact, book)
    value = await cache.get(key)
    if value is None:
        value = work.look_up(fact, book)
        await cache.set(key, value, work.KEEP_S)
    return value


async def view(request: web.Request) -> web.Response:
    order = work.order(request.query)
    if order is None:
        return web.json_response(work.BAD_ORDER, status=400)
    book, item = order
    cache = request.app[STORE]
    facts = [await recall(cache, fact, book) for fact in work.FACTS]
    await cache.set(work.key("seen", book), item, work.KEEP_S)
    return web.json_response(work.page(book, item, facts))
