import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from orchestrator.report.cells import clip, fit, split, wrap
from tests.orchestrator.report.progress_fixture import texts


@pytest.mark.parametrize(
    ("text", "width", "shown"),
    [
        ("gpt-4o", 6, "gpt-4o"),
        ("gpt-4o-mini", 6, "gpt-4…"),
        ("漢字漢字", 8, "漢字漢字"),
        ("漢字漢字", 7, "漢字漢…"),
        ("漢字漢字", 6, "漢字…"),
        ("abc", 1, "…"),
        ("abc", 0, ""),
    ],
)
def test_clipped_to_cells_not_characters(text, width, shown):
    assert clip(text, width) == shown


def test_fitted_to_either_side():
    assert fit("12", 5) == "12   "
    assert fit("12", 5, "right") == "   12"
    assert fit("漢字", 5) == "漢字 "
    assert fit("12345678", 5, "right", "...") == "12..."


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        ("the key was refused", ["the key", "was", "refused"]),
        ("the key was refused by it", ["the key", "was", "refused…"]),
        ("unbreakable-word", ["unbreaka", "ble-word"]),
        ("", []),
    ],
)
def test_broken_at_spaces_into_few_lines(text, lines):
    assert wrap(text, 8, 3) == lines


@pytest.mark.parametrize(
    ("amounts", "width", "cells"),
    [
        ([5, 0, 5], 10, [5, 0, 5]),
        ([1, 0, 999_999], 10, [1, 0, 9]),
        ([999_999, 0, 1], 10, [9, 0, 1]),
        ([1, 1, 1], 10, [4, 3, 3]),
        ([0, 0, 0], 10, [0, 0, 10]),
        ([1, 1, 1], 2, [0, 1, 1]),
    ],
)
def test_cells_shared_in_proportion(amounts, width, cells):
    assert split(amounts, width) == cells


@given(st.lists(st.integers(0, 10**18), min_size=1, max_size=5), st.integers(0, 200))
def test_shared_cells_sum_to_the_width(amounts, width):
    cells = split(amounts, width)
    assert sum(cells) == width
    assert min(cells) >= 0
    if sum(amount > 0 for amount in amounts) <= width and any(amounts):
        assert [cell > 0 for cell in cells] == [amount > 0 for amount in amounts]


@given(texts, st.integers(1, 40), st.integers(1, 4))
def test_no_line_is_wider_than_asked(text, width, most):
    lines = wrap(text, width, most)
    assert len(lines) <= most
    assert all(cell_len(line) <= width for line in [*lines, clip(text, width)])
    assert cell_len(fit(text, width)) == width
