"""What happened, noted in the fewest instructions while it happens, and counted when the window is over."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from time import perf_counter

from benchmarks.load.results import Counts, LoadResult, Slice
from benchmarks.load.specs import LoadSpec
from benchmarks.stats.histogram import Histogram


@dataclass
class Tally:
    """What happened between two moments. All times are ``perf_counter`` seconds."""

    began_s: float
    ended_s: float = 0.0
    sent: int = 0
    bytes_sent: int = 0
    bytes_received: int = 0
    connections_closed: int = 0
    answered_s: list[float] = field(default_factory=list)  # when; the next three are of the same answers
    latencies_s: list[float] = field(default_factory=list)
    first_bytes_s: list[float] = field(default_factory=list)
    keys: list[int] = field(default_factory=list)  # of which request; see Load
    events_s: dict[int, tuple[float, ...]] = field(default_factory=dict)  # an answer's place -> of a stream, see Answer
    failures: list[tuple[float, str]] = field(default_factory=list)  # when, why
    surplus: int = 0  # answers that nobody asked for
    connects_s: list[float] = field(default_factory=list)
    arrivals_s: list[float] = field(default_factory=list)
    lags_s: list[float] = field(default_factory=list)
    unsent_s: list[float] = field(default_factory=list)

    @property
    def answered(self) -> int:
        return len(self.latencies_s) + len(self.failures)


class Recorder:
    """Notes into a tally; ``cut`` hands it out and begins the next. The hot lists are attributes for speed."""

    def __init__(self) -> None:
        self.answered_in_all = self.connections = 0
        self._begin()

    def _begin(self) -> None:
        self.tally = tally = Tally(perf_counter())
        self.sent = self.bytes_sent = self.bytes_received = self.connections_closed = 0
        self._answered, self._latency = tally.answered_s.append, tally.latencies_s.append
        self._first_byte, self._key = tally.first_bytes_s.append, tally.keys.append

    def cut(self) -> Tally:
        """What was noted since the last cut."""
        tally = self.tally
        tally.ended_s = perf_counter()
        tally.sent, tally.bytes_sent, tally.bytes_received = self.sent, self.bytes_sent, self.bytes_received
        tally.connections_closed = self.connections_closed
        self.answered_in_all += tally.answered
        self.connections += len(tally.connects_s) - tally.connections_closed
        self._begin()
        return tally

    def succeeded(self, now_s: float, intended_s: float, sent_s: float, first_s: float, key: int) -> None:
        self._answered(now_s)
        self._latency(now_s - intended_s)
        self._first_byte(first_s - sent_s)
        self._key(key)

    def streamed(self, events_s: Iterable[float], sent_s: float) -> None:
        """The answer that has just succeeded was a stream; its events were whole at these moments."""
        self.tally.events_s[len(self.tally.keys) - 1] = tuple(event_s - sent_s for event_s in events_s)

    def failed(self, complaint: str, now_s: float) -> None:
        self.tally.failures.append((now_s, complaint))

    def unasked(self) -> None:
        self.tally.surplus += 1

    def connected(self, duration_s: float) -> None:
        self.tally.connects_s.append(duration_s)

    def disconnected(self) -> None:
        self.connections_closed += 1

    def arrived(self, intended_s: float, now_s: float, sent: bool) -> None:
        """An open loop's arrival; ``sent`` says whether there was room for it."""
        self.tally.arrivals_s.append(intended_s)
        if sent:
            self.tally.lags_s.append(now_s - intended_s)
        else:
            self.tally.unsent_s.append(intended_s)


@dataclass(frozen=True)
class Edges:
    """What was open and under way when a window began and when it ended."""

    in_flight_before: int
    in_flight_after: int
    connections_before: int
    connections_after: int
    warmed_up: bool


@dataclass(frozen=True)
class Answer:
    """One right answer. All times are ``perf_counter`` seconds."""

    when_s: float
    latency_s: float
    first_byte_s: float
    key: int
    events_s: tuple[float, ...] = ()  # of a stream: when each event was whole, from sending on

    @property
    def intended_s(self) -> float:
        return self.when_s - self.latency_s


def result_of(tally: Tally, drain: Tally, edges: Edges, spec: LoadSpec, groups: Sequence[str] = ()) -> LoadResult:
    """A window's tally as counts and histograms. An answer later than the timeout is one, whenever it was noticed.

    ``drain`` is what became of what was under way at the window's end. Throughput is of the window alone. Latencies
    are, in a closed loop, those of the window's answers; in an open loop those of the window's *arrivals*, followed to
    their end: whoever came in the window and was answered after it is not forgotten. ``groups`` is by key what group
    a request belongs to, if any.
    """
    right, failures = _judged(tally, spec.timeout_s)
    late_right, late_failures = _judged(drain, spec.timeout_s)
    followed = right
    if spec.phases:
        followed = [answer for answer in (*right, *late_right) if answer.intended_s >= tally.began_s]
    return LoadResult(
        window_s=tally.ended_s - tally.began_s,
        sent=tally.sent,
        in_flight_before=edges.in_flight_before,
        in_flight_after=edges.in_flight_after,
        succeeded=len(right),
        errors=dict(Counter(complaint for _, complaint in failures)),
        late_succeeded=len(late_right),
        late_errors=dict(Counter(complaint for _, complaint in late_failures)),
        surplus=tally.surplus + drain.surplus,
        warmed_up=edges.warmed_up,
        histogram=counts(answer.latency_s for answer in followed),
        first_byte=counts(answer.first_byte_s for answer in followed),
        groups={
            group: counts(answer.latency_s for answer in followed if groups[answer.key] == group)
            for group in sorted({*groups} - {""})
        },
        first_chunk=counts(answer.events_s[0] for answer in followed if answer.events_s),
        gaps=counts(later_s - former_s for answer in followed for former_s, later_s in pairwise(answer.events_s)),
        connect=counts(tally.connects_s),
        send_lag=counts(tally.lags_s),
        offered=len(tally.arrivals_s) if spec.phases else None,
        unsent=len(tally.unsent_s),
        bytes_sent=tally.bytes_sent,
        bytes_received=tally.bytes_received,
        connections_before=edges.connections_before,
        connections_opened=len(tally.connects_s),
        connections_closed=tally.connections_closed,
        connections_after=edges.connections_after,
        slices=_slices(tally, right, [when_s for when_s, _ in failures], spec),
    )


def _judged(tally: Tally, timeout_s: float) -> tuple[list[Answer], list[tuple[float, str]]]:
    """Right answers in time, and failures with the moment of each."""
    noted = zip(tally.answered_s, tally.latencies_s, tally.first_bytes_s, tally.keys, strict=True)
    answers = [Answer(*one, tally.events_s.get(place, ())) for place, one in enumerate(noted)]
    right = [answer for answer in answers if answer.latency_s <= timeout_s]
    late = [answer for answer in answers if answer.latency_s > timeout_s]
    return right, tally.failures + [(answer.when_s, "timeout") for answer in late]


def _slices(tally: Tally, right: Sequence[Answer], failed_s: Iterable[float], spec: LoadSpec) -> list[Slice]:
    """The window in equal parts, by the moment of each answer and of each arrival."""
    length_s = (tally.ended_s - tally.began_s) / spec.slices

    def place(when_s: float) -> int:
        return max(0, min(int((when_s - tally.began_s) / length_s), spec.slices - 1))

    failed, offered, unsent = (Counter(map(place, times_s)) for times_s in (failed_s, tally.arrivals_s, tally.unsent_s))
    latencies_s: list[list[float]] = [[] for _ in range(spec.slices)]
    for answer in right:
        latencies_s[place(answer.when_s)].append(answer.latency_s)
    return [
        Slice(
            succeeded=len(latencies_s[number]),
            failed=failed[number],
            offered=offered[number],
            unsent=unsent[number],
            histogram=counts(latencies_s[number]) if spec.slice_histograms else {},
        )
        for number in range(spec.slices)
    ]


def counts(values_s: Iterable[float]) -> Counts:
    return dict(Histogram.of_seconds(values_s).counts)
