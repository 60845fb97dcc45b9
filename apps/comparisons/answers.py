"""What came back for one request that was tried, and when: moments of ``monotonic``, told in ms since the click."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from time import monotonic
from typing import Any

from apps.diagnostics.trace import Trace

BODY_LIMIT_BYTES = 64 * 1024
PIECES_LIMIT = 100
ADVICE = "start it with"  # how every part of the project names the command of what is absent
LONGEST_TEXT = 300


@dataclass
class Answer:
    """One request and its answer."""

    target: str
    began_s: float = field(default_factory=monotonic)
    first_byte_s: float | None = None
    ended_s: float | None = None
    status: int = 0
    media_type: str = ""
    location: str = ""
    error: str = ""  # why there is no whole answer
    size: int = 0
    kept: bytearray = field(default_factory=bytearray)
    pieces_s: list[float] = field(default_factory=list)
    trace: Trace | None = None  # only of what ran in this process

    def add(self, piece: bytes) -> None:
        """A part of the body has come."""
        if not piece:
            return
        now_s = monotonic()
        if self.first_byte_s is None:
            self.first_byte_s = now_s
        if len(self.pieces_s) < PIECES_LIMIT:
            self.pieces_s.append(now_s)
        self.size += len(piece)
        self.kept += piece[: BODY_LIMIT_BYTES - len(self.kept)]

    def end(self) -> None:
        self.ended_s = monotonic()
        if self.first_byte_s is None:
            self.first_byte_s = self.ended_s  # there is no body: its head was all

    def told(self, origin_s: float) -> dict[str, Any]:
        """As JSON."""

        def since(moment_s: float | None) -> float | None:
            return None if moment_s is None else round((moment_s - origin_s) * 1000, 3)

        body = self.kept.decode("utf-8", "replace")
        errors = list(dict.fromkeys(_errors(body)))
        return {
            "target": self.target,
            "began_ms": since(self.began_s),
            "first_byte_ms": since(self.first_byte_s),
            "ended_ms": since(self.ended_s),
            "pieces_ms": [since(moment) for moment in self.pieces_s],
            "status": self.status,
            "media_type": self.media_type,
            "location": self.location,
            "error": self.error,
            "size": self.size,
            "cut": self.size > len(self.kept),
            "body": body,
            "advice": [text for text in errors if ADVICE in text],
            "reason": errors[0] if errors and self.status >= 400 else "",
            "traced": self.trace is not None,
            **(self.trace or Trace()).told(origin_s),
        }


def _errors(body: str) -> Iterator[str]:
    """What a JSON answer says went wrong, at any depth."""
    try:
        content = json.loads(body)
    except (ValueError, RecursionError):
        return
    level = [content]
    while level:  # level by level, since answers of strangers may be as deep as they like
        for one in level:
            if isinstance(one, dict) and isinstance(one.get("error"), str):
                yield one["error"][:LONGEST_TEXT]
        inner = [list(one.values()) if isinstance(one, dict) else one for one in level if isinstance(one, dict | list)]
        level = [part for parts in inner for part in parts]
