"""How fast the load engine is beside wrk: requests per second of their own CPU time, from one interleaved run.

    python -m benchmarks.engine_speed --rounds 7

A raw socket server has one CPU, the generator the other; every answer is checked by the engine, none by wrk.
"""

from __future__ import annotations

import argparse
import sys

import psutil

from benchmarks.cpus import available_cpus, lay_out
from benchmarks.load.client import Generators
from benchmarks.load.specs import Exchange, Expectation, LoadSpec
from benchmarks.services.raw import BODY
from benchmarks.stage import start_generators
from benchmarks.stats.intervals import Ratio, paired_ratio
from benchmarks.wards import Guard
from benchmarks.wrk import installed, run_wrk

CONNECTIONS = 32
EXCHANGES = [Exchange(f"n={number}", expectation=Expectation(body=BODY)) for number in range(1000)]


def engine_round(generators: Generators, port: int, duration_s: float, seed: int) -> tuple[float, float]:
    """(requests/s, requests per CPU second) of the engine."""
    process, times_s = psutil.Process(generators.generators[0].ward.pid), []

    def note() -> None:
        times = process.cpu_times()
        times_s.append(times.user + times.system)

    spec = LoadSpec(
        host="127.0.0.1",
        port=port,
        prefix="/x/",
        exchanges="hello",
        concurrency=CONNECTIONS,
        warmup_s=0.2,
        duration_s=duration_s,
        timeout_s=5.0,
        seed=seed,
    )
    result = generators.run(spec, EXCHANGES, note, note)
    assert not result.errors, result.errors
    return result.succeeded / result.window_s, result.succeeded / (times_s[1] - times_s[0])


def wrk_round(port: int, duration_s: float, cpus: tuple[int, ...]) -> tuple[float, float]:
    """(requests/s, requests per CPU second) of wrk."""
    found = run_wrk(f"http://127.0.0.1:{port}/x/?n=1", CONNECTIONS, round(duration_s), cpus)
    return found.requests_per_s, found.requests / found.cpu_s


def measure(rounds: int, duration_s: float) -> Ratio | None:
    """Both, interleaved; prints each round and returns the ratio engine ÷ wrk of requests per CPU second."""
    layout = lay_out(available_cpus())
    found: dict[str, dict[int, list[float]]] = {"engine": {}, "wrk": {}}
    with Guard() as guard:
        argv = (sys.executable, "-m", "benchmarks.services.raw", "--fd", "{fd}")
        server = guard.start("raw", argv, cpus=layout.server, socket_mode="inherit")
        with start_generators(guard, layout, 1) as generators:
            for number in range(1, rounds + 1):
                for name in sorted(found, reverse=bool(number % 2)):
                    if name == "engine":
                        per_s, per_cpu_s = engine_round(generators, server.port, duration_s, number)
                    else:
                        per_s, per_cpu_s = wrk_round(server.port, duration_s, layout.generator)
                    found[name][number] = [per_cpu_s]
                    print(f"round {number}  {name:6}  {per_s:9,.0f} requests/s  {per_cpu_s:9,.0f} per CPU second")
    return paired_ratio(found["engine"], found["wrk"])


def main() -> None:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.engine_speed", description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--rounds", type=int, default=7, help="pairs of rounds (default: %(default)s)")
    parser.add_argument("--duration", type=float, default=2.0, help="seconds per round (default: %(default)s)")
    options = parser.parse_args()
    if not installed():
        sys.exit("wrk is not installed: on Debian and Ubuntu, apt install wrk")
    ratio = measure(options.rounds, options.duration)
    if ratio is not None:
        print(f"engine ÷ wrk, requests per CPU second: {ratio.value:.2f} ({ratio.low:.2f}–{ratio.high:.2f})")


if __name__ == "__main__":
    main()
