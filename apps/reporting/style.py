"""How a contender looks, everywhere: its variant gives the hue, its server the shade and the symbol."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from zlib import crc32

from benchmarks.exceptions import UsageError
from benchmarks.plan import Contender, Middleware

HUES = ("sync", "async", "wrapped", "aiohttp")
OTHER = "other"
SHADES = 3  # of each hue, see the custom properties in report.css
SERVERS = {  # server -> shade, symbol (see templatetags/reporting.py)
    "gunicorn-threads": (0, "rect"),
    "uvicorn": (0, "circle"),
    "aiohttp": (0, "diamond"),
    "uvicorn-fastlane": (1, "arrow"),
    "gunicorn-sync": (1, "triangle"),
    "gunicorn-gevent": (2, "pin"),
    "granian-fastlane": (2, "roundRect"),
}
SYMBOL_ON_UVICORN = {"sync": "down", "wrapped": "ring"}  # beside the async view's circle
SHADE_OF_SYNC = {"uvicorn": 2}  # a sync view has a process, threads and a loop to stand beside each other
STACKS: dict[str, int] = {Middleware.NONE: 0, Middleware.DEFAULT: 1, Middleware.SYNC_ONLY: 2}  # middlewares -> shade
SYMBOLS_OF_STACKS = {  # in the order of the shades: hue and shade are not the only signs
    ("sync", "gunicorn-threads"): ("cross", "rect", "roundRect"),
    ("sync", "uvicorn"): ("triangle", "down", "pin"),
    ("async", "uvicorn"): ("plus", "circle", "ring"),
    ("async", "uvicorn-fastlane"): ("diamond", "pin", "roundRect"),
}
OTHER_STACKS = ("arrow", "diamond", "plus")
SYMBOLS = ("roundRect", "arrow", "pin", "triangle")


@dataclass(frozen=True)
class Style:
    """Hue and shade name a custom property of the style sheet, ``--async-0``; the symbol is the second sign."""

    hue: str
    shade: int
    symbol: str

    @property
    def name(self) -> str:
        return f"{self.hue}-{self.shade}"


@cache
def style_of(contender: str) -> Style:
    """The same for the same name, also for names nobody has seen yet."""
    try:
        parsed = Contender.parse(contender)
    except UsageError:
        parsed = Contender(contender, "")
    family = parsed.variant.partition("-")[0]
    hue = family if family in HUES else OTHER
    dice = crc32(f"{parsed.server}+{parsed.middleware}".encode())
    shade, symbol = SERVERS.get(parsed.server, (dice % SHADES, SYMBOLS[dice // SHADES % len(SYMBOLS)]))
    if parsed.server == "uvicorn":
        symbol = SYMBOL_ON_UVICORN.get(hue, symbol)
    if hue == "sync":
        shade = SHADE_OF_SYNC.get(parsed.server, shade)
    if parsed.middleware:
        shade = STACKS[parsed.middleware]
        symbol = SYMBOLS_OF_STACKS.get((hue, parsed.server), OTHER_STACKS)[shade]
    elif parsed.variant != family:  # beside its plain form
        shade, symbol = dice % SHADES, SYMBOLS[crc32(contender.encode()) % len(SYMBOLS)]
    return Style(hue, shade, symbol)
