"""The charts' rows and definitions, and the pictures made of them."""

import json
import re
import struct
import zlib
from itertools import pairwise
from xml.etree import ElementTree

import pytest

from orchestrator.report.charts import render, rows, spec
from orchestrator.report.charts.palette import LIGHT
from tests.orchestrator.analysis.report_fixture import HOSTILE, found, hostile, tame
from tests.orchestrator.ledger_fixture import Made, make_ledger

pytestmark = pytest.mark.slow

pytest.importorskip("vl_convert", reason='needs the extra "charts"')


def fields(node):
    """Every field, expression and signal of a definition."""
    if isinstance(node, dict):
        for key, value in node.items():
            if key in ("field", "filter", "labelExpr", "expr", "signal", "test") and isinstance(value, str):
                yield value
            yield from fields(value)
    elif isinstance(node, list):
        for value in node:
            yield from fields(value)


@pytest.fixture(scope="module")
def evil(tmp_path_factory):
    return found(hostile(tmp_path_factory.mktemp("evil") / "h.db"))


def test_names_are_shown_safely_and_never_twice():
    shown = rows.names([*HOSTILE, "a" * 50, "a" * 60, ""])
    assert len(set(shown)) == len(shown)
    assert all(len(name) <= rows.NAME + 4 for name in shown)
    assert not any(sign in "".join(shown) for sign in "\u202e\u2028\x1b\x00\n")
    assert shown[-1] == "(no name)"


def test_long_names_are_told_apart_by_their_ends():
    shown = rows.names([f"vendor/a-long-name-of-a-model-2026-11-30-preview-{at}" for at in range(30)])
    assert [name.rpartition("-")[2] for name in shown] == [str(at) for at in range(30)]
    assert max(map(len, shown)) <= rows.NAME


def test_a_curve_goes_on_where_its_samples_end(tmp_path):
    document, _ = found(tame(tmp_path / "t.db"))
    made = [row for row in rows.curves(document["models"], "usd") if row["m"] == 0]
    sampled = [row for row in made if row["kind"] == "sampled"]
    beyond = [row for row in made if row["kind"] == "beyond"]
    assert [row["k"] for row in sampled] == [1, 2, 5, 10, 20]
    assert sampled[0]["cost"] == pytest.approx(0.00005)
    assert beyond[0] == sampled[-1] | {"kind": "beyond"}
    assert beyond[-1]["k"] > 20
    assert beyond[-1]["cost"] == pytest.approx(0.00005 * beyond[-1]["k"])


def test_names_beside_the_chart_do_not_overlap():
    def end(m, coverage):
        return {"m": m, "name": str(m), "kind": "sampled", "coverage": coverage, "cost": 1.0}

    made = rows.labels([end(0, 1.0), end(1, 1.0), end(2, 0.99), end(3, 0.2), end(4, 0.0), end(5, 0.0)])
    heights = sorted(one["at"] for one in made)
    assert all(0 <= height <= 1 for height in heights)
    assert min(b - a for a, b in pairwise(heights)) >= 0.05 - 1e-9
    assert next(one["at"] for one in made if one["m"] == 3) == pytest.approx(0.2)
    assert rows.labels([end(0, 0.5) | {"cost": None}]) == []


def test_nothing_from_the_data_becomes_a_field_or_an_expression(evil):
    document, data = evil
    curves = rows.curves(document["models"], "usd")
    charts = [
        spec.coverage_chart(curves, rows.labels(curves), "usd", LIGHT),
        spec.frontier_chart(rows.frontier(document, "usd"), "usd", LIGHT),
        spec.spread_chart(
            rows.spread(list(document["models"]), [one["points"] for one in data["spread"]]), LIGHT
        ),
        spec.spending_chart(rows.spending(data["spending"]), LIGHT),
    ]
    used = {text for chart in charts for text in fields({k: v for k, v in chart.items() if k != "datasets"})}
    assert used
    assert not any(sign in text for text in used for sign in ("alert", "evil", "proto", "script", "שלום"))
    without = json.dumps(
        [{key: part for key, part in chart.items() if key != "datasets"} for chart in charts]
    )
    assert not any(sign in without for sign in ("alert", "evil", "proto", "onerror"))


def test_the_picture_is_one_for_print_and_says_what_it_is_of(evil):
    document, _ = evil
    picture = render.png(render.figure_of(document), "Cite: «me» \u202e")
    assert picture.startswith(b"\x89PNG\r\n\x1a\n")
    width, height = struct.unpack_from(">II", picture, 16)
    assert width > 2000
    assert height > 900
    kinds, at = [], 8
    while at < len(picture):
        (length,) = struct.unpack_from(">I", picture, at)
        part = picture[at + 4 : at + 8 + length]
        assert struct.unpack_from(">I", picture, at + 8 + length)[0] == zlib.crc32(part)
        kinds.append(part[:4])
        at += 12 + length
    assert (kinds[0], kinds[-1]) == (b"IHDR", b"IEND")
    assert "Description\0\0\0\0\0Cite: «me» \u202e".encode() in picture
    assert len(picture) < 10**6


def test_svg_is_well_formed_and_shows_hostile_names_as_text(evil):
    document, _ = evil
    drawn = render.svg(render.figure_of(document), "</metadata><script>alert(1)</script>")
    root = ElementTree.fromstring(drawn)
    tags = {element.tag.split("}")[1] for element in root.iter()}
    assert tags <= {"svg", "metadata", "defs", "clipPath", "rect", "g", "path", "text", "line", "title"}
    assert not any(key.startswith("on") or "href" in key for element in root.iter() for key in element.attrib)
    texts = [element.text or "" for element in root.iter() if element.tag.endswith("}text")]
    for words in (
        "Coverage by model",
        "dollars per 1,000 problems",
        "__proto__",
        "constructor",
        "all bought at once",
    ):
        assert words in texts
    assert any(text.startswith("</scrip") for text in texts)


@pytest.mark.parametrize("axis", ["usd", "tokens", "seconds"])
def test_every_axis_is_named_in_words(tmp_path, axis):
    document, _ = found(tame(tmp_path / "t.db"), axis)
    drawn = render.svg(render.figure_of(document), "")
    assert f">{'dollars per 1,000 problems' if axis == 'usd' else axis + ' per problem'}<" in drawn


def test_free_models_and_none_at_all_are_drawn_empty(tmp_path):
    document, _ = found(make_ledger(tmp_path / "f.db", {"m": Made({"a": [0, 1], "b": [None]}, 0)}))
    assert render.svg(render.figure_of(document), "").startswith("<svg")
    document, _ = found(make_ledger(tmp_path / "n.db", {}))
    assert render.svg(render.figure_of(document), "").startswith("<svg")


def test_the_program_names_no_address():
    assert set(re.findall(r"\w+://[\w./-]*", render.program())) <= {
        "http://www.w3.org/2000/svg",
        "http://www.w3.org/1999/xlink",
        "http://www.w3.org/2000/xmlns/",
        "file://",
    }
