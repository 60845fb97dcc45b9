"""What a try must not disturb, and what it has to tell apart."""

from __future__ import annotations

import socket
from time import perf_counter
from typing import Any

import pytest

from apps.comparisons.tests.test_trying import attempt, post
from apps.results.models import Race
from apps.scenarios.cpu_bound import work

pytestmark = pytest.mark.django_db
WAIT_MS = 50  # of slow_io's example


def test_nobody_disturbs_what_is_measured():
    race = Race.objects.create(asked={}, command_host="elsewhere.example")
    told = post("plaintext/try/sync", status=409)
    assert told["error"].startswith(f"race {race.pk} is going on")
    race.delete()
    assert post("plaintext/try/sync")["answers"][0]["status"] == 200


def test_a_race_whose_command_is_gone_keeps_nobody_from_trying():
    race = Race.objects.create(asked={}, command_host=socket.gethostname(), command_pid=2**22 + 1)
    assert post("plaintext/try/sync")["answers"][0]["status"] == 200
    race.refresh_from_db()
    assert race.active is None


def test_steps_tell_computing_from_waiting():
    began_s = perf_counter()
    work.compute(1)
    alone_ms = (perf_counter() - began_s) * 1000
    (waits,) = attempt("slow_io", "async")["answers"]
    (computes,) = attempt("cpu_bound", "async")["answers"]
    assert waits["steps"]
    assert waits["ended_ms"] - waits["began_ms"] - computed_ms(waits) > 0.9 * WAIT_MS
    assert max(to_ms - from_ms for from_ms, to_ms in computes["steps"]) > 0.5 * alone_ms


def computed_ms(answer: dict[str, Any]) -> float:
    return sum(to_ms - from_ms for from_ms, to_ms in answer["steps"])
