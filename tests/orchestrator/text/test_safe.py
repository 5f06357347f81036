import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrator.text.safe import safe


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("gpt-4o", "gpt-4o"),
        ("", ""),
        ("naïve 漢字 🙂", "naïve 漢字 🙂"),
        ("a\nb\tc\r", "a\\nb\\tc\\r"),
        ("\x1b[2J\x1b]0;owned\x07", "\\x1b[2J\\x1b]0;owned\\x07"),
        ("\x9b31m", "\\x9b31m"),
        ("\u202eevil\u2066", "\\u202eevil\\u2066"),
        ("zero\u200bwidth", "zero\\u200bwidth"),
        ("tag\U000e0041", "tag\\U000e0041"),
        ("\ud800", "\\ud800"),
        ("[red]markup[/red]", "[red]markup[/red]"),
    ],
)
def test_what_drives_a_terminal_is_spelt_out(text, shown):
    assert safe(text) == shown


def test_cut_to_a_limit_with_an_ellipsis():
    assert safe("x" * 100, 10) == "x" * 9 + "…"
    assert safe("x" * 10, 10) == "x" * 10
    assert safe("\x1b" * 100, 10) == "\\x1b\\x1b\\…"


def test_a_tower_of_combining_marks_is_cut():
    assert safe("a" + "\u0300" * 5) == "a" + "\u0300" * 4 + "\\u0300"


@given(st.text())
def test_nothing_unsafe_is_left_of_any_text(text):
    shown = safe(text)
    assert not any(unicodedata.category(c) in ("Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp") for c in shown)
    assert safe(shown) == shown
