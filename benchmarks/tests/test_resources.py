"""What processes and CPUs used."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from benchmarks.resources import (
    FIRST_PID_AFTER_WRAP,
    CpuSeconds,
    Sampler,
    busy_share,
    cpu_seconds,
    last_task,
    others_share,
    started_between,
    steal_share,
)
from benchmarks.servers.process import IDENTITY_PATH, OwnAccount, ask_account, get
from conftest import Serve

BEFORE = CpuSeconds(busy=(10.0, 20.0), stolen=(1.0, 2.0), total=(100.0, 100.0))
AFTER = CpuSeconds(busy=(11.0, 28.0), stolen=(1.5, 2.5), total=(110.0, 110.0))
linux = pytest.mark.skipif(last_task() is None, reason="the platform does not tell")


@pytest.mark.parametrize(("cpus", "share"), [((0,), 0.1), ((1,), 0.8), ((0, 1), 0.45)])
def test_busy_is_the_share_of_these_cpus_time(cpus: tuple[int, ...], share: float) -> None:
    assert busy_share(BEFORE, AFTER, cpus) == pytest.approx(share)


def test_stolen_is_the_share_of_all_cpus_time() -> None:
    assert steal_share(BEFORE, AFTER) == pytest.approx(0.05)


def test_when_no_time_passed_there_is_no_share() -> None:
    assert busy_share(BEFORE, BEFORE, (0,)) is None
    assert steal_share(BEFORE, BEFORE) is None
    assert busy_share(BEFORE, AFTER, ()) is None


def test_busy_and_stolen_are_parts_of_the_total() -> None:
    found = cpu_seconds()
    assert len(found.busy) == len(found.stolen) == len(found.total) >= 1
    for busy, stolen, total in zip(found.busy, found.stolen, found.total, strict=True):
        assert 0 <= stolen <= busy <= total


@pytest.mark.parametrize(
    ("before", "after", "started"), [(100, 100, 0), (100, 117, 17), (None, 5, None), (5, None, None)]
)
def test_tasks_are_numbered_one_after_another(before: int | None, after: int | None, started: int | None) -> None:
    assert started_between(before, after) == started


@linux
def test_the_numbers_of_tasks_begin_again_after_the_largest() -> None:
    largest = int(Path("/proc/sys/kernel/pid_max").read_text())
    assert started_between(largest - 1, FIRST_PID_AFTER_WRAP) == 1
    assert started_between(largest - 10, FIRST_PID_AFTER_WRAP + 10) == 20


@linux
def test_threads_that_begin_are_counted() -> None:
    before = last_task()
    for _ in range(50):
        thread = threading.Thread(target=lambda: None)
        thread.start()
        thread.join()
    assert started_between(before, last_task()) >= 50


BUSY = """
import subprocess, sys, threading, time
child = subprocess.Popen([sys.executable, "-c", "while True: pass"]) if "fork" in sys.argv else None
threading.Thread(target=time.sleep, args=(30,), daemon=True).start()
files = [open("/dev/null") for _ in range(20)]
print("ready", flush=True)
sys.stdin.read()
if child: child.kill(); child.wait()
"""


@pytest.fixture
def tree(request: pytest.FixtureRequest) -> Iterator[subprocess.Popen[str]]:
    """A process with two threads and, where wanted, a busy child."""
    words = [sys.executable, "-c", BUSY, *getattr(request, "param", [])]
    with subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout.readline() == "ready\n"
        yield process
        process.stdin.close()


@pytest.mark.parametrize("tree", [["fork"]], indirect=True)
def test_a_tree_is_a_process_and_all_below_it(tree: subprocess.Popen[str]) -> None:
    sampler = Sampler({"server": tree.pid}, "server", ((0,),))
    sampler.begin()
    time.sleep(0.5)
    sampler.end()
    used = sampler.usage(0.5)["server"]
    assert used.processes == 2
    assert used.peak_threads == 3
    assert used.cpu_s > 0, "its child's"
    assert 0 < used.steady_rss_bytes <= used.peak_rss_bytes
    assert used.open_files >= 20
    assert not sampler.server_changed
    assert 0 <= sampler.load_side_busy <= 1.01
    assert sampler.steal is not None
    assert sampler.tasks_started is not None or last_task() is None


@pytest.mark.parametrize("tree", [["fork"]], indirect=True)
def test_what_was_used_between_the_looks_is_scaled_to_the_window(tree: subprocess.Popen[str]) -> None:
    """The looks lie around the window; a window longer than that is not made up for."""
    sampler = Sampler({"server": tree.pid}, "server", ())
    sampler.begin()
    time.sleep(0.4)
    sampler.end()
    tenth, fifth, longer, longest = (sampler.usage(window_s)["server"] for window_s in (0.1, 0.2, 10.0, 20.0))
    assert 0 < tenth.cpu_s < longer.cpu_s == longest.cpu_s
    assert fifth.cpu_s == pytest.approx(2 * tenth.cpu_s)
    assert tenth.peak_rss_bytes == longest.peak_rss_bytes
    assert sampler.load_side_busy is None, "nothing is pinned"


@pytest.mark.parametrize("tree", [["fork"]], indirect=True)
def test_a_process_that_ends_within_the_window_is_noticed(tree: subprocess.Popen[str]) -> None:
    sampler = Sampler({"server": tree.pid}, "server", ())
    sampler.begin()
    tree.stdin.close()
    tree.wait()
    sampler.end()
    assert sampler.server_changed


def test_several_trees_are_watched_each_by_itself(tree: subprocess.Popen[str]) -> None:
    pids = {"server": tree.pid, "generator": tree.pid, "gone": 2**22 - 1}
    sampler = Sampler(pids, "server", ())
    sampler.begin()
    sampler.end()
    used = sampler.usage(1.0)
    assert used.keys() == pids.keys()
    assert used["generator"].open_files is None, "only the server's are counted"
    assert (used["gone"].processes, used["gone"].cpu_s) == (0, 0)


def test_an_account_since_an_earlier_one_is_the_difference() -> None:
    assert OwnAccount(1.5, 30, 7).since(OwnAccount(1.0, 10, 7)) == OwnAccount(0.5, 20, 0)


@pytest.mark.slow
def test_a_server_tells_the_switches_of_threads_that_have_ended(serve: Serve) -> None:
    """Under ASGI every sync view is handed to a thread and back: at least a switch each."""
    with serve("plaintext", "sync@uvicorn") as process:
        get(process.port, "/plaintext/sync/", timeout_s=10)
        before, asked = ask_account(process, 1), ask_account(process, 1)
        for _ in range(50):
            get(process.port, "/plaintext/sync/", timeout_s=10)
        after = ask_account(process, 1)
    assert None not in (before, asked, after)
    work, asking = after.since(asked), asked.since(before)
    assert work.voluntary_switches >= 100 > asking.voluntary_switches
    assert work.cpu_s > asking.cpu_s >= 0


@pytest.mark.slow
def test_every_worker_of_a_server_is_heard(serve: Serve) -> None:
    """Who answers is the kernel's choice, and the second may not be there yet: so more than one attempt."""
    with serve("plaintext", "sync@gunicorn-sync") as process:
        one = json.loads(get(process.port, IDENTITY_PATH, timeout_s=10)[1])
        both = next(filter(None, (ask_account(process, 2) for _ in range(100))), None)
        three = ask_account(process, 3)
    assert both is not None
    assert both.cpu_s > 1.5 * one["cpu_s"], "both have imported the same"
    assert three is None, "there is no third"


@pytest.mark.slow
def test_a_server_that_is_gone_tells_nothing(serve: Serve) -> None:
    with serve("plaintext", "async@uvicorn") as process:
        assert ask_account(process, 1) is not None
    assert ask_account(process, 1) is None


def test_what_strangers_took_is_what_worked_and_was_not_ours() -> None:
    before = CpuSeconds((0.0, 0.0), (0.0, 0.0), (10.0, 10.0), (5.0, 5.0))
    after = CpuSeconds((0.0, 0.0), (0.0, 0.0), (11.0, 11.0), (5.9, 5.5))
    assert others_share(before, after, (0,), 0.4) == pytest.approx(0.5)
    assert others_share(before, after, (0, 1), 0.4) == pytest.approx(0.5)
    assert others_share(before, after, (1,), 0.8) == 0.0, "never below nothing"
    assert others_share(before, before, (0,), 0.0) is None


@linux
def test_who_works_on_the_servers_cpus_is_seen_and_the_server_is_no_stranger() -> None:
    cpu = sorted(os.sched_getaffinity(0))[:1]
    spin = ["taskset", "-c", str(cpu[0]), sys.executable, "-c", "while True: pass"]
    with subprocess.Popen(spin) as server:
        try:
            alone = watched(server.pid, tuple(cpu))
            with subprocess.Popen(spin) as stranger:
                try:
                    beside = watched(server.pid, tuple(cpu))
                finally:
                    stranger.kill()
        finally:
            server.kill()
    assert beside > max(0.2, alone), "on a busy machine others are there already"


def watched(pid: int, cpus: tuple[int, ...]) -> float:
    sampler = Sampler({"server": pid}, "server", (), cpus)
    time.sleep(0.1)
    sampler.begin()
    time.sleep(0.6)
    sampler.end()
    assert sampler.others_busy is not None
    return sampler.others_busy
