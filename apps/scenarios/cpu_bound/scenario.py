"""The card of ``cpu_bound``."""

from __future__ import annotations

import json
import random

from apps.scenarios.contract import Exchange, Expectation, Scenario, Settings, Sweep, Variant
from apps.scenarios.cpu_bound import work
from benchmarks.axes import Axis


def jump(value: int, steps: int) -> int:
    """Where the generator is after ``steps`` steps, without taking them.

    ``a^n x + c (a^n - 1) / (a - 1)``, see Knuth, The Art of Computer Programming, volume 2, 3.2.1, equation (6);
    ``a^n`` is taken modulo ``m (a - 1)``, so that the division leaves the right remainder modulo ``m``.
    """
    less = work.MULTIPLIER - 1
    power = pow(work.MULTIPLIER, steps, work.MODULUS * less)
    return (power * value + work.INCREMENT * ((power - 1) // less)) % work.MODULUS


def exchange(dice: random.Random, settings: Settings) -> Exchange:
    """A random seed; where it leads is computed in closed form."""
    seed = dice.randrange(1, work.MODULUS)
    body = json.dumps(work.answer(seed, jump(seed, work.STEPS))).encode()
    return Exchange(f"seed={seed}", expectation=Expectation(body=body))


SCENARIO = Scenario(
    name="cpu_bound",
    title="Ten milliseconds of Python",
    question="The view computes and never waits: what can async do for it?",
    claims=("C2",),
    look_for=(
        "Nothing waits, so there is nothing to overlap: a CPU gives about a hundred answers a second, whoever asks it. "
        "Threads share one interpreter lock and coroutines share one thread; only more processes use more CPUs: twice "
        "as many give nearly twice the answers, on every server. An async view that computes holds up everybody else "
        "on its loop meanwhile; in a thread it shares the interpreter lock with that loop instead."
    ),
    variants=(
        Variant("sync", "computes in the server's thread or process"),
        Variant("async", "computes on the event loop, which serves nobody else meanwhile"),
        Variant("wrapped", "computes in a thread, and the loop waits for the interpreter lock like everybody", hops=1),
        Variant("aiohttp", "computes on the event loop, without Django"),
    ),
    exchange=exchange,
    example="seed=123",
    malformed=(
        "",
        "seed=",
        "seed=x",
        "seed=-1",
        "seed=0",
        "seed=1.5",
        "seed=1e3",
        "seed=1&seed=2",
        "seed=99999999999999999999",
        "seed=%C2%B2",
    ),
    exchanges=200,
    concurrency=8,  # several times as many as CPUs; with 32 an answer would take a third of a second
    all_cpus=True,
    sweep=Sweep(Axis.WORKERS, (1.0, 2.0)),
)
