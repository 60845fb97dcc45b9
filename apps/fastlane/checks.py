"""System checks: settings, middlewares and receivers that undo what the fast lane gains, each with what to do."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any, TypeGuard

from asgiref.sync import iscoroutinefunction
from django.conf import settings
from django.core import signals
from django.core.checks import CheckMessage, Error, Warning  # noqa: A004 - Django's name for it
from django.core.handlers.asgi import ASGIHandler
from django.db import connections
from django.utils.deprecation import MiddlewareMixin
from django.utils.module_loading import import_string

from .handler import MAX_THREADS, FastlaneHandler, default_threads
from .inline import Surveyed, survey
from .inline_code import Verdict

DEFAULTS: dict[str, Callable[[], int | None]] = {
    "FASTLANE_THREADS": default_threads,
    "FASTLANE_MAX_THREADS": lambda: MAX_THREADS,
    "FASTLANE_MAX_BODY_BYTES": lambda: None,
}


def _is_positive(value: object) -> TypeGuard[int]:
    return isinstance(value, int) and not isinstance(value, bool) and value > 0


def _threads() -> tuple[int, int]:
    """How many may run and how many may exist: the settings, or their defaults where they make no sense."""
    size, most = getattr(settings, "FASTLANE_THREADS", None), getattr(settings, "FASTLANE_MAX_THREADS", None)
    return (size if _is_positive(size) else default_threads(), most if _is_positive(most) else MAX_THREADS)


def check_settings(**kwargs: Any) -> list[CheckMessage]:
    """FASTLANE_* settings that cannot be meant; None means the default."""
    found: list[CheckMessage] = [
        Error(
            f"{name} is {value!r}, not a positive integer.",
            hint=f"Leave it out for the default, which is {default()}.",
            id="fastlane.E001",
        )
        for name, default in DEFAULTS.items()
        if (value := getattr(settings, name, None)) is not None and not _is_positive(value)
    ]
    size, most = _threads()
    if most < size:
        found.append(
            Error(
                f"FASTLANE_MAX_THREADS is {most}, less than FASTLANE_THREADS, which is {size}.",
                hint="Each sync function that runs has a thread of its own: raise FASTLANE_MAX_THREADS to at least "
                f"{size}, or lower FASTLANE_THREADS.",
                id="fastlane.E002",
            )
        )
    return found


def check_connections(**kwargs: Any) -> list[CheckMessage]:
    """Database settings with which warm threads are of no use, or wait for each other."""
    try:
        configured: dict[str, dict[str, Any]] = connections.settings
    except Exception:  # Django has its own words for it
        return []
    found: list[CheckMessage] = []
    for alias, database in configured.items():
        options = database["OPTIONS"]
        pool = options.get("pool") if isinstance(options, dict) else None
        if pool:
            found += _check_pool(alias, {} if pool is True else pool)
        elif database["CONN_MAX_AGE"] == 0 and not _costs_nothing_to_open(database):
            found.append(
                Warning(
                    f"DATABASES['{alias}'] has CONN_MAX_AGE = 0 and no pool: every request that uses it opens a "
                    "connection and closes it.",
                    hint="Set CONN_MAX_AGE to None or to some seconds, and CONN_HEALTH_CHECKS to True; or, with "
                    'psycopg on PostgreSQL, give it OPTIONS={"pool": {"min_size": 1, "max_size": '
                    f"{_threads()[1]}}}}}.",
                    id="fastlane.W001",
                )
            )
    return found


def _costs_nothing_to_open(database: dict[str, Any]) -> bool:
    """No database at all, or SQLite's in memory, which Django never closes."""
    engine, name = database["ENGINE"], str(database["NAME"])
    return engine == "django.db.backends.dummy" or (
        engine.endswith("sqlite3") and (name == ":memory:" or "mode=memory" in name)
    )


def _check_pool(alias: str, pool: Any) -> list[CheckMessage]:
    """A request keeps its connection while it only waits, and then does not count as running."""
    if not isinstance(pool, dict) or "max" in pool:  # Oracle's
        return []
    size, _ = _threads()
    largest = pool.get("max_size") or pool.get("min_size", 4)  # as psycopg_pool has it
    if not _is_positive(largest) or largest >= size:
        return []
    return [
        Warning(
            f"The pool of DATABASES['{alias}'] has at most {largest} connections, and {size} sync functions may run at "
            "once (FASTLANE_THREADS). While all of them are in use no other request gets a thread, whether it wants "
            "the database or not.",
            hint=f"Set OPTIONS['pool']['max_size'] to {size} or more, better to as many requests as keep a connection "
            "at the same time; release_thread() before a long wait gives one back.",
            id="fastlane.W002",
        )
    ]


AS_STOCK = "runs as in stock Django, a hop to the request's thread for each sync hook"
WRAPPED = (
    "W005",
    f"{AS_STOCK}: something has replaced or wrapped {{because}}.",
    "Look for what patches it, such as a tracing tool that records a span for every middleware.",
)
SOURCE = (
    "W006",
    f"{AS_STOCK}: the source of {{because}} is not one that the fast lane knows.",
    "Use a release of the fast lane that knows this release of Django.",
)
# By verdict, and whether it is due to something else. What is missing is right: inline, or left as stock by design.
COMPLAINTS: dict[tuple[Verdict, bool], tuple[str, str, str]] = {
    (Verdict.UNKNOWN, False): (
        "W003",
        "is not Django's own: each of its sync hooks ({hooks}) is a hop to the request's thread.",
        "Give it an async form that needs no thread, or accept the hops.",
    ),
    (Verdict.SUBCLASS, False): (
        "W004",
        "is a subclass of one of Django's: each of its sync hooks ({hooks}) is a hop to the request's thread.",
        "Use Django's class, and put what yours adds into an async middleware beside it, or accept the hops.",
    ),
    (Verdict.WRAPPED, False): WRAPPED,
    (Verdict.WRAPPED, True): WRAPPED,
    (Verdict.SOURCE, False): SOURCE,
    (Verdict.SOURCE, True): SOURCE,
    (Verdict.SYNC_ONLY, False): (
        "W007",
        "is sync only: a request holds its thread from there until the view has answered.",
        "Make it async capable, see django.utils.decorators.sync_and_async_middleware.",
    ),
    (Verdict.STOCK, True): (
        "W008",
        f"{AS_STOCK}: {{because}}, which it uses, is not Django's own.",
        "Use one of Django's, or accept the hops.",
    ),
}
NEIGHBOUR = (
    "W009",
    "runs as in stock Django: {because}.",
    "Make that one async capable, and let it keep what it calls under the name get_response.",
)


def check_middleware(**kwargs: Any) -> list[CheckMessage]:
    """Middlewares whose hooks take a hop each, though the fast lane has a shorter way for Django's own."""
    try:
        return [message for one in survey(FastlaneHandler()) for message in _check_one(one)]
    except Exception:  # one that cannot be imported or made is Django's own complaint
        return []


def _check_one(one: Surveyed) -> list[CheckMessage]:
    complaint = COMPLAINTS.get((one.verdict, bool(one.because)))
    if complaint is None:
        return []
    # A path, or a sentence about the middlewares around it.
    number, what, hint = NEIGHBOUR if " " in one.because else complaint
    hooks = ", ".join(_sync_hooks(import_string(one.path)))
    if not hooks and "{hooks}" in what:
        return []
    text = what.format(hooks=hooks, because=one.because or "one of its functions")
    return [Warning(f"The middleware {one.path} {text}", hint=hint, id=f"fastlane.{number}")]


def _sync_hooks(middleware: Any) -> list[str]:
    """Those that a request of an async view hops for, as far as the class shows them."""
    if not isinstance(middleware, type):
        return []
    names = ["process_view", "process_template_response"]
    if getattr(middleware, "__acall__", None) is MiddlewareMixin.__acall__ and (
        middleware.__call__ is MiddlewareMixin.__call__
    ):
        names = ["process_request", "process_response", *names]
    hooks = {name: getattr(middleware, name, None) for name in names}
    return [name for name, hook in hooks.items() if hook is not None and not iscoroutinefunction(hook)]


def check_receivers(**kwargs: Any) -> list[CheckMessage]:
    """Sync receivers of the request signals: each is a hop, and a reason to lease a thread, for every request."""
    return [
        Warning(
            f"{_name_of(receiver)} is a sync receiver of {name}: a hop to a thread for every request.",
            hint="Make it a coroutine function, or do its work where it is needed.",
            id="fastlane.W010",
        )
        for name in ("request_started", "request_finished")
        for receiver in _sync_receivers(getattr(signals, name))
        if not _module_of(receiver).startswith("django.")
    ]


def _sync_receivers(signal: Any) -> Iterator[Any]:
    receivers, _ = signal._live_receivers(ASGIHandler)
    yield from receivers


def _described(receiver: Any) -> Any:
    """What has a module and a name: never the repr of an instance, which may run anything."""
    while isinstance(receiver, partial):
        receiver = receiver.func
    return receiver if hasattr(receiver, "__qualname__") else type(receiver)


def _module_of(receiver: Any) -> str:
    return str(_described(receiver).__module__)


def _name_of(receiver: Any) -> str:
    return f"{_module_of(receiver)}.{_described(receiver).__qualname__}"


CHECKS = (check_settings, check_connections, check_middleware, check_receivers)
