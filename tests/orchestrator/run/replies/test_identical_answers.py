"""More than half of a problem's answers the same to the byte, at a temperature above 0: a warning."""

from __future__ import annotations

import pytest

from tests.loopback.openai_wire import openai_vendor
from tests.orchestrator.run.serving import serving
from tests.orchestrator.run.sweeps import SweepFile, model, run


def warned(folder, answer, *, samples=8, **sampling):
    vendor = openai_vendor(answer=answer)
    with serving(vendor):
        sweep = SweepFile({"m": model(vendor)}, problems=6, samples=samples, sampling=sampling)
        ended = run(sweep.write(folder), folder / "test.db")
    assert ended.status == 0
    return ended.result.warnings


def mostly_same(prompt: str, index: int) -> str:
    """Five of eight the same, for the even problems."""
    even = any(f"{i} + {i}" in prompt for i in (0, 2, 4))
    return "#### 4" if even and index < 5 else f"{index} #### 4"


def half_same(prompt: str, index: int) -> str:
    return "#### 4" if index < 4 else f"{index} #### 4"


@pytest.mark.parametrize("sampling", [{}, {"temperature": 0.6}])
def test_it_is_said_once_a_model_with_how_many_problems(tmp_path, sampling):
    (warning,) = warned(tmp_path, mostly_same, **sampling)
    assert warning.startswith("m: ")
    assert "3 of 6 problems" in warning
    assert ("temperature 0.6" in warning) == bool(sampling)


@pytest.mark.parametrize(
    ("answer", "more"),
    [
        (mostly_same, {"temperature": 0}),
        (mostly_same, {"temperature": 0.0}),
        (half_same, {}),
        (lambda _, __: "#### 4", {"samples": 3}),
        (lambda _, i: f"#### {i}", {}),
    ],
)
def test_what_is_no_sign(tmp_path, answer, more):
    assert warned(tmp_path, answer, **more) == []


def test_the_first_32_are_looked_at(tmp_path):
    assert warned(tmp_path, lambda _, i: f"{i} #### 4" if i < 32 else "#### 4", samples=100) == []


def test_it_is_said_again_by_a_run_with_nothing_to_ask(tmp_path):
    vendor = openai_vendor(answer=lambda _, __: "#### 4")
    with serving(vendor):
        path = SweepFile({"m": model(vendor)}).write(tmp_path)
        for _ in range(2):
            (warning,) = run(path, tmp_path / "test.db").result.warnings
            assert "10 of 10" in warning
