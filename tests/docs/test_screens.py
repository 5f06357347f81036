"""docs/screens.md shows what the program draws."""

import pytest
from rich.cells import cell_len

from tests.docs.screens import PAGE, SCREENS, drawn


def test_the_page_shows_the_screens_as_they_are_drawn():
    page = PAGE.read_text("utf-8")
    assert drawn(page) == page, "python -m tests.docs.screens writes them anew"
    assert all(f"<!-- screen: {name} -->" in page for name in SCREENS)


@pytest.mark.parametrize(
    ("name", "width", "height"), [("live 80x24", 80, 24), ("live 120x40", 120, 40), ("live 40x24", 40, 24)]
)
def test_a_live_screen_fits_its_terminal_and_says_what_matters(name, width, height):
    lines = SCREENS[name]().splitlines()
    assert len(lines) < height
    assert max(map(cell_len, lines)) <= width
    text = "\n".join(lines)
    for said in (
        "the budget ends it at 99%",
        "rate limit, 2 s",
        "$0.08 of $0.50",
        "server smollm2",
        "errors:",
    ):
        assert said in text, said


def test_status_says_what_the_live_screen_says():
    text = " ".join(SCREENS["status"]().split())
    for said in (
        "About 5 min 50 s of money left",
        "ends about",
        "$0.312 a minute",
        "gpt-5.4-mini takes 58% of the money",
        "gpt-5.4-mini waits: rate limit, 2 s",
        "mini-swe works on astropy__astropy-12907 #1: 14 calls, $0.08 of $0.50",
        "rate limited ×9 (free)",
        "server smollm2-1.7b: ready after 41 s",
    ):
        assert said in text, said
