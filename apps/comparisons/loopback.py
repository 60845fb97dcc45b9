"""Asks the aiohttp sibling and the upstream's journal over HTTP: where the operator says, and on this machine only."""

from __future__ import annotations

import ipaddress
import os
from typing import Any
from urllib.parse import urlsplit

import aiohttp

from apps.comparisons.answers import BODY_LIMIT_BYTES, Answer
from benchmarks.exceptions import UsageError
from benchmarks.services.knowledge import DEFAULT_PORT

SIBLING, UPSTREAM = "CROSSOVER_SIBLING_URL", "CROSSOVER_UPSTREAM_URL"
DEFAULTS = {SIBLING: "http://127.0.0.1:8001", UPSTREAM: f"http://127.0.0.1:{DEFAULT_PORT}"}
START_SIBLING = "start it with: python -m project.aiohttp_app, or make serve"
JOURNAL_TIMEOUT = aiohttp.ClientTimeout(total=1.0)
LONGEST_JOURNAL = 2000


class Absent(Exception):
    """Nobody listens there."""


def address(variable: str) -> str:
    """The URL a service has. Raises UsageError when it is not one of this machine's."""
    url = os.environ.get(variable, "") or DEFAULTS[variable]
    try:
        parts = urlsplit(url)
        local = parts.scheme == "http" and _is_loopback(parts.hostname or "") and parts.port is not None
    except ValueError:
        local = False
    if not local or parts.path.strip("/") or parts.query or parts.username:
        hint = f"write it like {DEFAULTS[variable]}"
        raise UsageError(f"{variable} must be an http address of this machine with its port", hint=hint)
    return url.rstrip("/")


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


async def ask(session: aiohttp.ClientSession, target: str, method: str, cookies: str, answer: Answer) -> None:
    """One request to the sibling, from connecting to the last piece. Raises Absent when nobody listens."""
    headers = {"Cookie": cookies} if cookies else {}
    try:
        async with session.request(
            method, f"{address(SIBLING)}{target}", headers=headers, allow_redirects=False
        ) as response:
            answer.status = response.status
            answer.media_type = response.headers.get("Content-Type", "")
            answer.location = response.headers.get("Location", "")
            async for piece in response.content.iter_any():
                answer.add(piece)
        answer.end()
    except aiohttp.ClientConnectorError as error:
        raise Absent from error


async def calls_since(moment_s: float) -> list[dict[str, Any]] | None:
    """Calls that the upstream has answered since then, by its own clock; None when it is not there."""
    try:
        url = f"{address(UPSTREAM)}/_journal"
        async with (
            aiohttp.ClientSession(timeout=JOURNAL_TIMEOUT) as session,
            session.get(url, params={"since": f"{moment_s:.6f}"}) as response,
        ):
            content = await response.json() if response.status == 200 else {}
    except (TimeoutError, aiohttp.ClientError, UsageError, ValueError):
        return None
    found = content.get("calls") if isinstance(content, dict) else None
    return found[:LONGEST_JOURNAL] if isinstance(found, list) else None


def client(connections: int) -> aiohttp.ClientSession:
    """Every request on a connection of its own; time limits are the caller's."""
    connector = aiohttp.TCPConnector(limit=connections)
    return aiohttp.ClientSession(
        connector=connector, timeout=aiohttp.ClientTimeout(), read_bufsize=BODY_LIMIT_BYTES, auto_decompress=True
    )
