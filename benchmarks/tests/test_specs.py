"""What is sent and what must come back."""

from __future__ import annotations

from typing import Any

import pytest
from cattrs import ClassValidationError
from hypothesis import example, given
from hypothesis import strategies as st

from benchmarks.json_codec import json_codec
from benchmarks.load.specs import Exchange, Expectation, LoadResult, LoadSpec
from benchmarks.tests.records import load_result

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
SPECS = st.builds(
    LoadSpec,
    exchanges=st.lists(EXCHANGES, max_size=5).map(tuple),
    concurrency=st.integers(1, 20_000),
    warmup_s=SECONDS,
    duration_s=SECONDS,
    timeout_s=SECONDS,
    warmup_limit_s=SECONDS,
)


def spec_of(*exchanges: Exchange) -> LoadSpec:
    return LoadSpec(HOST, 8000, PREFIX, exchanges, 1, 0.1, 0.1, 0.1, 1)


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
@example(spec_of(Exchange(body=b"\xff\xfe\x00"), Exchange(expectation=Expectation(body=b"\x80"))))
@example(spec_of(Exchange(expectation=Expectation(body=b"")), Exchange(expectation=Expectation(body=None))))
def test_a_load_spec_survives_json_whatever_bytes_are_in_it(spec: LoadSpec) -> None:
    text = json_codec.dumps(spec)
    assert json_codec.loads(text, LoadSpec) == spec
    assert "\n" not in text, "the generator reads lines"


def test_a_load_result_survives_json_with_its_histogram() -> None:
    result = load_result(errors={"timeout": 2})
    assert json_codec.loads(json_codec.dumps(result), LoadResult) == result


@pytest.mark.parametrize("change", [{"rate": 1}, {"sent": None}], ids=["extra", "not a number"])
def test_a_load_result_of_another_shape_is_refused(change: dict[str, Any]) -> None:
    data = {**json_codec.unstructure(load_result()), **change}
    with pytest.raises(ClassValidationError):
        json_codec.structure(data, LoadResult)


def test_failures_of_all_kinds_are_failures() -> None:
    assert load_result(errors={"timeout": 2, "body": 3}).failed == 5
