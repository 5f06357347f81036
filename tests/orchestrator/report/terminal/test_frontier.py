import io
import re

import pytest
from rich.console import Console

from orchestrator.analysis.frontier import frontier_document
from orchestrator.report.terminal.frontier import amount, print_frontier
from orchestrator.report.terminal.plot import Series, plot
from tests.orchestrator.analysis.test_frontier import document, two_models
from tests.orchestrator.ledger_fixture import Made


class Terminal(io.StringIO):
    encoding = "utf-8"


def shown(found, width=80):
    stream = Terminal()
    print_frontier(Console(file=stream, width=width, color_system=None, soft_wrap=True, markup=False), found)
    return stream.getvalue()


def test_says_what_to_buy(tmp_path):
    text = shown(document(tmp_path, two_models()))
    assert "many or few?" in text
    assert "× cheap" in text
    assert re.search(r"; sure|probability 0\.\d\d|would tell", text)
    assert "the frontier" in text
    assert "● cheap" in text
    assert "▲ expensive" in text


def test_on_a_narrow_terminal_what_is_bought_stays_readable(tmp_path):
    """A column of one word a line is none."""
    wide, narrow = (shown(document(tmp_path, two_models()), width) for width in (120, 40))
    bought = [line for line in wide.split("the frontier:")[1].split("\n\n")[0].splitlines() if " × " in line]
    assert bought
    lines = narrow.split("the frontier:")[1].split("\n\n")[0].splitlines()
    assert max(map(len, lines[1:])) <= 40
    for line in bought:
        policy = "".join(line.split("   ")[-1].split())
        assert policy in "".join("".join(lines).split())
    assert not any(0 < len(line.strip()) < 3 for line in lines)


@pytest.mark.parametrize("width", [80, 120])
def test_plots_and_tables_keep_to_the_width(tmp_path, width):
    lines = shown(document(tmp_path, two_models()), width).splitlines()
    start = next(i for i, line in enumerate(lines) if line.startswith("coverage against"))
    assert max(len(line) for line in lines[start : start + 19]) <= width
    assert max(len(line) for line in lines[:start]) <= 80


@pytest.mark.parametrize("environment", [{"NO_COLOR": "1"}, {"TERM": "dumb"}])
def test_plain_plots_are_ascii(tmp_path, monkeypatch, environment):
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    text = shown(document(tmp_path, two_models()))
    assert "o cheap" in text
    assert not any("\u2800" <= character <= "\u28ff" or character in "●▲│└" for character in text)


def test_hostile_aliases_drive_nothing(tmp_path):
    evil = "[bold]\x1b[2J\u202egpt"
    models = two_models()
    text = shown(document(tmp_path, {evil: models["cheap"], "expensive": models["expensive"]}))
    assert "\x1b" not in text
    assert "\u202e" not in text
    assert "[bold]\\x1b[2J\\u202egpt" in text


def test_nothing_to_draw_is_still_said(tmp_path):
    text = shown(document(tmp_path, {"m": Made({"a": [None]})}))
    assert "the one sample has no verdict" in text
    assert "coverage against" not in text
    assert "there are no models" in shown(frontier_document([], "usd"))


def test_free_models_have_no_place_on_the_axis_and_no_trouble(tmp_path):
    text = shown(document(tmp_path, {"m": Made({"a": [0, 1], "b": [1, 1]}, 0)}))
    assert "coverage against" not in text
    assert "100.0%" in text


@pytest.mark.parametrize(
    ("axis", "value", "text"),
    [
        ("usd", 0.00123, "$0.00123"),
        ("tokens", 12345.6, "12,346"),
        ("seconds", 0.25, "0.25 s"),
        ("usd", None, "?"),
    ],
)
def test_amounts(axis, value, text):
    assert amount(axis, value) == text


def rows(series, *, ascii_only=True):
    found = plot(series, lambda x: f"{x:g}", width=60, height=8, ascii_only=ascii_only)
    return ["".join(cell.character for cell in row) for row in found]


def test_a_plot_rises_from_left_to_right_and_marks_every_point():
    lines = rows([Series([1, 10, 100], [0.1, 0.5, 1.0])])
    marks = [(line.index("o"), at) for at, line in enumerate(lines) if "o" in line]
    assert [at for _, at in sorted(marks)] == sorted((at for _, at in marks), reverse=True)
    assert len(marks) == 3
    assert lines[0].startswith(" 100% |")
    assert lines[7].startswith("   0% |")
    assert {"1", "10", "100"} <= set(lines[-1].split())


def test_two_series_are_told_apart_without_colour():
    text = "\n".join(rows([Series([1, 10], [0.1, 0.2]), Series([1, 10], [0.6, 0.9])]))
    assert text.count("o") == 2
    assert text.count("x") == 2


@pytest.mark.parametrize(
    "series", [Series([1e-6], [0.0]), Series([5, 5], [0.5, 0.5]), Series([1e-9, 1e9], [0.01, 1])]
)
def test_odd_ranges_are_drawn(series):
    for ascii_only in (True, False):
        lines = rows([series], ascii_only=ascii_only)
        assert len(lines) == 10
        assert max(map(len, lines)) <= 60
