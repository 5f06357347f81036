import pytest

from orchestrator.report.live.glyphs import ASCII, UNICODE, glyphs_for, writable


@pytest.mark.parametrize(
    ("encoding", "glyphs"),
    [("utf-8", UNICODE), ("ascii", ASCII), ("iso-8859-1", ASCII), ("no such thing", ASCII), (None, ASCII)],
)
def test_blocks_only_where_the_encoding_has_them(encoding, glyphs):
    assert glyphs_for(encoding) is glyphs


def test_no_two_parts_of_a_bar_look_alike_without_colour():
    for glyphs in (UNICODE, ASCII):
        assert len({glyphs.settled, glyphs.presumed, glyphs.reserved, glyphs.left}) == 4
        assert len({glyphs.done, glyphs.failed, glyphs.todo}) == 3


@pytest.mark.parametrize(
    ("text", "encoding", "shown"),
    [
        ("naïve 漢", "utf-8", "naïve 漢"),
        ("naïve 漢", "latin-1", "naïve \\u6f22"),
        ("ï", "no such thing", "\\xef"),
    ],
)
def test_what_an_encoding_lacks_is_spelt_out(text, encoding, shown):
    assert writable(text, encoding) == shown
