"""How many samples `manyfew init` writes for its two models: as many cheap ones as the expensive ones' dollars buy, so
that no comparison rests on extrapolation."""

from __future__ import annotations

import re
from pathlib import Path
from tempfile import TemporaryDirectory

from orchestrator.cli.init_vendors import EXPENSIVE_SAMPLES
from orchestrator.errors import InputError

_CHEAP = (20, 32, 64, 100, 128, 200, 256, 500)
_USUAL = 64
"""Of the cheap model, as the starter file has it; where two of the expensive one buy more, one is enough."""


def sized(text: str) -> str:
    """`text` itself where it fits, or where the plan knows no price."""
    per_expensive = _cheap_for_one(text)
    if per_expensive is None:
        return text
    expensive = EXPENSIVE_SAMPLES if EXPENSIVE_SAMPLES * per_expensive <= _USUAL else 1
    needed = expensive * per_expensive
    cheap = next((count for count in _CHEAP if count >= needed), _CHEAP[-1])
    return _written(text, cheap, expensive)


def _cheap_for_one(text: str) -> float | None:
    """An expensive sample's cost over a cheap one's, as `manyfew plan` expects them for the problems that come with
    manyfew: others are as long only by chance, and may not be here yet."""
    from orchestrator.run.planning.plan import plan_sweep
    from orchestrator.run.prepare import prepare
    from orchestrator.sweep.load import load

    with TemporaryDirectory() as folder:
        path = Path(folder) / "sweep.toml"
        path.write_text(_with_own_problems(text), encoding="utf-8")
        try:
            planned = plan_sweep(prepare(load(path)), path.with_suffix(".db"))
        except InputError:
            return None
    each = {m.alias: m.expected_pico / m.samples for m in planned.models if m.expected_pico and m.samples}
    if not {"cheap", "expensive"} <= each.keys():
        return None
    return each["expensive"] / each["cheap"]


def _with_own_problems(text: str) -> str:
    text = re.sub(r'^source = ".*$', 'source = "quickstart"', text, count=1, flags=re.MULTILINE)
    return re.sub(r"^path = .*\n", "", text, count=1, flags=re.MULTILINE)


def _written(text: str, cheap: int, expensive: int) -> str:
    head, model = text.split("[models.expensive]")
    head = re.sub(r"^samples = \d+ *", f"samples = {cheap}".ljust(31), head, count=1, flags=re.MULTILINE)
    model = re.sub(
        r"^samples = \d+ *", f"samples = {expensive}".ljust(31), model, count=1, flags=re.MULTILINE
    )
    return f"{head}[models.expensive]{model}"
