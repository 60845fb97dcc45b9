"""wrk's report is read as it is printed."""

from __future__ import annotations

import pytest

from benchmarks.exceptions import LoadError
from benchmarks.wrk import WrkResult, parse

QUICK = """Running 2s test @ http://127.0.0.1:40123/x/?n=1
  1 threads and 32 connections
  Thread Stats   Avg      Stdev     Max   +/- Stdev
    Latency   635.91us  189.22us  12.92ms   93.50%
    Req/Sec    50.18k     3.07k   54.00k    86.99%
  Latency Distribution
     50%  612.00us
     75%  689.00us
     90%  764.00us
     99%    1.16ms
  104870 requests in 2.10s, 9.10MB read
Requests/sec:  49938.10
Transfer/sec:      4.33MB
"""
SLOW = """Running 1m test @ http://127.0.0.1:40123/slow/
  1 threads and 4 connections
  Thread Stats   Avg      Stdev     Max   +/- Stdev
    Latency     1.02s   310.41ms   1.99s    68.99%
    Req/Sec     3.41      1.84     9.00     70.50%
  Latency Distribution
     50%  998.21ms
     75%    1.25s
     90%    1.51s
     99%    1.97s
  235 requests in 1.00m, 21.80KB read
  Socket errors: connect 0, read 0, write 0, timeout 7
  Non-2xx or 3xx responses: 12
Requests/sec:      3.92
Transfer/sec:     372.21B
"""
BRIEF = QUICK.replace("in 2.10s", "in 500.00ms").replace("1.16ms", "1.10m")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (QUICK, WrkResult(104870, 104870 / 2.1, 0.612, 1.16, 1.5)),
        (SLOW, WrkResult(235, 235 / 60, 998.21, 1970.0, 1.5)),
        (BRIEF, WrkResult(104870, 104870 / 0.5, 0.612, 66_000.0, 1.5)),
    ],
    ids=["us and ms", "ms, s and minutes", "part of a second"],
)
def test_a_report_is_read_in_its_units(text: str, expected: WrkResult) -> None:
    found = parse(text, 1.5)
    assert vars(found) == pytest.approx(vars(expected))


@pytest.mark.parametrize(
    "text",
    [
        "",
        "unable to connect to 127.0.0.1:1 Connection refused\n",
        QUICK.partition("  Latency Distribution")[0],
        QUICK.partition("  104870")[0],
        QUICK.replace("     99%    1.16ms\n", ""),
        QUICK.replace("50%  612.00us", "50%  612.00"),
        QUICK.replace("1.16ms", "nan"),
        QUICK.replace("2.10s", "2.10 fortnights"),
    ],
    ids=["nothing", "an error", "cut off", "no total", "no p99", "no unit", "not a number", "another unit"],
)
def test_what_is_no_report_is_an_error_that_shows_it(text: str) -> None:
    with pytest.raises(LoadError, match="not understood") as caught:
        parse(text, 1.0)
    assert text.strip() in str(caught.value)
