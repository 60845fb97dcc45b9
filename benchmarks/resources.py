"""What processes and CPUs used during a window: CPU time, memory, threads, files, and what others took."""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from statistics import median

import psutil

SAMPLE_INTERVAL_S = 0.1
FIRST_PID_AFTER_WRAP = 300  # the kernel's RESERVED_PIDS


@dataclass(frozen=True)
class Usage:
    """What one process tree used in a window. Memory is summed over the tree, so shared pages count per process."""

    cpu_s: float
    peak_rss_bytes: int
    peak_threads: int
    processes: int
    steady_rss_bytes: int = 0  # median of the samples
    open_files: int | None = None  # at the window's end
    # Of the whole round, warm-up and drain too, as the server's own processes told them (getrusage); None where not
    # all of them answered. Threads that ended are included, which /proc would have lost.
    voluntary_switches: int | None = None
    involuntary_switches: int | None = None
    own_cpu_s: float | None = None  # exact, where ``cpu_s`` counts ticks of 10 ms


Times = dict[psutil.Process, float]  # processes compare by pid and start time


@dataclass
class _Tree:
    pid: int
    processes: list[psutil.Process]
    before_s: Times = field(default_factory=dict)
    after_s: Times = field(default_factory=dict)
    cpu_s: float = 0.0
    rss_bytes: list[int] = field(default_factory=list)
    peak_threads: int = 0
    open_files: int | None = None
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
        self.rss_bytes.append(rss_bytes)
        self.peak_threads = max(self.peak_threads, threads)
        return times_s

    def close(self) -> None:
        """The last look at what was there; what ended is gone with its figures."""
        self.after_s = self.look()
        self.cpu_s = sum(time_s - self.before_s.get(process, 0.0) for process, time_s in self.after_s.items())

    def compare(self) -> None:
        """Look for all there is, which takes longer: what began meanwhile counts in full."""
        now = tree_of(self.pid)
        new = [process for process in now if process not in self.before_s]
        for process in new:
            with contextlib.suppress(psutil.Error):
                times = process.cpu_times()
                self.cpu_s += times.user + times.system
        self.changed = set(now) != set(self.before_s) or set(self.after_s) != set(self.before_s)
        self.processes = now

    def count_files(self) -> None:
        with contextlib.suppress(psutil.Error):  # another user's, for example PostgreSQL's
            self.open_files = sum(process.num_fds() for process in self.processes)

    def usage(self, share: float) -> Usage:
        return Usage(
            cpu_s=self.cpu_s * share,
            peak_rss_bytes=max(self.rss_bytes),
            peak_threads=self.peak_threads,
            processes=len(self.processes),
            steady_rss_bytes=int(median(self.rss_bytes)),
            open_files=self.open_files,
        )


def tree_of(pid: int) -> list[psutil.Process]:
    """A process and everything below it."""
    try:
        root = psutil.Process(pid)
        return [root, *root.children(recursive=True)]
    except psutil.Error:
        return []


class Sampler:
    """Watches process trees between ``begin`` and ``end``: ``sampled`` ten times a second, the others at both edges."""

    def __init__(
        self,
        pids: Mapping[str, int],
        sampled: str,
        cpu_groups: tuple[tuple[int, ...], ...],
        server_cpus: tuple[int, ...] = (),
    ) -> None:
        self._pids = pids
        self._server_cpus = server_cpus
        self._sampled = sampled
        self._groups = cpu_groups
        self._stop = threading.Event()
        self.load_side_busy: float | None = None  # of the busiest group of CPUs
        self.others_busy: float | None = None  # share of the server's CPUs, or of all, that strangers took
        self.steal: float | None = None  # share of all CPUs that the host gave to others
        self.tasks_started: int | None = None  # processes and threads, on the whole machine

    def begin(self) -> None:
        self._trees = {name: _Tree(pid, tree_of(pid)) for name, pid in self._pids.items()}
        self._thread = threading.Thread(target=self._watch, name="sampler", daemon=True)
        self._thread.start()
        for tree in self._trees.values():
            tree.before_s = tree.look()
        self._cpus_before, self._task_before = cpu_seconds(), last_task()
        self._own_before_s = time.process_time()  # of this process, which watches, and runs where it likes
        self._began_s = time.perf_counter()

    def _watch(self) -> None:
        tree = self._trees[self._sampled]
        while not self._stop.wait(SAMPLE_INTERVAL_S):
            tree.look()

    def end(self) -> None:
        for tree in self._trees.values():  # first of all: the server still works on what is under way
            tree.close()
        self._interval_s = time.perf_counter() - self._began_s
        task, cpus = last_task(), cpu_seconds()
        self._stop.set()
        self._thread.join()
        for tree in self._trees.values():
            tree.compare()
        self._trees[self._sampled].count_files()
        self.tasks_started = started_between(self._task_before, task)
        self.load_side_busy = max(
            (share for group in self._groups if (share := busy_share(self._cpus_before, cpus, group)) is not None),
            default=None,
        )
        self.steal = steal_share(self._cpus_before, cpus)
        self.others_busy = self._others_busy(cpus)

    def _others_busy(self, cpus: CpuSeconds) -> float | None:
        """The server's own CPUs are nobody else's; where it has none, everything of ours counts as ours."""
        alone = bool(self._server_cpus) and not any(set(self._server_cpus) & set(group) for group in self._groups)
        watched = self._server_cpus if alone else tuple(range(len(cpus.total)))
        trees = [self._trees[self._sampled]] if alone else self._trees.values()
        own_s = sum(tree.cpu_s for tree in trees) + time.process_time() - self._own_before_s
        return others_share(self._cpus_before, cpus, watched, own_s)

    @property
    def server_changed(self) -> bool:
        """After ``end``: whether a process of the sampled tree ended or began within the window."""
        return self._trees[self._sampled].changed

    def usage(self, window_s: float) -> dict[str, Usage]:
        """After ``end``: what each tree used in a window of this length, which lay between the two looks."""
        share = min(1.0, window_s / self._interval_s)
        return {name: tree.usage(share) for name, tree in self._trees.items()}


class PhaseWatch:
    """How busy the busiest of several groups of CPUs was in each of several stretches of time, one after the other."""

    def __init__(self, durations_s: Sequence[float], groups: tuple[tuple[int, ...], ...]) -> None:
        self._durations_s = durations_s
        self._groups = groups
        self._marks: list[CpuSeconds] = []
        self._thread = threading.Thread(target=self._watch, name="phase-watch", daemon=True)

    def begin(self) -> None:
        self._thread.start()

    def _watch(self) -> None:
        due_s = time.monotonic()
        self._marks.append(cpu_seconds())
        for duration_s in self._durations_s:
            due_s += duration_s
            time.sleep(max(0.0, due_s - time.monotonic()))
            self._marks.append(cpu_seconds())

    def busy(self) -> list[float | None]:
        """For each stretch; None where nothing is pinned."""
        self._thread.join()
        shares = [
            [busy_share(before, after, group) for group in self._groups] for before, after in pairwise(self._marks)
        ]
        return [max((share for share in found if share is not None), default=None) for found in shares]


@dataclass(frozen=True)
class CpuSeconds:
    """Seconds since boot, per CPU."""

    busy: tuple[float, ...]
    stolen: tuple[float, ...]
    total: tuple[float, ...]
    working: tuple[float, ...] = ()  # for processes: neither interrupts nor what the host took


def cpu_seconds() -> CpuSeconds:
    working, busy, stolen, total = [], [], [], []
    for times in psutil.cpu_times(percpu=True):
        fields = times._asdict()
        fields.pop("guest", None)  # already part of user
        fields.pop("guest_nice", None)
        steal = fields.get("steal", 0.0)
        idle = fields.get("idle", 0.0) + fields.get("iowait", 0.0)
        working.append(fields.get("user", 0.0) + fields.get("nice", 0.0) + fields.get("system", 0.0))
        total.append(sum(fields.values()))
        busy.append(total[-1] - idle)
        stolen.append(steal)
    return CpuSeconds(tuple(busy), tuple(stolen), tuple(total), tuple(working))


def busy_share(before: CpuSeconds, after: CpuSeconds, cpus: tuple[int, ...]) -> float | None:
    """Share of these CPUs' time that was not idle; None when no time passed."""
    total = sum(after.total[cpu] - before.total[cpu] for cpu in cpus)
    return max(0.0, sum(after.busy[cpu] - before.busy[cpu] for cpu in cpus) / total) if total > 0 else None


def others_share(before: CpuSeconds, after: CpuSeconds, cpus: tuple[int, ...], own_s: float) -> float | None:
    """Share of these CPUs' time that processes took beyond ``own_s``; None when no time passed."""
    total = sum(after.total[cpu] - before.total[cpu] for cpu in cpus)
    worked = sum(after.working[cpu] - before.working[cpu] for cpu in cpus)
    return max(0.0, (worked - own_s) / total) if total > 0 else None


def steal_share(before: CpuSeconds, after: CpuSeconds) -> float | None:
    """Share of all CPUs' time that a hypervisor gave to somebody else; None when no time passed."""
    total = sum(after.total) - sum(before.total)
    return max(0.0, (sum(after.stolen) - sum(before.stolen)) / total) if total > 0 else None


def last_task() -> int | None:
    """The number of the newest process or thread (Linux counts both in one sequence)."""
    try:
        return int(Path("/proc/loadavg").read_text().split()[-1])
    except (OSError, ValueError):
        return None


def started_between(before: int | None, after: int | None) -> int | None:
    """How many processes and threads began between two looks at ``last_task``; the numbers wrap at pid_max."""
    if before is None or after is None:
        return None
    if after >= before:
        return after - before
    return after - before + int(Path("/proc/sys/kernel/pid_max").read_text()) - FIRST_PID_AFTER_WRAP
