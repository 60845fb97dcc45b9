"""Django's test runner, writing down what became of each test: one JSON object a line, as it happens."""

from __future__ import annotations

import faulthandler
import json
import unittest
from collections.abc import Callable
from typing import Any, TextIO

from django.test.runner import DiscoverRunner
from django.test.utils import iter_test_cases  # type: ignore[attr-defined]

from .excluded import LEFT_OUT

TEST_WITHIN_S = 120.0  # a test that hangs ends the run, with the stacks of all threads

before_each_test: list[Callable[[], None]] = []
report: TextIO | None = None


def write(**fields: Any) -> None:
    if report is not None:
        report.write(json.dumps(fields) + "\n")
        report.flush()


class RecordingResult(unittest.TextTestResult):
    """What unittest counts, and a line for each test begun and each that did not hold."""

    def startTest(self, test: unittest.TestCase) -> None:  # noqa: N802 # unittest's name
        faulthandler.dump_traceback_later(TEST_WITHIN_S, exit=True, file=2)
        write(began=test.id())
        for call in before_each_test:
            call()
        super().startTest(test)

    def stopTest(self, test: unittest.TestCase) -> None:  # noqa: N802
        super().stopTest(test)
        faulthandler.cancel_dump_traceback_later()

    def addError(self, test: unittest.TestCase, err: Any) -> None:  # noqa: N802
        super().addError(test, err)
        write(failed=_name(test), because=self.errors[-1][1])

    def addFailure(self, test: unittest.TestCase, err: Any) -> None:  # noqa: N802
        super().addFailure(test, err)
        write(failed=_name(test), because=self.failures[-1][1])

    def addSubTest(self, test: unittest.TestCase, subtest: unittest.TestCase, err: Any) -> None:  # noqa: N802
        super().addSubTest(test, subtest, err)
        if err is not None:
            kept = self.failures if issubclass(err[0], test.failureException) else self.errors
            write(failed=_name(test), because=kept[-1][1])

    def addSkip(self, test: unittest.TestCase, reason: str) -> None:  # noqa: N802
        super().addSkip(test, reason)
        write(skipped=_name(test))

    def addUnexpectedSuccess(self, test: unittest.TestCase) -> None:  # noqa: N802
        super().addUnexpectedSuccess(test)
        write(failed=_name(test), because="It was expected to fail, and did not.")


class RecordingRunner(DiscoverRunner):
    def get_resultclass(self) -> type[RecordingResult]:
        return RecordingResult

    def build_suite(self, *args: Any, **named: Any) -> unittest.TestSuite:
        suite = super().build_suite(*args, **named)
        left_out = tuple(LEFT_OUT)
        return type(suite)(test for test in iter_test_cases(suite) if not test.id().startswith(left_out))


def _name(test: unittest.TestCase) -> str:
    """An error in ``setUpClass`` belongs to ``setUpClass (module.Class)``: the class is its name then."""
    name = test.id()
    return name.partition("(")[2].rstrip(")") if "(" in name else name
