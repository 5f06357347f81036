"""Charts as pictures, and the program that draws them in a browser: all from vl-convert, which holds Vega and Vega-Lite
and asks no network for anything. Only with the extra `charts`."""

from __future__ import annotations

import importlib.util
import re
import struct
import sys
import zlib
from functools import cache
from html import escape
from typing import TYPE_CHECKING, Any

from orchestrator.errors import InputError
from orchestrator.installer import install_extra
from orchestrator.report.charts import rows, spec
from orchestrator.report.charts.palette import LIGHT
from orchestrator.report.charts.panels import POINTS_PER_INCH, coverage_of, drawable
from orchestrator.report.charts.pdf_subject import with_subject

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

SCALE = 3.0
"""Pixels a point: 300 a printed inch at the figure's width on a page."""
_SIDE = re.compile(r'\b(width|height)="([\d.]+)"')
_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_ADDRESSES = {
    "https://vega.github.io/schema/": "/schema/",
    "https://vega.github.io/editor/": "",
    "https://github.com/vega/vega-lite/issues/2415": "",
}
"""In the libraries' texts: never asked for, but a report names no address at all."""


def has_charts() -> bool:
    """Whether the library is installed."""
    return (
        sys.modules.get("vl_convert", vars) is not None and importlib.util.find_spec("vl_convert") is not None
    )


def need_charts(flag: str) -> None:
    """Raises InputError if the library is not installed."""
    if not has_charts():
        raise InputError(flag, "needs the charting library vl-convert-python", install_extra("charts"))


def figure_of(document: Mapping[str, Any]) -> dict[str, Any]:
    """The frontier's document as the figure for a paper: coverage and frontier side by side."""
    axis = document["axis"]
    ways = drawable(rows.frontier(document, axis))
    stops = any(row["way"] == rows.UNTIL_SOLVED for row in ways)
    frontier = spec.frontier_chart(ways, axis, LIGHT, stops=stops)
    return spec.figure(coverage_of(document), frontier, LIGHT)


def png(chart: dict[str, Any], said: str, *, dots_per_inch: int | None = None) -> bytes:
    """`said` stands in the picture's own notes, as its description. `dots_per_inch`: of a chart measured in points."""
    import vl_convert

    scale = SCALE if dots_per_inch is None else dots_per_inch / POINTS_PER_INCH
    drawn = vl_convert.vegalite_to_png(chart, scale=scale, allowed_base_urls=[])
    return _with_notes(drawn, {"Software": "manyfew", "Description": said}, dots_per_inch)


def svg(chart: dict[str, Any], said: str, *, in_points: bool = False) -> str:
    """`said` stands in it as its description. `in_points`: the chart is measured so, not in pixels."""
    import vl_convert

    drawn = vl_convert.vegalite_to_svg(chart, allowed_base_urls=[])
    head, _, rest = drawn.partition(">")
    if in_points:
        head = _SIDE.sub(r'\1="\2pt"', head)
    return f"{head}><metadata>manyfew: {escape(said)}</metadata>{rest}"


def pdf(chart: dict[str, Any], said: str) -> bytes:
    """With its fonts embedded. `said` stands in it as its subject."""
    import vl_convert

    return with_subject(vl_convert.vegalite_to_pdf(chart, allowed_base_urls=[]), said)


@cache
def program() -> str:
    """Vega-Lite and Vega as one script, which leaves `vegaEmbed` on the window. It makes no function from text: its
    expressions are interpreted, so that a page can forbid that."""
    import vl_convert

    script = vl_convert.javascript_bundle("window.vegaEmbed = vegaEmbed;")
    for address, instead in _ADDRESSES.items():
        script = script.replace(address, instead)
    assert "</script" not in script.lower()
    assert "<!--" not in script
    return script.replace("\r\n", "\n")


def _with_notes(picture: bytes, notes: dict[str, str], dots_per_inch: int | None) -> bytes:
    """With text after the header (PNG specification, 11.3.3: iTXt holds UTF-8), its resolution, and its pixels packed
    well: vl-convert packs them for speed, ten times as large."""
    assert picture.startswith(_SIGNATURE)
    chunks = list(_chunks(picture))
    pixels = zlib.decompress(b"".join(data for kind, data in chunks if kind == b"IDAT"))
    others = [(kind, data) for kind, data in chunks if kind not in (b"IDAT", b"IEND", b"pHYs")]
    per_metre = round((dots_per_inch or POINTS_PER_INCH * SCALE) / 0.0254)
    others.insert(1, (b"pHYs", struct.pack(">IIB", per_metre, per_metre, 1)))
    said = [(b"iTXt", key.encode("latin-1") + b"\0\0\0\0\0" + text.encode()) for key, text in notes.items()]
    made = [others[0], *said, *others[1:], (b"IDAT", zlib.compress(pixels, 9)), (b"IEND", b"")]
    return _SIGNATURE + b"".join(
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        for kind, data in made
    )


def _chunks(picture: bytes) -> Iterator[tuple[bytes, bytes]]:
    at = len(_SIGNATURE)
    while at < len(picture):
        (length,) = struct.unpack_from(">I", picture, at)
        yield picture[at + 4 : at + 8], picture[at + 8 : at + 8 + length]
        at += 12 + length
