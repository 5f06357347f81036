"""The pictures in docs can be taken anew, and show what they are for."""

import shutil
import struct

import pytest

from tests.docs.pages import DOCS
from tests.docs.pictures import FIGURE_DPI, IMAGES, KEPT, PAGES, manyfew, take_figure, take_pages
from tests.orchestrator.report.page.browser import CHROMIUM

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(
        CHROMIUM is None or shutil.which("pdftoppm") is None, reason="needs Chromium and pdftoppm"
    ),
]


def size(png: bytes) -> tuple[int, int]:
    assert png.startswith(b"\x89PNG")
    return struct.unpack(">II", png[16:24])


async def test_the_pages_and_the_figure_are_as_large_as_said_and_not_blank(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    manyfew("init", "--quickstart", "quickstart.toml")
    manyfew("run", "quickstart.toml", "--progress", "none")
    ledger = tmp_path / "runs" / "quickstart.db"
    beyond = await take_pages(ledger, tmp_path)
    assert beyond == dict.fromkeys(PAGES, 0)
    for name, (width, height, _) in PAGES.items():
        taken = (tmp_path / name).read_bytes()
        assert size(taken) == (width, height)
        assert len(taken) > 20_000, "text and a chart, not an empty page"
    take_figure(ledger, tmp_path)
    wide, high = size((tmp_path / "figure-samples.png").read_bytes())
    assert (wide, high) == pytest.approx((3.3 * FIGURE_DPI, 2.4 * FIGURE_DPI), abs=1)


@pytest.mark.parametrize("name", KEPT)
def test_what_is_kept_is_small_and_shown(name):
    assert (IMAGES / name).stat().st_size < 200_000
    assert f"(images/{name})" in (DOCS / "screens.md").read_text("utf-8")
