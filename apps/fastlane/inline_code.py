"""Is this class or function Django's own, as its file has it, and a source that is known?"""

from __future__ import annotations

import ast
import os
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from pathlib import Path
from types import FunctionType
from typing import Any

import django
from django.utils.functional import cached_property

from .known_sources import KNOWN, definitions, fingerprint

DJANGO = os.path.join(os.path.dirname(django.__file__), "")


class Verdict(StrEnum):
    """How a middleware's hooks run, or why not inline."""

    INLINE = "inline"
    UNKNOWN = "unknown"  # third-party, or a function
    SUBCLASS = "subclass"
    WRAPPED = "wrapped"  # some function of it is not the one in Django's file
    SOURCE = "source"  # Django's file is not one that is known
    STOCK = "stock"  # Django's own, left as it is: its hooks do I/O, or what they call may, or it is in sync mode
    SYNC_ONLY = "sync-only"


@dataclass(frozen=True)
class Written:
    """A class or function as its file has it: methods and attributes by name, with the line each begins on."""

    fingerprint: str
    line: int
    methods: dict[str, int]
    assigned: frozenset[str]


@cache
def _written(file: str) -> dict[str, Written]:
    try:
        nodes = definitions(Path(file).read_text(encoding="utf-8"))
    except (OSError, SyntaxError, ValueError):  # no source there, or none to read
        return {}
    return {
        name: Written(
            fingerprint(node),
            _first_line(node),
            {
                item.name: _first_line(item)
                for item in node.body
                if isinstance(item, ast.FunctionDef | ast.AsyncFunctionDef)
            },
            frozenset(
                target.id
                for item in node.body
                if isinstance(item, ast.Assign)
                for target in item.targets
                if isinstance(target, ast.Name)
            ),
        )
        for name, node in nodes.items()
    }


def _first_line(node: ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    """As ``co_firstlineno`` counts: a decorator belongs to it."""
    return min([node.lineno, *(decorator.lineno for decorator in node.decorator_list)])


def path_of(found: Any) -> str:
    return f"{found.__module__}.{found.__qualname__}"


def is_at_its_place(kind: type) -> bool:
    """The class that its own module has under its name."""
    return getattr(sys.modules.get(kind.__module__), kind.__qualname__, None) is kind


def code_verdict(found: Any) -> Verdict:
    """INLINE for a known class, with all of its bases, or a known function; else what is in the way."""
    if not isinstance(found, type):
        return _function_verdict(found)
    for base in found.__mro__[:-1]:
        if (verdict := _class_verdict(base)) is not Verdict.INLINE:
            return verdict
    return Verdict.INLINE


def _function_verdict(function: Any) -> Verdict:
    if type(function) is not FunctionType or path_of(function) not in KNOWN:
        return Verdict.WRAPPED
    file = _file_of(function)
    written = _written(file).get(function.__qualname__)
    if written is None or written.fingerprint not in KNOWN[path_of(function)]:
        return Verdict.SOURCE
    return Verdict.INLINE if _is_from(function, file, written.line) else Verdict.WRAPPED


def _class_verdict(kind: type) -> Verdict:
    if path_of(kind) not in KNOWN or not is_at_its_place(kind):
        return Verdict.UNKNOWN
    file = _file_of(kind)
    written = _written(file).get(kind.__qualname__)
    if written is None or written.fingerprint not in KNOWN[path_of(kind)]:
        return Verdict.SOURCE
    return Verdict.INLINE if _is_as_written(kind, file, written) else Verdict.WRAPPED


def _file_of(found: Any) -> str:
    """The file of the module it claims to be from; empty for a module outside of Django's folder."""
    file = getattr(sys.modules.get(found.__module__), "__file__", None) or ""
    return file if file.startswith(DJANGO) else ""


def _is_as_written(kind: type, file: str, written: Written) -> bool:
    attributes = vars(kind)
    if not written.methods.keys() <= attributes.keys():
        return False
    for name, value in attributes.items():
        if name in written.methods:
            functions = [*_functions_in(value)]
            if not functions or not all(_is_from(one, file, written.methods[name]) for one in functions):
                return False
        elif isinstance(value, type):  # such as the class of a redirect
            if name not in written.assigned or not value.__module__.startswith("django."):
                return False
        elif not all(name in written.assigned and _is_from(one, file) for one in _functions_in(value)):
            return False
    return True


def _functions_in(value: Any) -> Iterator[Any]:
    """What runs when an attribute of a class is called or read; a callable of no kind that Django has is its own."""
    if isinstance(value, property):
        yield from (one for one in (value.fget, value.fset, value.fdel) if one is not None)
    elif isinstance(value, classmethod | staticmethod):
        yield value.__func__
    elif isinstance(value, cached_property):
        yield value.real_func  # type: ignore[attr-defined]
    elif callable(value) or (hasattr(type(value), "__get__") and type(value).__module__ != "builtins"):
        yield value


def _is_from(function: Any, file: str, line: int | None = None) -> bool:
    """A plain function of this file: the code tells it, which a wrapper does not have, whatever names it copies."""
    if type(function) is not FunctionType or function.__dict__:
        return False
    code = function.__code__
    return code.co_filename == file and (line is None or code.co_firstlineno == line)
