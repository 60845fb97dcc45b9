"""What every variant computes: a linear congruential generator, step by step, in pure Python."""

from __future__ import annotations

from typing import Any

from apps.scenarios.parameters import identifier

MULTIPLIER, INCREMENT, MODULUS = 48_271, 11, 2**31 - 1
STEPS = 100_000  # about 10 ms of one CPU
BAD_SEED = {"error": "seed must be a positive number, like ?seed=123"}


def seed(parameters: Any) -> int | None:
    return identifier(parameters, "seed")


def compute(value: int, steps: int = STEPS) -> int:
    """The generator's state ``steps`` steps after ``value``."""
    for _ in range(steps):
        value = (MULTIPLIER * value + INCREMENT) % MODULUS
    return value


def answer(seed: int, value: int) -> dict[str, Any]:
    return {"seed": seed, "value": value}
