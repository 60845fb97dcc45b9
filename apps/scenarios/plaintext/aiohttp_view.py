"""Plaintext, aiohttp."""

from aiohttp import web

from apps.scenarios.plaintext import work


async def view(request: web.Request) -> web.Response:
    return web.Response(body=work.BODY, content_type=work.CONTENT_TYPE)
