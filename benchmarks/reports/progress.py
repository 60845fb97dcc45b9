"""What is shown while a run goes on: a moving display on a terminal, plain lines elsewhere."""

from __future__ import annotations

import time
from types import TracebackType

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn, TimeRemainingColumn
from rich.text import Text

from benchmarks.events import CellChanged, Event, RoundFinished, RoundStarted, RunStarted, Step
from benchmarks.record import State
from benchmarks.reports.figures import rate


class RichProgress:
    """A bar over all rounds, with what is going on now; failures stay on the screen."""

    def __init__(self, console: Console) -> None:
        self.console = console
        self.progress = Progress(
            SpinnerColumn(),
            TextColumn("{task.description}", justify="left"),
            BarColumn(bar_width=30),
            MofNCompleteColumn(),
            TimeRemainingColumn(),
            console=console,
            transient=True,
            refresh_per_second=4,  # the display must not become load
        )

    def __enter__(self) -> RichProgress:
        self.done = self.total = 0
        self.progress.start()
        self.task = self.progress.add_task("starting", total=None)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.progress.stop()

    def __call__(self, event: Event) -> None:
        match event:
            case RunStarted(rounds_planned=total):
                self.total = total
                self.progress.update(self.task, total=total)
            case Step(text=text):
                self.progress.update(self.task, description=text)
            case RoundStarted(cell=cell, number=number):
                self.progress.update(self.task, description=f"{cell.scenario} · round {number} · {cell.contender}")
            case RoundFinished():
                self.done += 1
                self.progress.update(self.task, completed=self.done, total=max(self.total, self.done))
            case CellChanged(cell=cell) if cell.state is State.FAILED:
                self.console.print(Text(f"failed: {cell.scenario} {cell.contender}: {cell.reason}", "red"))


class PlainProgress:
    """A line per step and per round, with the time since the start."""

    def __init__(self, console: Console) -> None:
        self.console = console

    def __enter__(self) -> PlainProgress:
        self.began_s = time.monotonic()
        self.done = self.total = 0
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        pass

    def __call__(self, event: Event) -> None:
        match event:
            case RunStarted(rounds_planned=total):
                self.total = total
            case Step(text=text):
                self._say(text)
            case RoundFinished(cell=cell, entry=entry):
                self.done += 1
                self.total = max(self.total, self.done)  # patience adds rounds
                state = "" if entry.state is State.OK else f" [{entry.state}: {entry.reason}]"
                figure = f"{rate(entry.requests_per_s)} requests/s{state}"
                self._say(f"{self.done}/{self.total} {cell.scenario} round {entry.number} {cell.contender}: {figure}")
            case CellChanged(cell=cell) if cell.state is State.FAILED:
                self._say(f"failed: {cell.scenario} {cell.contender}: {cell.reason}")

    def _say(self, text: str) -> None:
        elapsed_s = time.monotonic() - self.began_s
        self.console.print(f"[{elapsed_s:6.1f} s] {text}", markup=False, highlight=False, soft_wrap=True)


def progress(console: Console) -> RichProgress | PlainProgress:
    """The display that fits the console."""
    return RichProgress(console) if console.is_terminal else PlainProgress(console)
