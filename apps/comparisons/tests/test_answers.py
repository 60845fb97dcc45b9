"""What is told of an answer, whatever its body is."""

from __future__ import annotations

import json
from typing import Any

import pytest

from apps.comparisons.answers import BODY_LIMIT_BYTES, Answer


def answered(body: bytes, status: int = 200) -> dict[str, Any]:
    answer = Answer("/x/", status=status)
    answer.add(body)
    answer.end()
    return answer.told(answer.began_s)


def test_bodies_are_cut_and_their_size_is_told():
    told = answered(b"x" * (BODY_LIMIT_BYTES + 5))
    assert (len(told["body"]), told["size"], told["cut"]) == (BODY_LIMIT_BYTES, BODY_LIMIT_BYTES + 5, True)
    assert not answered(b"x" * 10)["cut"]


def test_errors_are_found_at_any_depth_once():
    legs = [{"service": name, "error": "no service: start it with: make x"} for name in "ab"]
    assert answered(json.dumps({"legs": legs, "error": 5}).encode())["advice"] == ["no service: start it with: make x"]
    assert answered(b'{"error": "bad book"}', 400)["reason"] == "bad book"
    assert answered(b'{"error": "bad book"}')["reason"] == ""


@pytest.mark.parametrize("body", [b"", b"\xff\xfe", b"[" * 60_000, b"[" * 900 + b"]" * 900, b"null", b"<p>no JSON</p>"])
def test_any_body_is_told(body: bytes):
    told = answered(body)
    assert (told["advice"], told["size"]) == ([], len(body))
