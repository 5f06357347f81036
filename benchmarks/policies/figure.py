"""Draws what `python -m benchmarks.policies` printed: `python -m benchmarks.policies.figure TABLE.md FIGURE.svg`."""

from __future__ import annotations

import sys
from collections import defaultdict
from math import log2
from pathlib import Path

from benchmarks.policies.studies import POLICIES, TIMES
from benchmarks.policies.worlds import PROBLEMS, SHAPES

WIDTH, HEIGHT, GAP, TOP, LEFT = 220, 150, 26, 40, 44
COLOURS: dict[str, str] = dict(
    zip(POLICIES, ("#888888", "#e69f00", "#56b4e9", "#d55e00", "#000000", "#009e73"), strict=True)
)

Solved = dict[str, dict[str, dict[int, list[float]]]]
"""By shape, policy and budget, of each setting."""


def main(table: Path, figure: Path) -> None:
    solved = read(table.read_text("utf-8"))
    columns = 3
    rows = -(-len(SHAPES) // columns)
    width = LEFT + columns * (WIDTH + GAP)
    height = TOP + rows * (HEIGHT + GAP + 16) + 24
    parts = [
        (
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" font-family="sans-serif" '
            f'font-size="11"><rect width="{width}" height="{height}" fill="white"/>'
        )
    ]
    for at, name in enumerate(POLICIES):
        x = LEFT + at * 112
        parts.append(f'<path d="M{x} 14h20" {_stroke(name)}/><text x="{x + 25}" y="18">{name}</text>')
    for at, shape in enumerate(SHAPES):
        row, column = divmod(at, columns)
        parts += _panel(
            shape,
            solved[shape],
            LEFT + column * (WIDTH + GAP),
            TOP + 12 + row * (HEIGHT + GAP + 16),
            labelled=column == 0,
        )
    middle = LEFT + columns * (WIDTH + GAP) / 2
    parts.append(
        f'<text x="{middle}" y="{height - 8}" text-anchor="middle">budget, in times one sample of each problem of the '
        "cheapest model; upwards the share of problems solved</text></svg>"
    )
    figure.write_text("\n".join(parts) + "\n", "utf-8")


def read(table: str) -> Solved:
    found: Solved = defaultdict(lambda: defaultdict(lambda: defaultdict(list)))
    for line in table.splitlines():
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        if len(cells) == 2 + len(POLICIES) and cells[1].isdigit():
            shape = next(name for name in SHAPES if cells[0].startswith(f"{name}, "))
            for name, cell in zip(POLICIES, cells[2:], strict=True):
                found[shape][name][int(cells[1])].append(float(cell) / PROBLEMS)
    return found


def _panel(shape: str, of: dict[str, dict[int, list[float]]], x: int, y: int, *, labelled: bool) -> list[str]:
    last = log2(TIMES[-1])
    parts = [
        f'<rect x="{x}" y="{y}" width="{WIDTH}" height="{HEIGHT}" fill="none" stroke="#bbb"/>',
        f'<text x="{x}" y="{y - 4}" font-weight="bold">{shape}</text>',
    ]
    parts += [
        f'<text x="{x + WIDTH * log2(times) / last:.0f}" y="{y + HEIGHT + 13}" text-anchor="middle">{times}</text>'
        for times in TIMES
    ]
    for share in (0, 50, 100) if labelled else ():
        parts.append(
            f'<text x="{x - 4}" y="{y + HEIGHT * (1 - share / 100) + 4:.0f}" text-anchor="end">{share}%</text>'
        )
    for name in POLICIES:
        points = [
            (x + WIDTH * log2(times) / last, y + HEIGHT * (1 - sum(shares) / len(shares)))
            for times, shares in of[name].items()
        ]
        parts.append(f'<path d="M{"L".join(f"{a:.1f} {b:.1f}" for a, b in points)}" {_stroke(name)}/>')
    return parts


def _stroke(name: str) -> str:
    dash = ' stroke-dasharray="4 3"' if name in ("oracle", "reference") else ""
    return f'fill="none" stroke="{COLOURS[name]}" stroke-width="1.8"{dash}'


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
