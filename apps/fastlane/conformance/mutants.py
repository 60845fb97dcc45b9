"""Faults put in on purpose, to see that the suite finds them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.core.handlers.base import BaseHandler
from django.utils.deprecation import MiddlewareMixin


def hooks_inline() -> None:
    """Every hook of every middleware runs on the event loop, whatever it does there."""

    async def __acall__(self: Any, request: Any) -> Any:  # noqa: N807 # Django's name
        response = None
        if hasattr(self, "process_request"):
            response = self.process_request(request)
        response = response or await self.get_response(request)
        if hasattr(self, "process_response"):
            response = self.process_response(request, response)
        return response

    MiddlewareMixin.__acall__ = __acall__  # type: ignore[method-assign]
    handler_class: Any = BaseHandler
    adapt = handler_class.adapt_method_mode

    def adapt_method_mode(handler: Any, is_async: bool, method: Any, *args: Any, **named: Any) -> Any:
        if is_async and isinstance(getattr(method, "__self__", None), MiddlewareMixin):

            async def on_the_loop(*given: Any) -> Any:
                return method(*given)

            return on_the_loop
        return adapt(handler, is_async, method, *args, **named)

    handler_class.adapt_method_mode = adapt_method_mode


MUTANTS: dict[str, Callable[[], None]] = {"hooks-inline": hooks_inline}
