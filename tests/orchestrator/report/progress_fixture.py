"""Moments of a run, and terminals that remember what was written to them."""

import io
from typing import Any

from hypothesis import strategies as st

from orchestrator.progress import ModelProgress, Progress

PICO = 10**12

HOSTILE = [
    "\x1b[2J\x1b]0;owned\x07gpt",
    "\u202eevil\u2066",
    "[bold red]markup[/]",
    "two\nlines\r\tand a tab",
    "漢字模型の名前です漢字模型の名前です漢字模型",
    "🙂🚀👩‍👩‍👧‍👦" * 8,
    "a" + "\u0300" * 30,
    "\ud800 lone surrogate",
    "x" * 300,
    "",
]


def model(alias="cheap", **fields):
    known: dict[str, Any] = {"done": 480, "planned": 640, "problems": 64, "solved_problems": 41}
    return ModelProgress(alias=alias, **known | fields)


def progress(*models, **fields):
    known: dict[str, Any] = {
        "name": "gsm8k",
        "phase": "sampling",
        "budget_pico": 10 * PICO,
        "settled_pico": 2 * PICO,
        "presumed_pico": PICO // 10,
        "reserved_pico": PICO // 2,
        "elapsed_s": 75.0,
        "eta_s": 130.0,
    }
    return Progress(**known | fields, models=models)


class Terminal(io.StringIO):
    """A stream that says it is a terminal."""

    encoding = "utf-8"

    def isatty(self):
        return True


class Clock:
    """Seconds that pass when told to."""

    def __init__(self):
        self.now = 0.0

    def __call__(self):
        return self.now


texts = st.one_of(st.sampled_from(HOSTILE), st.text(max_size=60))
counts = st.integers(0, 10**7)
picos = st.integers(0, 10**16)


@st.composite
def model_progresses(draw, alias):
    done, failed, rest = draw(counts), draw(st.integers(0, 1000)), draw(counts)
    problems, verified = draw(st.integers(0, 10**5)), draw(st.integers(0, done))
    return ModelProgress(
        alias=alias,
        replayed=draw(st.booleans()),
        done=done,
        planned=done + failed + rest,
        failed=failed,
        in_flight_requests=draw(st.integers(0, 5000)),
        in_flight_samples=draw(counts),
        samples_per_s=draw(st.floats(0, 1e6)),
        settled_pico=draw(picos),
        presumed_pico=draw(picos),
        problems=problems,
        solved_problems=draw(st.integers(0, problems)),
        verified=verified,
        passed=draw(st.integers(0, verified)),
        waiting=draw(st.none() | texts),
        stopped=draw(st.none() | texts),
        eta_s=draw(st.none() | st.floats(0, 1e7)),
        errors=draw(st.dictionaries(texts, st.integers(1, 10**6), max_size=4)),
    )


@st.composite
def progresses(draw):
    aliases = draw(st.lists(texts, unique=True, max_size=12))
    return Progress(
        name=draw(texts),
        phase=draw(st.sampled_from(["sampling", "draining", "verifying", "done"])),
        budget_pico=draw(picos),
        settled_pico=draw(picos),
        presumed_pico=draw(picos),
        reserved_pico=draw(picos),
        replayed_pico=draw(picos),
        elapsed_s=draw(st.floats(0, 1e7)),
        eta_s=draw(st.none() | st.floats(0, 1e7)),
        unverified=draw(counts),
        models=tuple(draw(model_progresses(alias)) for alias in aliases),
        note=draw(st.none() | texts),
    )
