"""What is sent and what must come back."""

from __future__ import annotations

import itertools
import json

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from benchmarks.json_codec import json_codec
from benchmarks.load.specs import Arrivals, Exchange, Expectation, LoadSpec, Model, Phase
from benchmarks.tests.loading import load_spec, open_spec

PREFIX, HOST = "/fan_out/async/", "127.0.0.1:8000"

SECONDS = st.floats(min_value=0, max_value=3600)
EXPECTATIONS = st.builds(Expectation, status=st.integers(100, 599), body=st.none() | st.binary(), media_type=st.text())
EXCHANGES = st.builds(
    Exchange,
    query=st.text(),
    headers=st.dictionaries(st.text(), st.text()),
    body=st.binary(),
    expectation=EXPECTATIONS,
)
PHASES = st.builds(Phase, rate_per_s=st.floats(1e-3, 1e6), duration_s=SECONDS)
SPECS = st.builds(
    LoadSpec,
    concurrency=st.integers(1, 20_000),
    warmup_s=SECONDS,
    duration_s=SECONDS,
    timeout_s=SECONDS,
    model=st.sampled_from(Model),
    phases=st.lists(PHASES, max_size=4).map(tuple),
    arrivals=st.sampled_from(Arrivals),
    offset_s=SECONDS,
    slices=st.integers(1, 1000),
    slice_histograms=st.booleans(),
    warmup_limit_s=SECONDS,
)
PARTS = st.integers(1, 9)


@pytest.mark.parametrize(
    ("expectation", "status", "body", "complaint"),
    [
        (Expectation(body=b"yes"), 200, b"yes", ""),
        (Expectation(body=b"yes"), 200, b"yes ", "body"),
        (Expectation(body=b"yes"), 200, b"", "body"),
        (Expectation(body=b"yes"), 404, b"yes", "status"),
        (Expectation(body=b""), 200, b"", ""),
        (Expectation(body=b""), 200, b"x", "body"),
        (Expectation(status=404, body=b"no"), 404, b"no", ""),
        (Expectation(status=404, body=b"no"), 200, b"no", "status"),
        (Expectation(), 200, b"anything", ""),
        (Expectation(), 500, b"anything", "status"),
        (Expectation(min_bytes=2, max_bytes=3), 200, b"12", ""),
        (Expectation(min_bytes=2, max_bytes=3), 200, b"123", ""),
        (Expectation(min_bytes=2, max_bytes=3), 200, b"1", "body"),
        (Expectation(min_bytes=2, max_bytes=3), 200, b"1234", "body"),
        (Expectation(body=b"12345", max_bytes=3), 200, b"12345", ""),
        (Expectation(chunks=2), 200, b"data: 1\n\ndata: 2\n\n", ""),
        (Expectation(chunks=2), 200, b"data: 1\n\n", "body"),
        (Expectation(chunks=2, body=b"a\n\nb\n\n"), 200, b"a\n\nc\n\n", "body"),
        (Expectation(chunks=2, body=b"a\n\nb\n\n"), 500, b"a\n\nb\n\n", "status"),
    ],
)
def test_an_answer_is_right_or_the_complaint_says_what_is_wrong(
    expectation: Expectation, status: int, body: bytes, complaint: str
) -> None:
    assert expectation.complaint(status, body) == complaint


def test_a_request_is_the_bytes_of_http() -> None:
    assert Exchange().encode(PREFIX, HOST) == (
        b"GET /fan_out/async/ HTTP/1.1\r\nHost: 127.0.0.1:8000\r\nAccept: */*\r\n\r\n"
    )


def test_a_query_is_part_of_the_target() -> None:
    sent = Exchange("book=7").encode(PREFIX, HOST)
    assert sent.splitlines()[0] == b"GET /fan_out/async/?book=7 HTTP/1.1"


def test_a_body_is_announced_with_its_length_in_bytes() -> None:
    body = "ü\r\n\r\n".encode() + b"\xff\x00"
    sent = Exchange(method="POST", headers={"Content-Type": "text/plain"}, body=body).encode(PREFIX, HOST)
    assert sent == (
        b"POST /fan_out/async/ HTTP/1.1\r\nHost: 127.0.0.1:8000\r\nAccept: */*\r\n"
        b"Content-Type: text/plain\r\nContent-Length: 8\r\n\r\n" + body
    )


@given(SPECS)
def test_a_load_spec_survives_json(spec: LoadSpec) -> None:
    text = json_codec.dumps(spec)
    assert json_codec.loads(text, LoadSpec) == spec
    assert "\n" not in text, "the generator reads lines"


@given(st.lists(EXCHANGES, max_size=5))
@example([Exchange(body=b"\xff\xfe\x00"), Exchange(expectation=Expectation(body=b"\x80"))])
@example([Exchange(expectation=Expectation(body=b"")), Exchange(expectation=Expectation(body=None))])
def test_exchanges_survive_json_whatever_bytes_are_in_them(exchanges: list[Exchange]) -> None:
    text = json.dumps(json_codec.unstructure(exchanges))
    assert json_codec.structure(json.loads(text), list[Exchange]) == exchanges
    assert "\n" not in text, "the generator reads lines"


@given(SPECS, PARTS)
def test_parts_of_a_load_add_up_to_it(spec: LoadSpec, count: int) -> None:
    parts = spec.split(count)
    assert len(parts) == min(count, spec.concurrency)
    assert sum(part.concurrency for part in parts) == spec.concurrency
    assert max(part.concurrency for part in parts) - min(part.concurrency for part in parts) <= 1
    for number, phase in enumerate(spec.phases):
        rates = [part.phases[number].rate_per_s for part in parts]
        assert sum(rates) == pytest.approx(phase.rate_per_s)
        assert len(set(rates)) == 1
        assert {part.phases[number].duration_s for part in parts} == {phase.duration_s}


@given(SPECS, PARTS)
def test_parts_of_a_load_are_alike_in_all_else(spec: LoadSpec, count: int) -> None:
    own = {"concurrency", "phases", "offset_s", "seed"}
    told = {name: value for name, value in vars(spec).items() if name not in own}
    for part in spec.split(count):
        assert {name: value for name, value in vars(part).items() if name not in own} == told
        assert len(part.phases) == len(spec.phases)


def test_no_two_parts_share_their_dice_in_any_round_of_a_run() -> None:
    """Seeds of rounds may follow each other."""
    seeds = [part.seed for seed in range(1000) for part in load_spec(concurrency=99, seed=seed).split(9)]
    assert len(set(seeds)) == len(seeds) == 9000
    assert load_spec(seed=5).split(3)[0].seed == 5


@pytest.mark.parametrize("count", [1, 2, 3, 8])
def test_parts_together_keep_a_constant_pace(count: int) -> None:
    parts = load_spec(**open_spec(240.0, concurrency=100)).split(count)
    arrivals_s = sorted(
        part.offset_s + number / part.phases[0].rate_per_s for part in parts for number in range(240 // count)
    )
    gaps_s = [later - former for former, later in itertools.pairwise(arrivals_s)]
    assert arrivals_s[0] == 0.0
    assert gaps_s == pytest.approx([1 / 240] * 239)


def test_a_load_that_is_not_divided_is_itself() -> None:
    for spec in (load_spec(), load_spec(**open_spec())):
        assert spec.split(1) == [spec]
