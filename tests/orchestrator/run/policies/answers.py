"""Vendors' answers and sweeps for tests of policies."""

from __future__ import annotations

import hashlib

from tests.orchestrator.run.sweeps import SweepFile, model

Q2 = "What is 2 + 2?"
HALF_PRICES = {"input": "2.5", "cached_input": "1.25", "output": "7.5"}
NUMBERS = {f"What is {i} + {i}?": i for i in range(200)}


def number(prompt: str) -> int:
    return NUMBERS[next(q for q in NUMBERS if q in prompt)]


def solves(below: int, from_try: int = 0):
    """Right on problems below `below`, from that try on."""

    def answer(prompt: str, index: int) -> str:
        i = number(prompt)
        return f"#### {2 * i}" if i < below and index >= from_try else "#### -1"

    return answer


def rate(share: float):
    """Each sample right with that probability, by a hash."""

    def answer(prompt: str, index: int) -> str:
        i = number(prompt)
        drawn = hashlib.sha256(f"{share} {i} {index}".encode()).digest()[0] / 256
        return f"#### {2 * i}" if drawn < share else f"#### -{index + 1}"

    return answer


def two(cheap, expensive, **policy):
    models = {"cheap": model(cheap, max_n=1), "expensive": model(expensive, max_n=1)}
    return SweepFile(models, problems=12, samples=4, policy=policy)
