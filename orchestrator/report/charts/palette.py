"""Colours and marks. Eight colours that stay apart for colour-blind readers (found by simulating their sight; the test
does), each with a mark of its own besides; every one has a contrast of at least 3 : 1 with its ground, and text at
least 4.5 : 1 (WCAG 2.2)."""

from __future__ import annotations

from dataclasses import dataclass, fields

SHAPES = (
    "circle",
    "triangle-up",
    "square",
    "diamond",
    "triangle-down",
    "cross",
    "triangle-right",
    "triangle-left",
)
KINDS = ("used", "bought nothing", "presumed", "reserved")
"""Of spending, in the order of `Paint.kinds`."""


@dataclass(frozen=True, slots=True)
class Paint:
    """One theme. `series` are the models', in order, and come round again after eight."""

    ground: str
    ink: str
    faint: str
    """Ink for what is said besides."""
    line: str
    """Grid and rules."""
    series: tuple[str, ...]
    kinds: tuple[str, ...]

    def of(self, place: int) -> str:
        return self.series[place % len(self.series)]


LIGHT = Paint(
    ground="#ffffff",
    ink="#1b1f24",
    faint="#57606a",
    line="#d8dde3",
    series=("#02335a", "#e17511", "#08a76b", "#be71b1", "#735001", "#1d60c2", "#5f1815", "#606060"),
    kinds=("#1d60c2", "#e17511", "#8f8f8f", "#be71b1"),
)
DARK = Paint(
    ground="#14181d",
    ink="#e8ecf1",
    faint="#a3adb8",
    line="#343c46",
    series=("#879cc7", "#f0b41e", "#13fba9", "#f4d7f4", "#ad8608", "#4f78bc", "#fc4768", "#b4b4b4"),
    kinds=("#4f78bc", "#f0b41e", "#8f99a3", "#f4d7f4"),
)


def variables() -> Paint:
    """The paint of a page whose theme changes without drawing anew: names of its CSS variables."""
    return Paint(
        ground="var(--ground)",
        ink="var(--ink)",
        faint="var(--faint)",
        line="var(--line)",
        series=tuple(f"var(--series-{at})" for at in range(len(LIGHT.series))),
        kinds=tuple(f"var(--kind-{at})" for at in range(len(LIGHT.kinds))),
    )


def css(paint: Paint) -> str:
    """What the variables stand for, as declarations."""
    named: list[tuple[str, str]] = []
    for field in fields(paint):
        value = getattr(paint, field.name)
        if isinstance(value, str):
            named.append((field.name, value))
        else:
            prefix = {"series": "series", "kinds": "kind"}[field.name]
            named += [(f"{prefix}-{at}", colour) for at, colour in enumerate(value)]
    return "".join(f"--{name}:{value};" for name, value in named)
