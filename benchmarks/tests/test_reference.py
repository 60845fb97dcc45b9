"""A run as it is kept in a repository says what it said, in fewer bytes."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks import record
from benchmarks.load.results import LoadResult, Slice
from benchmarks.load.specs import Model
from benchmarks.plan import BASELINE
from benchmarks.record import CellRecord, RunRecord
from benchmarks.reference import NOTE, as_reference, coarse
from benchmarks.reports.tables import ScenarioTable, tables
from benchmarks.stats.histogram import Histogram, bucket_middle_ns, bucket_of
from benchmarks.stats.summary import summarise
from benchmarks.tests.full_record import full_run
from benchmarks.tests.records import cell_record, load_result, round_record, run_record, usage

ASYNC = "async@uvicorn"
VALUES_NS = st.integers(0, 10**12)
COUNTS = st.dictionaries(VALUES_NS.map(bucket_of), st.integers(1, 1000), max_size=50)


def measured(number: int, succeeded: int, middle_s: float) -> LoadResult:
    """Answers whose latencies are spread over a wide range, in ten slices."""
    latencies_s = [middle_s * (1 + place / succeeded) ** 2 for place in range(succeeded)]
    counts = dict(Histogram.of_seconds(latencies_s).counts)
    return load_result(
        succeeded,
        histogram=counts,
        first_byte=counts,
        connect=counts,
        send_lag=counts,
        first_chunk=counts,
        gaps=counts,
        groups={"innocent": counts},
        slices=[Slice(succeeded // 10 + number * (place == 1), 0, histogram=counts) for place in range(10)],
    )


def cell(contender: str, succeeded: int, middle_s: float) -> CellRecord:
    rounds = [
        round_record(number, measured(number, succeeded + 7 * number, middle_s), usage={"server": usage(0.1 * number)})
        for number in range(1, 6)
    ]
    return cell_record(contender, rounds=rounds)


@pytest.fixture(scope="module")
def run() -> RunRecord:
    return run_record(cell(BASELINE, 1000, 0.012), cell(ASYNC, 1500, 0.0081), cell("wrapped@uvicorn", 990, 0.0135))


def bare(found: ScenarioTable) -> tuple[object, ...]:
    """All of a table but its latencies."""
    speeds = [(row.texts[0], row.texts[1], *row.texts[6:]) for row in found.figures.rows]
    return (speeds, found.costs, found.sentences, found.verdict, found.footnotes, found.notes, found.matrices)


@given(COUNTS)
def test_coarse_counts_have_the_same_total(counts: dict[int, int]) -> None:
    assert sum(coarse(counts).values()) == sum(counts.values())


@given(VALUES_NS)
def test_every_value_is_told_within_eight_thousandths(value_ns: int) -> None:
    told_ns = bucket_middle_ns(bucket_of(value_ns))
    ((bucket, count),) = coarse({bucket_of(value_ns): 3}).items()
    assert count == 3
    assert abs(bucket_middle_ns(bucket) - told_ns) <= 0.008 * told_ns


@given(COUNTS)
def test_what_is_coarse_stays_as_it_is(counts: dict[int, int]) -> None:
    assert coarse(coarse(counts)) == coarse(counts)


def test_many_buckets_become_few_in_their_order() -> None:
    counts = dict(Histogram.of_seconds(0.001 + place * 1e-6 for place in range(1000)).counts)
    assert len(counts) > 800
    found = coarse(counts)
    assert len(found) <= 65, "64 to a power of two"
    assert list(found) == sorted(found)


def test_twice_is_as_good_as_once(run: RunRecord) -> None:
    for one in (run, full_run()):
        assert as_reference(as_reference(one)) == as_reference(one)


def test_the_run_itself_stays_what_it_was() -> None:
    before, after = full_run(), full_run()
    as_reference(after)
    assert after == before


def test_a_reference_says_that_it_is_one_beside_what_was_noted() -> None:
    assert as_reference(full_run()).notes == ["a note", NOTE]


def test_its_tables_are_the_runs_but_for_the_last_digits_of_latencies(run: RunRecord) -> None:
    (found,), (kept,) = tables(run), tables(as_reference(run))
    assert bare(kept) == bare(found)
    assert found.verdict
    assert [title for title, _ in kept.parts] == [title for title, _ in found.parts]


def test_its_latencies_are_within_eight_thousandths(run: RunRecord) -> None:
    for row, kept in zip(summarise(run, "plaintext"), summarise(as_reference(run), "plaintext"), strict=True):
        assert kept.requests_per_s == row.requests_per_s
        assert kept.ratio == row.ratio
        for name in ("p50_ms", "p90_ms", "p99_ms"):
            assert getattr(kept, name) == pytest.approx(getattr(row, name), rel=0.008)
        for one, other in ((kept.groups["innocent"], row.groups["innocent"]), (kept.gap, row.gap)):
            assert one
            assert other
            assert (one.p50_ms, one.p99_ms) == pytest.approx((other.p50_ms, other.p99_ms), rel=0.008)


def test_what_no_table_shows_is_left_out(run: RunRecord) -> None:
    for entry in as_reference(run).cells[0].rounds:
        assert entry.load
        assert entry.load.first_byte == entry.load.connect == entry.load.send_lag == {}
        assert {one.succeeded > 0 for one in entry.load.slices} == {True}, "from which intervals come"
        assert not any(one.histogram for one in entry.load.slices)


def test_it_is_a_record_that_can_be_read_back(run: RunRecord) -> None:
    for one in (run, full_run()):
        assert record.loads(record.dumps(as_reference(one))) == as_reference(one)


def test_it_takes_a_fraction_of_the_bytes(run: RunRecord, tmp_path: Path) -> None:
    record.write(run, tmp_path / "run.json", indent=None)
    record.write(as_reference(run), tmp_path / "reference.json", indent=None)
    size, kept = ((tmp_path / name).stat().st_size for name in ("run.json", "reference.json"))
    assert kept < size / 10


def test_written_in_one_line_it_is_read_back(run: RunRecord, tmp_path: Path) -> None:
    path = tmp_path / "reference.json"
    record.write(as_reference(run), path, indent=None)
    assert len(path.read_text().splitlines()) == 1
    assert record.read(path) == as_reference(run)


def test_of_an_open_loop_too_ratios_and_verdict_are_the_runs() -> None:
    """They are those of median latencies, so that coarser ones would move them."""
    sides = ((BASELINE, 0.01016), (ASYNC, 0.01000))
    cells = [
        cell_record(
            name,
            rate_per_s=500.0,
            rounds=[round_record(n, load_result(500, latency_s=middle_s + n * 1e-6)) for n in range(1, 6)],
        )
        for name, middle_s in sides
    ]
    run = run_record(*cells, load=str(Model.OPEN))
    assert bare(tables(as_reference(run))[0]) == bare(tables(run)[0])


@pytest.mark.parametrize("options", [{}, {"load": str(Model.OPEN)}])
def test_it_names_no_path_of_the_machine(options: dict[str, str]) -> None:
    cell = cell_record(command=["/home/me/.venv/bin/python", "-m", "gunicorn", "project.wsgi:application"])
    (kept,) = as_reference(run_record(cell, **options)).cells
    assert kept.command == ["python", "-m", "gunicorn", "project.wsgi:application"]
