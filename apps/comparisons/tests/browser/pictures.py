"""Takes the pictures in docs/pictures from a showcase of its own: the reference run, and a race that is run for them.

python -m apps.comparisons.tests.browser.pictures
"""

from __future__ import annotations

import argparse
import re
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import Browser, Page, expect, sync_playwright

from apps.comparisons.tests.browser import chromium
from apps.comparisons.tests.browser.showcase import REFERENCE, ROOT, Showcase, open_showcase

FOLDER = ROOT / "docs" / "pictures"
WIDTH, HEIGHT = 1280, 860
LARGEST_BYTES = 200_000
SCENARIO, LEFT, RIGHT = "slow_io", "sync", "async"
RACE_MS = 120_000


class Photographer:
    """Goes through the pages of one showcase."""

    def __init__(self, browser: Browser, showcase: Showcase, folder: Path) -> None:
        self.browser, self.showcase, self.folder = browser, showcase, folder

    @contextmanager
    def at(self, path: str, scheme: str = "light", height: int = HEIGHT) -> Iterator[Page]:
        context = self.browser.new_context(
            color_scheme=scheme, viewport={"width": WIDTH, "height": height}, reduced_motion="reduce"
        )
        page = context.new_page()
        page.goto(f"{self.showcase.url}{path}")
        yield page
        context.close()

    def take(self, page: Page, name: str, first: str = "") -> None:
        """What the window shows, from the element ``first`` on."""
        if first:
            page.locator(first).first.evaluate("node => scrollTo(0, node.getBoundingClientRect().top + scrollY - 24)")
        page.wait_for_timeout(500)  # charts that came into view
        path = self.folder / f"{name}.png"
        page.screenshot(path=path)
        size = path.stat().st_size
        sys.stdout.write(f"{path.name}  {size / 1000:.0f} kB\n")
        if size > LARGEST_BYTES:
            raise SystemExit(f"{path} has more than {LARGEST_BYTES / 1000:.0f} kB: take less of the page")

    def still(self) -> None:
        """Pages that only show what is stored."""
        for scheme in ("light", "dark"):
            with self.at("/", scheme) as page:
                self.take(page, f"overview-{scheme}")
            with self.at(f"/scenarios/{SCENARIO}/", scheme) as page:
                self.take(page, f"charts-{scheme}", 'figure:has([data-chart$=":latency"])')
        with self.at(f"/scenarios/{SCENARIO}/?left={LEFT}&right={RIGHT}") as page:
            self.take(page, "code", "section[aria-labelledby=code]")
        with self.at("/scenarios/fan_out/") as page:
            for _ in range(2):  # the first request of a process finds nothing loaded
                page.get_by_role("button", name="Run each once").click()
                expect(page.locator("[data-try-status]")).to_contain_text("Running", timeout=20_000)
                expect(page.locator("[data-try-status]")).to_contain_text("Done:", timeout=20_000)
            self.take(page, "try", "section[aria-labelledby=try]")
        with self.at("/runs/1/") as page:
            self.take(page, "run")

    def race(self) -> None:
        """A race while it goes on, and its run beside the reference."""
        link = self.showcase.manage("signinlink", "--base-url", self.showcase.url).strip()
        with self.at(link.removeprefix(self.showcase.url)) as page:
            page.get_by_role("button", name="Sign in").click()
            page.goto(f"{self.showcase.url}/live/?scenario={SCENARIO}")
            page.get_by_label("Connections").select_option("32")
            page.get_by_role("button", name="Start the race").click()
            expect(page.locator("[data-round]")).to_contain_text("Round 4", timeout=RACE_MS)
            self.take(page, "race")
            to_the_run = page.get_by_role("link", name=re.compile(r"^Run \d+"))
            expect(to_the_run).to_be_visible(timeout=RACE_MS)
            to_the_run.click()
            run = page.url.rstrip("/").rpartition("/")[2]
            page.goto(f"{self.showcase.url}/runs/1/compare/{run}/")
            self.take(page, "compare")


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(prog="python -m apps.comparisons.tests.browser.pictures", description=__doc__)
    parser.add_argument("--into", type=Path, default=FOLDER, help="folder (docs/pictures)")
    folder: Path = parser.parse_args().into
    executable = chromium.find()
    if executable is None:
        sys.exit("There is no Chromium: run python -m apps.comparisons.tests.browser.chromium")
    folder.mkdir(parents=True, exist_ok=True)
    with (
        tempfile.TemporaryDirectory(prefix="crossover-pictures-") as place,
        open_showcase(Path(place) / "var", [REFERENCE]) as showcase,
        sync_playwright() as driver,
    ):
        Path(place).chmod(0o711)  # a race's PostgreSQL, which is not run as root, has to pass through
        browser = driver.chromium.launch(executable_path=executable, args=chromium.arguments())
        photographer = Photographer(browser, showcase, folder)
        photographer.still()
        photographer.race()
        browser.close()


if __name__ == "__main__":
    main()
