"""A request that is done is freed at once, instead of lying about until the garbage collector comes.

Django's middlewares hang objects onto a request that refer back to it: ``user``, ``auser``, ``_messages``. Each
request so ends as a cycle, and collecting those cycles is a tenth to a sixth of a short request's time. They are cut at
its end, if nobody else has the request or what hangs on it: reference counts say so. If in doubt nothing is cut.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from functools import partial
from typing import Any

from django.contrib.messages.storage.base import BaseStorage
from django.utils.functional import SimpleLazyObject

references: Callable[[object], int] = getattr(sys, "getrefcount", lambda thing: -1)


def _ties_of_user(user: Any, request: object) -> int:
    """The cell of ``lambda: get_user(request)``."""
    if type(user) is not SimpleLazyObject:
        return -1
    closure = getattr(user.__dict__.get("_setupfunc"), "__closure__", None) or ()
    return sum(cell.cell_contents is request for cell in closure)


def _ties_of_auser(auser: Any, request: object) -> int:
    """The argument of ``partial(auser, request)``."""
    return sum(one is request for one in auser.args) if type(auser) is partial else -1


def _ties_of_messages(messages: Any, request: object) -> int:
    """``storage.request``, and that of the storages it falls back on."""
    if not isinstance(messages, BaseStorage):
        return -1
    return sum(one.request is request for one in (messages, *getattr(messages, "storages", ())))


COUNTS = (("user", _ties_of_user), ("auser", _ties_of_auser), ("_messages", _ties_of_messages))
TIES = frozenset(name for name, _ in COUNTS)


def _alone() -> int:
    """What ``references`` says of a value that only one dictionary has, asked as below."""
    held = {"value": object()}
    value = held["value"]
    return references(value)


ALONE = _alone()


def cut_ties(request: Any, others: int) -> None:
    """Cut them if they are all there is: ``others`` references to the request are neither known here nor its own."""
    held = request.__dict__
    names = []
    for name, count in COUNTS:
        value = held.get(name)
        if value is None:
            continue
        ties = count(value, request)
        if ties < 0 or references(value) != ALONE:
            return
        others -= ties
        names.append(name)
    if others == 0:
        for name in names:
            del held[name]
