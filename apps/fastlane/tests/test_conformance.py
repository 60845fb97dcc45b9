"""Django's own tests hold with the fast lane, and one of them falls with a fault that is put in."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]


def conformance(*options: str, within_s: float) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "apps.fastlane.conformance", *options]
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("DJANGO_", "FASTLANE_"))}
    return subprocess.run(
        command, check=False, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=within_s
    )


@pytest.mark.slow
@pytest.mark.timeout(1200)
def test_djangos_own_tests_hold_with_the_handler_replaced_and_with_the_clients_led_through_it():
    done = conformance("--jobs", "2", within_s=1150)
    assert done.returncode == 0, done.stderr + done.stdout
    found = re.findall(r"^(\w+): (\d+) ran, 0 failed, .* (\d+) requests entered the fast lane", done.stdout, re.M)
    counts = {mode: (int(ran), int(requests)) for mode, ran, requests in found}
    assert counts.keys() == {"replaced", "routed"}
    assert counts["replaced"] >= (1400, 20)
    assert counts["routed"] >= (1400, 1300)


@pytest.mark.slow
@pytest.mark.timeout(500)
def test_they_fail_when_every_middleware_hook_runs_on_the_loop():
    done = conformance(
        "--mode", "routed", "--mutant", "hooks-inline", "--labels", "messages_tests.test_session", within_s=450
    )
    assert done.returncode == 1, done.stderr + done.stdout
    assert "FAILED messages_tests.test_session.SessionTests.test_full_request_response_cycle" in done.stdout
    assert "SynchronousOnlyOperation" in done.stdout
