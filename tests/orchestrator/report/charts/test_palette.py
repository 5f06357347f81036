"""Colours, as colour-blind readers and dim screens show them."""

import itertools

import numpy as np
import pytest

from orchestrator.report.charts.palette import DARK, KINDS, LIGHT, SHAPES, Paint, css, variables

# Machado, Oliveira and Fernandes 2009, full severity, on linear RGB.
SIGHT = {
    "usual": np.eye(3),
    "protanopia": [
        [0.152286, 1.052583, -0.204868],
        [0.114503, 0.786281, 0.099216],
        [-0.003882, -0.048116, 1.051998],
    ],
    "deuteranopia": [
        [0.367322, 0.860646, -0.227968],
        [0.280085, 0.672501, 0.047413],
        [-0.01182, 0.04294, 0.968881],
    ],
    "tritanopia": [
        [1.255528, -0.076749, -0.178779],
        [-0.078411, 0.930809, 0.147602],
        [0.004733, 0.691367, 0.3039],
    ],
}
TO_XYZ = np.array([[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]])
WHITE = np.array([0.9505, 1.0, 1.089])


def linear(colour):
    parts = np.array([int(colour[at : at + 2], 16) for at in (1, 3, 5)]) / 255
    return np.where(parts <= 0.04045, parts / 12.92, ((parts + 0.055) / 1.055) ** 2.4)


def lab(rgb):
    share = TO_XYZ @ np.clip(rgb, 0, 1) / WHITE
    f = np.where(share > 0.008856, np.cbrt(share), 7.787 * share + 16 / 116)
    return np.array([116 * f[1] - 16, 500 * (f[0] - f[1]), 200 * (f[1] - f[2])])


def contrast(one, other):
    light = sorted(float(TO_XYZ[1] @ linear(colour)) + 0.05 for colour in (one, other))
    return light[1] / light[0]


@pytest.mark.parametrize("paint", [LIGHT, DARK], ids=["light", "dark"])
@pytest.mark.parametrize("sight", SIGHT)
def test_no_two_models_look_alike(paint: Paint, sight):
    seen = [lab(np.array(SIGHT[sight]) @ linear(colour)) for colour in paint.series]
    apart = [float(np.linalg.norm(one - other)) for one, other in itertools.combinations(seen, 2)]
    assert min(apart) > 15  # CIE76; 2.3 is just noticeable side by side


@pytest.mark.parametrize("paint", [LIGHT, DARK], ids=["light", "dark"])
def test_everything_stands_out_from_its_ground(paint: Paint):
    assert min(contrast(colour, paint.ground) for colour in (*paint.series, *paint.kinds)) >= 3
    assert min(contrast(colour, paint.ground) for colour in (paint.ink, paint.faint)) >= 4.5


def test_themes_differ_in_nothing_but_values():
    assert [line.split(":")[0] for line in css(LIGHT).split(";")] == [
        line.split(":")[0] for line in css(DARK).split(";")
    ]
    named = variables()
    assert css(LIGHT).count("--") == 4 + len(named.series) + len(named.kinds)
    assert all(f"--{colour[6:-1]}:" in css(LIGHT) for colour in (named.ink, *named.series, *named.kinds))
    assert len(SHAPES) == len(named.series) == len(set(SHAPES))
    assert len(KINDS) == len(named.kinds)
