"""The instrument is made to measure what is known beforehand, through the real command."""

from __future__ import annotations

import re

import pytest

from apps.results.management.commands.checkinstrument import most_misses
from conftest import Sandbox

CHECKS = (
    "constant 500 ms",
    "bimodal 100 and 500 ms",
    "stall of 1 s, open loop",
    "stall of 1 s, closed loop",
    "the same contender twice",
    "10 ms against 11 ms",
)


@pytest.mark.slow
def test_every_check_is_told_and_a_failed_one_is_the_exit_code(sandbox: Sandbox) -> None:
    """On a machine whose other half runs this suite a check may rightly fail; that it is told may not."""
    done = sandbox.manage("checkinstrument")
    told = dict(re.findall(r"^(?:ok|FAILED) +([^:]+): (.+)", done.stdout, re.MULTILINE))
    assert set(CHECKS) <= set(told)
    assert set(told) <= {*CHECKS, "beside wrk"}
    assert done.returncode == ("FAILED" in done.stdout)
    assert ("The instrument found what was known" in done.stdout) == (done.returncode == 0)
    p99_ms = float(re.search(r"p99 ([\d.]+) ms", told["stall of 1 s, open loop"])[1])
    hidden_ms = float(re.search(r"p99 ([\d.]+) ms", told["stall of 1 s, closed loop"])[1])
    assert p99_ms > 900 > hidden_ms, "the stall is seen in an open loop, and hidden in a closed one"
    sandbox.wait_until_clean()


@pytest.mark.slow
def test_real_contenders_against_themselves(sandbox: Sandbox) -> None:
    done = sandbox.manage("checkinstrument", "--aa", "1")
    assert re.search(r"^ +1 of 1 +sync@gunicorn-threads +(\d\.\d+ ×|too few valid rounds)", done.stdout, re.MULTILINE)
    assert re.search(r"^1 of 1: (no difference seen|void)\.$", done.stdout, re.MULTILINE) or done.returncode == 1
    sandbox.wait_until_clean()


@pytest.mark.parametrize(("runs", "misses"), [(0, 0), (1, 1), (10, 2), (20, 3), (100, 10)])
def test_as_many_misses_are_allowed_as_right_intervals_have(runs: int, misses: int) -> None:
    assert most_misses(runs) == misses
