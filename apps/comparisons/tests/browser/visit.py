"""A browser's window on a showcase: what it complained of, what it asked for, and what axe finds."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from playwright.sync_api import ConsoleMessage, Page, Request

AXE = Path(__file__).parent / "vendor" / "axe-core" / "axe.min.js"
GRAVE = ("serious", "critical")
HEIGHT = 900
LOCAL = ("data", "blob", "file", "about")


@dataclass
class Visit:
    """Listens to a page from its beginning."""

    page: Page
    url: str
    complaints: list[str] = field(default_factory=list)
    requests: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.page.on("console", self._hear)
        self.page.on("pageerror", lambda error: self.complaints.append(f"error: {error}"))
        self.page.on("request", self._note)

    def _hear(self, message: ConsoleMessage) -> None:
        if message.type in ("error", "warning"):
            self.complaints.append(f"console {message.type}: {message.text} {message.location.get('url', '')}")

    def _note(self, request: Request) -> None:
        self.requests.append(request.url)

    def to(self, path: str) -> Page:
        """Go there, to the end of loading."""
        self.page.goto(f"{self.url}{path}")
        return self.page

    def narrow(self, width: int) -> None:
        """Make the window so wide, and wait until charts have followed."""
        self.page.set_viewport_size({"width": width, "height": HEIGHT})
        self.page.evaluate("() => new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))")

    def left_the_host(self) -> list[str]:
        return [
            url for url in self.requests if urlsplit(url).scheme not in LOCAL and urlsplit(url).hostname != "127.0.0.1"
        ]

    def check(self) -> None:
        """Fails with what the browser complained of, and with requests that were none of ours."""
        assert self.complaints == []
        assert self.left_the_host() == []

    def violations(self) -> list[str]:
        """What axe finds serious or critical: rule, selector and what to do. It runs past the page's CSP."""
        if not self.page.evaluate("'axe' in window"):
            self.page.evaluate(AXE.read_text())
        found: dict[str, Any] = self.page.evaluate("axe.run(document, {resultTypes: ['violations']})")
        return [
            f"{one['id']} ({one['impact']}) at {' '.join(map(str, node['target']))}: {node['failureSummary']}"
            for one in found["violations"]
            if one["impact"] in GRAVE
            for node in one["nodes"][:5]
        ]
