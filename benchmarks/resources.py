"""What processes and CPUs used during a window: CPU time, resident memory, threads."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field

import psutil

SAMPLE_INTERVAL_S = 0.1


@dataclass(frozen=True)
class Usage:
    """What one process tree used in a window. Memory is summed over the tree, so shared pages count per process."""

    cpu_s: float
    peak_rss_bytes: int
    peak_threads: int
    processes: int


Times = dict[psutil.Process, float]  # processes compare by pid and start time


@dataclass
class _Tree:
    pid: int
    processes: list[psutil.Process]
    before_s: Times = field(default_factory=dict)
    cpu_s: float = 0.0
    peak_rss_bytes: int = 0
    peak_threads: int = 0
    changed: bool = False

    def look(self) -> Times:
        """Sample once; returns each process's CPU seconds so far."""
        times_s, rss_bytes, threads = {}, 0, 0
        for process in self.processes:
            with contextlib.suppress(psutil.Error), process.oneshot():
                times = process.cpu_times()
                times_s[process] = times.user + times.system
                rss_bytes += process.memory_info().rss
                threads += process.num_threads()
        self.peak_rss_bytes = max(self.peak_rss_bytes, rss_bytes)
        self.peak_threads = max(self.peak_threads, threads)
        return times_s

    def close(self) -> None:
        """The last look; what began meanwhile counts in full, what ended is gone with its figures."""
        self.processes = tree_of(self.pid)
        now_s = self.look()
        self.cpu_s = sum(time_s - self.before_s.get(process, 0.0) for process, time_s in now_s.items())
        self.changed = set(now_s) != set(self.before_s)


def tree_of(pid: int) -> list[psutil.Process]:
    """A process and everything below it."""
    try:
        root = psutil.Process(pid)
        return [root, *root.children(recursive=True)]
    except psutil.Error:
        return []


class Sampler:
    """Watches process trees between ``begin`` and ``end``: ``sampled`` ten times a second, the others at both edges."""

    def __init__(self, pids: Mapping[str, int], sampled: str, cpu_groups: tuple[tuple[int, ...], ...]) -> None:
        self._pids = pids
        self._sampled = sampled
        self._groups = cpu_groups
        self._stop = threading.Event()

    def begin(self) -> None:
        self._trees = {name: _Tree(pid, tree_of(pid)) for name, pid in self._pids.items()}
        for tree in self._trees.values():
            tree.before_s = tree.look()
        self._busy_before = [_busy_and_total(group) for group in self._groups]
        self._thread = threading.Thread(target=self._watch, name="sampler", daemon=True)
        self._thread.start()

    def _watch(self) -> None:
        tree = self._trees[self._sampled]
        while not self._stop.wait(SAMPLE_INTERVAL_S):
            tree.look()

    def end(self) -> None:
        self._stop.set()
        self._thread.join()
        for tree in self._trees.values():
            tree.close()
        shares = [
            (after[0] - before[0]) / (after[1] - before[1])
            for before, after in zip(self._busy_before, map(_busy_and_total, self._groups), strict=True)
            if after[1] > before[1]
        ]
        self.load_side_busy = max(shares, default=None)  # of the busiest group

    @property
    def server_changed(self) -> bool:
        """After ``end``: whether a process of the sampled tree ended or began within the window."""
        return self._trees[self._sampled].changed

    def usage(self) -> dict[str, Usage]:
        """After ``end``: what each tree used."""
        return {
            name: Usage(tree.cpu_s, tree.peak_rss_bytes, tree.peak_threads, len(tree.processes))
            for name, tree in self._trees.items()
        }


def _busy_and_total(cpus: tuple[int, ...]) -> tuple[float, float]:
    """Busy and total seconds of these CPUs since boot."""
    times = psutil.cpu_times(percpu=True)
    busy = total = 0.0
    for cpu in cpus:
        fields = times[cpu]._asdict()
        fields.pop("guest", None)  # already part of user
        fields.pop("guest_nice", None)
        idle = fields.get("idle", 0.0) + fields.get("iowait", 0.0)
        total += sum(fields.values())
        busy += sum(fields.values()) - idle
    return busy, total
