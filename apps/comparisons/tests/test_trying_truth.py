"""What a try must not disturb, and what it has to tell apart."""

from __future__ import annotations

from typing import Any

import pytest

from apps.comparisons.tests.test_trying import attempt, post
from apps.results.models import Race

pytestmark = pytest.mark.django_db


def test_nobody_disturbs_what_is_measured():
    race = Race.objects.create(asked={}, command_host="elsewhere.example")
    told = post("plaintext/try/sync", status=409)
    assert told["error"].startswith(f"race {race.pk} is going on")
    race.delete()
    assert post("plaintext/try/sync")["answers"][0]["status"] == 200


def test_steps_tell_computing_from_waiting():
    (waits,) = attempt("slow_io", "async")["answers"]
    (computes,) = attempt("cpu_bound", "async")["answers"]

    def share(answer: dict[str, Any]) -> float:
        computed_ms = sum(to_ms - from_ms for from_ms, to_ms in answer["steps"])
        return computed_ms / (answer["ended_ms"] - answer["began_ms"])

    assert share(waits) < 0.5 * share(computes)
