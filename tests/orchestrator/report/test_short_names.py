import pytest
from rich.cells import cell_len

from orchestrator.report.short_names import short_names

LLAMAS = [f"meta-llama/Llama-3.{v}-{size}B-Instruct" for v in (1, 2) for size in (1, 3, 8, 70, 405)]
MIDDLES = [f"{'x' * 60}{letter}{'y' * 60}" for letter in "abc"]


@pytest.mark.parametrize("width", [8, 10, 12, 16, 24, 40])
@pytest.mark.parametrize(
    "names", [LLAMAS, MIDDLES, ["漢字" * 20, "漢字" * 19 + "い", "漢"], ["a" * 300, "a" * 299]]
)
def test_they_fit_and_can_be_told_apart(names, width):
    shown = short_names(names, width)
    assert all(cell_len(name) <= width for name in shown)
    assert len(set(shown)) == len(names)


def test_what_fits_stays_as_it_is():
    assert short_names(["gpt-4o", "gpt-4o-mini"], 11) == ["gpt-4o", "gpt-4o-mini"]
    assert short_names([], 10) == []


def test_what_all_share_goes_first():
    assert short_names(LLAMAS[:3], 12) == ["…1B-Instruct", "…3B-Instruct", "…8B-Instruct"]
    assert short_names(LLAMAS, 12)[3] == "…3.1-70B…"


def test_what_most_share_goes_too():
    names = [f"meta-llama/Llama-3.1-{size}B-Instruct-Turbo" for size in range(8, 18)]
    shown = short_names([*names, "openai/gpt-5.4-mini-2026-03-17"], 14)
    assert (shown[0], shown[9], shown[10]) == ("…8B…", "…17B…", "open…026-03-17")


def test_the_same_name_twice_stays_the_same():
    one, other, third = short_names([MIDDLES[0], MIDDLES[0], MIDDLES[1]], 9)
    assert one == other != third


def test_no_name_drives_the_terminal():
    assert short_names(["\x1b[31mred\u202e", ""], 30) == ["\\x1b[31mred\\u202e", "(no name)"]


def test_only_names_that_cannot_be_told_apart_are_numbered():
    names = ["a" * 50, "a" * 60, "small", "vendor/a-model-of-a-long-name-preview", ""]
    assert short_names(names, 12) == ["aaaaaaaaa…#1", "aaaaaaaaa…#2", "small", "ven…-preview", "(no name)"]
