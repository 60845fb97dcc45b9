"""Enough files and ports before the start; with the real limits in processes of their own."""

from __future__ import annotations

import errno
import subprocess
import sys
from pathlib import Path

import pytest

from benchmarks import descriptors
from benchmarks.descriptors import SPARE, check_connections, hint_for, local_ports
from benchmarks.exceptions import UsageError
from conftest import ROOT

CODE = """
import resource, sys
from benchmarks.descriptors import check_connections
from benchmarks.exceptions import UsageError
try:
    check_connections(int(sys.argv[1]), int(sys.argv[2]))
except UsageError as error:
    print(error, "|", error.hint)
else:
    print(*resource.getrlimit(resource.RLIMIT_NOFILE))
"""


def checked(limits: str, connections: int, calls: int = 0) -> str:
    """What a process with these limits says; its soft and hard limit when it may go on."""
    words = f'{limits} && exec "$0" -c "$1" {connections} {calls}'
    done = subprocess.run(
        ["bash", "-c", words, sys.executable, CODE], cwd=ROOT, capture_output=True, text=True, timeout=60, check=True
    )
    return done.stdout.strip()


@pytest.mark.parametrize(
    ("limits", "connections", "said"),
    [
        ("ulimit -n 300", 236, "300 300"),
        ("ulimit -Sn 100 && ulimit -Hn 300", 36, "100 300"),
        ("ulimit -Sn 100 && ulimit -Hn 300", 33, "100 300"),
        ("ulimit -Sn 100 && ulimit -Hn 300", 37, "101 300"),
        ("ulimit -Sn 100 && ulimit -Hn 300", 236, "300 300"),
    ],
    ids=["at the limit", "enough", "more than enough", "one more", "all there is"],
)
def test_the_soft_limit_is_raised_as_far_as_needed_and_no_further(limits: str, connections: int, said: str) -> None:
    assert checked(limits, connections) == said


@pytest.mark.parametrize(
    ("limit", "connections", "said"),
    [
        (
            300,
            237,
            "237 connections need 301 open files, but the limit is 300 | "
            "at most 236 fit; or raise the limit with: ulimit -n 301",
        ),
        (60, 1, "1 connections need 65 open files, but the limit is 60 | raise the limit with: ulimit -n 65"),
    ],
)
def test_a_hard_limit_is_refused_with_the_number_that_fits(limit: int, connections: int, said: str) -> None:
    assert checked(f"ulimit -n {limit}", connections) == said


def test_calls_to_services_are_open_files_too() -> None:
    assert checked("ulimit -n 300", 21, calls=10) == "300 300"
    assert checked("ulimit -Sn 100 && ulimit -Hn 300", 20, calls=10) == "284 300"
    assert checked("ulimit -n 300", 22, calls=10) == (
        "22 connections, with up to 10 calls to services each, need 306 open files, but the limit is 300 | "
        "at most 21 fit; or raise the limit with: ulimit -n 306"
    )


def test_more_connections_than_ports_are_refused_with_the_number_that_fits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(descriptors, "local_ports", lambda: 100)
    check_connections(100 - SPARE)
    with pytest.raises(
        UsageError, match="37 connections to one server need as many local ports, and there are 100"
    ) as it:
        check_connections(37)
    assert it.value.hint == "at most 36 fit; or widen net.ipv4.ip_local_port_range"


@pytest.mark.parametrize(("text", "ports"), [("32768\t60999\n", 28232), ("5 5", 1), ("", None), ("a b", None)])
def test_ports_are_those_that_the_kernel_hands_out(
    text: str, ports: int | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "range"
    path.write_text(text)
    monkeypatch.setattr(descriptors, "PORT_RANGE", path)
    assert local_ports() == ports


def test_where_the_kernel_does_not_tell_ports_are_not_checked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(descriptors, "PORT_RANGE", tmp_path / "absent")
    assert local_ports() is None
    check_connections(1)


@pytest.mark.parametrize(
    ("number", "word"),
    [(errno.EMFILE, "ulimit -n"), (errno.ENFILE, "ulimit -n"), (errno.ENOSPC, "disk"), (errno.EIO, "")],
)
def test_what_to_do_about_a_machine_that_has_run_out_of_something(number: int, word: str) -> None:
    hint = hint_for(OSError(number, "x"))
    assert word in hint
    assert bool(word) == bool(hint)
