"""Run Django's own tests, for the installed version, through the fast lane: ``python -m apps.fastlane.conformance``.

Exit code 0: no test fails that holds with stock. 1: some do, or nothing was tested. 2: the tests could not be run.
"""

from __future__ import annotations

import argparse
import platform
import sys
import time
from collections.abc import Sequence

import django

from .excluded import EXCLUDED, LEFT_OUT, error_lines, reason_with_stock
from .mutants import MUTANTS
from .runner import Outcome, RunBroken, run_all
from .sources import TestsUnavailable, tests_folder

# The slowest first, so that jobs end together.
LABELS = (
    "auth_tests",
    "asgi",
    "generic_views",
    "view_tests",
    "test_client",
    "messages_tests",
    "handlers",
    "file_uploads",
    "middleware_exceptions",
    "staticfiles_tests.test_handlers",
)
QUICK = ("asgi", "test_client", "messages_tests", "handlers", "file_uploads", "middleware_exceptions")
# These use an ASGI handler of their own, so there is no client to lead.
OWN_HANDLER = ("asgi", "staticfiles_tests.test_handlers")
MODES = ("replaced", "routed", "stock")
# Were it the bridge that fails, all tests would be excused.
MOST_EXCLUDED = 20
MOST_EXCLUDED_SHARE = 0.25
# What unittest and the runner report in place of a test: no label to run again.
NO_LABEL = ("unittest.loader.", "runtests.py")


def main(arguments: Sequence[str] | None = None) -> int:
    options = _parser().parse_args(arguments)
    began_s = time.monotonic()
    version = django.get_version()
    labels = options.labels or (QUICK if options.quick else LABELS)
    modes = MODES[:2] if options.mode == "all" else (options.mode,)
    _say(f"Django {version}, Python {platform.python_version()}: its own tests, {' '.join(labels)}")
    for name, reason in LEFT_OUT.items():
        _say(f"left out: {name}, which {reason}")
    try:
        tests = tests_folder(version)
        runs = [(mode, part) for mode in modes for part in _parts(_for_mode(mode, labels), options.jobs)]
        outcomes = run_all(runs, tests, options.mutant, options.jobs)
        again = {
            _baseline(mode): sorted(test for test in found.failed if not test.startswith(NO_LABEL))
            for mode, found in outcomes.items()
            if mode != "stock"
        }
        stock = run_all([(mode, failed) for mode, failed in again.items() if failed], tests, "", options.jobs)
    except (TestsUnavailable, RunBroken) as error:
        sys.stderr.write(f"{error}\n")
        return 2
    holds = all([_report(one, stock.get(_baseline(one.mode))) for one in outcomes.values()] or [False])
    _say(f"{'It holds' if holds else 'It does not hold'} ({time.monotonic() - began_s:.0f} s)")
    return 0 if holds else 1


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog=f"python -m {__package__}", description=__doc__)
    parser.add_argument(
        "--mode",
        choices=(*MODES, "all"),
        default="all",
        help="replaced: ASGIHandler is the fast lane's; routed: Client and AsyncClient are led through it; "
        "stock: they are led through ASGIHandler, to see what fails then (all: replaced and routed)",
    )
    parser.add_argument(
        "--labels", nargs="+", metavar="LABEL", help="Django's test labels (default: " + " ".join(LABELS) + ")"
    )
    parser.add_argument("--mutant", choices=sorted(MUTANTS), default="", help="put a fault in, to see the tests fail")
    parser.add_argument("--quick", action="store_true", help="a part of the labels, some seconds' worth")
    parser.add_argument("--jobs", type=int, default=1, metavar="N", help="processes side by side (default: 1)")
    return parser


def _for_mode(mode: str, labels: Sequence[str]) -> list[str]:
    return [label for label in labels if mode == "replaced" or not label.startswith(OWN_HANDLER)]


def _parts(labels: Sequence[str], jobs: int) -> list[Sequence[str]]:
    """One process for all, or one each."""
    if not labels:
        return []
    return [labels] if jobs == 1 else [[label] for label in labels]


def _baseline(mode: str) -> str:
    return "plain" if mode == "replaced" else "stock"


def _report(found: Outcome, stock: Outcome | None) -> bool:
    """Print what a mode came to; whether it holds."""
    excused = _excused(found.failed, stock.failed if stock else {})
    by_design = {test: EXCLUDED[test] for test in found.failed if test in EXCLUDED and test not in excused}
    against = {test: text for test, text in found.failed.items() if test not in excused and test not in by_design}
    where = "stock ASGIHandler" if found.mode == "stock" else "the fast lane"
    _say(
        f"\n{found.mode}: {found.ran} ran, {len(against)} failed, {len(excused) + len(by_design)} excluded, "
        f"{found.skipped} skipped by Django; {found.requests} requests entered {where} ({found.seconds:.0f} s)"
    )
    for test, reason in sorted(by_design.items()):
        _say(f"  excluded {test}\n      {reason}")
    for test, reason in sorted(excused.items()):
        _say(f"  excluded {test}\n      fails with stock as well: {reason}")
    for test, text in sorted(against.items()):
        _say(f"  FAILED {test}\n      " + text.strip().replace("\n", "\n      "))
    if found.mode == "stock":
        return True
    wrong = []
    if not found.requests:
        wrong.append("no request entered the fast lane")
    if found.mode == "routed" and not found.threads:
        wrong.append("no thread was leased")
    if found.leased:
        wrong.append(f"{found.leased} leases were never given back")
    if len(excused) > min(MOST_EXCLUDED, MOST_EXCLUDED_SHARE * found.ran):
        wrong.append(f"{len(excused)} of {found.ran} tests fail with stock: the bridge is at fault")
    for one in wrong:
        _say(f"  FAILED {one}")
    return not wrong and not against


def _excused(failed: dict[str, str], with_stock: dict[str, str]) -> dict[str, str]:
    return {
        test: reason_with_stock(test, text)
        for test, text in with_stock.items()
        if test in failed and error_lines(text) == error_lines(failed[test])
    }


def _say(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
