"""``request_started`` and ``request_finished``: every receiver hears them, once, and a thread is leased for none of
Django's own.

What Django's receivers do about connections happens on the thread, where there is one (see connections.py). A third
party's sync receivers take a hop, as in stock.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

from django.core import signals
from django.core.cache import caches, close_caches
from django.core.cache.backends.base import BaseCache
from django.core.handlers.base import reset_urlconf
from django.db import close_old_connections, reset_queries
from django.dispatch import Signal
from django.urls.base import _urlconfs  # type: ignore[attr-defined]

from .locals import forget, values_of

ON_THE_THREAD = (reset_queries, close_old_connections)
OURS = (*ON_THE_THREAD, reset_urlconf, close_caches)


@dataclass
class Receivers:
    """Who listens to one signal from one sender, as of the list ``seen``."""

    seen: list[Any] = field(default_factory=list)
    known: bool = False
    silent: bool = False  # there is nothing to do
    urlconf: bool = False  # Django's reset_urlconf: it only computes, and is done here
    caches: bool = False
    foreign: bool = False  # third parties, sync: all of them hop, in order
    coroutines: tuple[Callable[..., Awaitable[Any]], ...] = ()


class Announcements:
    """One signal, sent for one sender; who listens is looked up again when the list of receivers has changed."""

    def __init__(self, signal: Signal, sender: Any) -> None:
        self.signal, self.sender = signal, sender
        self._receivers = Receivers()

    def send(self, whole: bool, **named: Any) -> Awaitable[Any] | None:
        """Send it; what is returned, if anything, is to be awaited: the rest of the receivers.

        ``whole``: as stock does, since sync functions run on a thread that is not leased, and that nobody else tidies.
        """
        receivers = self._receivers
        signal = self.signal
        if whole:
            return signal.asend(sender=self.sender, **named)
        dead = signal._dead_receivers  # type: ignore[attr-defined]
        if not receivers.known or dead or receivers.seen != signal.receivers:
            receivers = self._look_up()
        if receivers.silent:
            return None
        if receivers.foreign or (receivers.caches and _a_cache_has_to_be_closed()):
            return signal.asend(sender=self.sender, **named)
        if receivers.urlconf:
            forget(_urlconfs, "value")
        if receivers.coroutines:
            return asyncio.gather(
                *(receiver(signal=signal, sender=self.sender, **named) for receiver in receivers.coroutines)
            )
        return None

    def _look_up(self) -> Receivers:
        seen = list(self.signal.receivers)
        ordinary, coroutines = self.signal._live_receivers(self.sender)
        self._receivers = Receivers(
            seen=seen,
            known=not self.signal.use_caching,  # a cached signal knows its receivers itself
            silent=not coroutines and all(_is_among(one, ON_THE_THREAD) for one in ordinary),
            urlconf=_is_among(reset_urlconf, ordinary),
            caches=_is_among(close_caches, ordinary),
            foreign=any(not _is_among(one, OURS) for one in ordinary),
            coroutines=tuple(coroutines),
        )
        return self._receivers


def announcements(sender: Any) -> tuple[Announcements, Announcements]:
    """``request_started`` and ``request_finished``."""
    return Announcements(signals.request_started, sender), Announcements(signals.request_finished, sender)


def _is_among(receiver: Any, known: Iterable[Any]) -> bool:
    """By identity: a receiver may have an equality of its own."""
    return any(receiver is one for one in known)


def _a_cache_has_to_be_closed() -> bool:
    """Whether this request has used a cache that does something when it is closed."""
    values = values_of(caches._connections)  # type: ignore[attr-defined]
    used = caches.all(initialized_only=True) if values is None else values.values()
    return bool(used) and any(type(cache).close is not BaseCache.close for cache in used)
