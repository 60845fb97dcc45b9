"""Results of several generators become one, as exact as if one generator had done it all."""

from __future__ import annotations

import itertools
from dataclasses import dataclass, field, fields, replace
from typing import Any

import pytest
from cattrs import ClassValidationError
from hypothesis import given
from hypothesis import strategies as st

from benchmarks.json_codec import json_codec
from benchmarks.load.recorder import Edges, Tally, result_of
from benchmarks.load.results import LoadResult, Slice, merged_counts
from benchmarks.load.specs import Model
from benchmarks.tests.loading import load_spec, longest_s, open_spec
from benchmarks.tests.records import load_result

WINDOW_S = 4.0
MOMENTS = st.floats(0.0, WINDOW_S)
SPANS = st.floats(0.0, 3.0)  # the specifications' timeout is 2 s
COUNTS = st.integers(0, 1000)
GROUPS = ("innocent", "poisoned", "innocent", "")  # by key
EVENTS = st.lists(SPANS, max_size=4).map(sorted).map(tuple)


@dataclass
class Share:
    """What one generator noted."""

    answers: list[tuple[float, float, float, int, tuple[float, ...]]]  # when, latency, first byte, key, events
    failures: list[tuple[float, str]]
    connects: list[float]
    arrivals: list[tuple[float, float | None]]  # when, and how late it was sent; None: not at all
    sums: list[int]
    edges: tuple[int, int, int, int]
    warmed_up: bool = field(default=True)

    def tally(self) -> Tally:
        when_s, latencies_s, first_bytes_s, keys = ([answer[place] for answer in self.answers] for place in range(4))
        return Tally(
            began_s=0.0,
            ended_s=WINDOW_S,
            sent=self.sums[0],
            bytes_sent=self.sums[1],
            bytes_received=self.sums[2],
            connections_closed=self.sums[3],
            answered_s=when_s,
            latencies_s=latencies_s,
            first_bytes_s=first_bytes_s,
            keys=keys,
            events_s={place: answer[4] for place, answer in enumerate(self.answers) if answer[4]},
            failures=self.failures,
            connects_s=self.connects,
            arrivals_s=[at_s for at_s, _ in self.arrivals],
            lags_s=[late_s for _, late_s in self.arrivals if late_s is not None],
            unsent_s=[at_s for at_s, late_s in self.arrivals if late_s is None],
        )

    def result(self, **options: Any) -> LoadResult:
        edges = Edges(*self.edges, self.warmed_up)
        return result_of(self.tally(), Tally(0.0), edges, load_spec(**options), GROUPS)


def together(shares: list[Share]) -> Share:
    """The same, noted by one."""

    def chained(name: str) -> list[Any]:
        return [one for share in shares for one in getattr(share, name)]

    def added(name: str) -> list[int]:
        return [sum(column) for column in zip(*(getattr(share, name) for share in shares), strict=True)]

    lists = {name: chained(name) for name in ("answers", "failures", "connects", "arrivals")}
    warmed_up = all(share.warmed_up for share in shares)
    return Share(**lists, sums=added("sums"), edges=tuple(added("edges")), warmed_up=warmed_up)


SHARES = st.builds(
    Share,
    answers=st.lists(st.tuples(MOMENTS, SPANS, SPANS, st.integers(0, 3), EVENTS), max_size=20),
    failures=st.lists(st.tuples(MOMENTS, st.sampled_from(["body", "reset", "timeout"])), max_size=5),
    connects=st.lists(SPANS, max_size=5),
    arrivals=st.lists(st.tuples(MOMENTS, st.none() | SPANS), max_size=20),
    sums=st.lists(COUNTS, min_size=4, max_size=4),
    edges=st.tuples(COUNTS, COUNTS, COUNTS, COUNTS),
    warmed_up=st.booleans(),
)
OPTIONS = st.sampled_from(
    [
        {},
        {"slices": 3, "slice_histograms": True},
        open_spec(duration_s=WINDOW_S),
        open_spec(duration_s=WINDOW_S, slices=1, slice_histograms=True),
        {"model": Model.SILENT},
    ]
)


@given(st.lists(SHARES, min_size=1, max_size=5), OPTIONS)
def test_merged_results_are_the_result_of_the_whole(shares: list[Share], options: dict[str, Any]) -> None:
    assert LoadResult.merged([share.result(**options) for share in shares]) == together(shares).result(**options)


@given(st.lists(SHARES, min_size=3, max_size=3), OPTIONS)
def test_the_order_of_merging_does_not_matter(shares: list[Share], options: dict[str, Any]) -> None:
    results = [share.result(**options) for share in shares]
    merged = [LoadResult.merged(list(some)) for some in itertools.permutations(results)]
    assert all(other == merged[0] for other in merged)


@given(SHARES, OPTIONS)
def test_a_window_is_counted_once_each_in_sums_slices_and_histograms(share: Share, options: dict[str, Any]) -> None:
    result = share.result(**options)
    assert result.succeeded + result.failed == len(share.answers) + len(share.failures)
    followed = sum(when_s >= latency_s for when_s, latency_s, *_ in share.answers if latency_s <= 2.0)
    expected = followed if result.offered is not None else result.succeeded  # who came before an open loop's window
    assert sum(result.histogram.values()) == sum(result.first_byte.values()) == expected
    assert sum(one.succeeded for one in result.slices) == result.succeeded
    assert sum(one.failed for one in result.slices) == result.failed
    assert sum(one.offered for one in result.slices) == len(share.arrivals)
    assert sum(one.unsent for one in result.slices) == result.unsent
    assert not result.histogram or longest_s(result.histogram) <= 2.0 * 1.001
    if options.get("slice_histograms") and result.offered is None:
        assert Slice.merged(result.slices).histogram == result.histogram


@given(SHARES, OPTIONS)
def test_groups_and_streams_are_of_the_same_answers_as_the_histogram(share: Share, options: dict[str, Any]) -> None:
    result = share.result(**options)
    followed = [
        answer
        for answer in share.answers
        if answer[1] <= 2.0 and (result.offered is None or answer[0] - answer[1] >= 0.0)
    ]
    assert {group: sum(counts.values()) for group, counts in result.groups.items()} == {
        group: sum(GROUPS[answer[3]] == group for answer in followed) for group in ("innocent", "poisoned")
    }
    alone = sum(not GROUPS[answer[3]] for answer in followed)
    assert sum(merged_counts(result.groups.values()).values()) + alone == sum(result.histogram.values())
    streams = [answer[4] for answer in followed if answer[4]]
    assert sum(result.first_chunk.values()) == len(streams)
    assert sum(result.gaps.values()) == sum(len(events_s) - 1 for events_s in streams)


def test_a_group_that_one_of_several_generators_has_is_in_the_whole() -> None:
    """A generator with few connections may have no answer of it."""
    few, many = load_result(groups={"a": {5: 3, 7: 1}}), load_result(groups={"a": {5: 1}, "b": {6: 2}})
    whole = {"a": {5: 4, 7: 1}, "b": {6: 2}}
    assert LoadResult.merged([few, many]).groups == LoadResult.merged([many, few]).groups == whole


@pytest.mark.parametrize(
    ("changes", "complaint"),
    [
        ({"first_chunk": {5: -1}}, "first_chunk with an impossible count"),
        ({"gaps": {-5: 1}}, "gaps with an impossible bucket"),
        ({"groups": {"innocent": {5: 1}, "poisoned": {5: -1}}}, "group poisoned with an impossible count"),
        ({"groups": {"innocent": {10**9: 1}}}, "group innocent with an impossible bucket"),
        ({"groups": {"innocent": {5: 1}}, "first_chunk": {5: 1}, "gaps": {0: 9}}, ""),
    ],
)
def test_an_impossible_figure_is_found_in_streams_and_groups_too(changes: dict[str, Any], complaint: str) -> None:
    assert load_result(**changes).impossible == complaint


def test_each_moment_lies_in_its_slice() -> None:
    moments_s = (0.0, 0.99, 1.0, 2.5, 3.99, 4.0)
    share = Share(
        [(at_s, 0.01, 0.01, 0, ()) for at_s in moments_s], [(1.5, "body")], [], [(3.0, None)], [0] * 4, (0,) * 4
    )
    slices = share.result(**open_spec(duration_s=WINDOW_S, slices=4)).slices
    assert [one.succeeded for one in slices] == [2, 1, 1, 2]
    assert [one.failed for one in slices] == [0, 1, 0, 0]
    assert [one.unsent for one in slices] == [0, 0, 0, 1]


def test_one_that_did_not_warm_up_is_enough() -> None:
    cold, warm = load_result(warmed_up=False), load_result()
    assert not LoadResult.merged([warm, cold, warm]).warmed_up
    assert LoadResult.merged([warm, warm]).warmed_up


def test_every_count_is_added() -> None:
    """Also one that somebody adds to the results later."""
    numbers = {field.name: 3 for field in fields(LoadResult) if field.type in ("int", "int | None")}
    merged = LoadResult.merged([load_result(**numbers)] * 4)
    assert {name: getattr(merged, name) for name in numbers} == dict.fromkeys(numbers, 12)


def test_windows_are_side_by_side_and_not_one_after_the_other() -> None:
    merged = LoadResult.merged([load_result(), load_result(window_s=1.5)])
    assert merged.window_s == 1.25


def test_achieved_is_answers_of_any_kind_for_each_arrival() -> None:
    assert load_result(70, offered=100, errors={"status": 10}).achieved == 0.8
    assert load_result(0, offered=100).achieved == 0.0
    assert load_result(10, offered=0).achieved is None
    assert load_result(10).achieved is None, "a closed loop has no arrivals"


def test_merging_nothing_but_closed_loops_offers_nothing() -> None:
    assert LoadResult.merged([load_result(), load_result()]).offered is None
    assert LoadResult.merged([load_result(offered=0), load_result(offered=0)]).offered is not None


@given(SHARES, OPTIONS)
def test_a_load_result_survives_json(share: Share, options: dict[str, Any]) -> None:
    result = share.result(**options)
    assert json_codec.loads(json_codec.dumps(result), LoadResult) == result


@pytest.mark.parametrize("change", [{"rate": 1}, {"sent": None}], ids=["extra", "not a number"])
def test_a_load_result_of_another_shape_is_refused(change: dict[str, Any]) -> None:
    data = {**json_codec.unstructure(load_result()), **change}
    with pytest.raises(ClassValidationError):
        json_codec.structure(data, LoadResult)


def test_failures_of_all_kinds_are_failures() -> None:
    assert load_result(errors={"timeout": 2, "body": 3}).failed == 5
    assert replace(load_result(), errors={}).failed == 0
