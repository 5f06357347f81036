"""`frontier` in one screen."""

from __future__ import annotations

import io
import re
from itertools import pairwise

import numpy as np
import pytest
from rich.cells import cell_len
from rich.console import Console

from orchestrator.report.terminal.one_screen import Spent, print_one_screen
from orchestrator.report.terminal.plot import Series, plot
from tests.orchestrator.analysis.test_frontier import document
from tests.orchestrator.ledger_fixture import USD, Made, counted

NAMES = [f"meta-llama/Llama-3.1-{size}B-Instruct-Turbo" for size in range(1, 14)]


def models(number):
    generator = np.random.default_rng(number)
    rates = generator.beta(0.5, 2, 20)
    names = [*NAMES[: number - 1], "openai/gpt-5.4-mini-2026-03-17-with-a-long-name"]
    return {
        alias: Made(
            {
                f"p{i}": counted(20, int(generator.binomial(20, min(0.95, rates[i] * (1 + 2 * at / number)))))
                for i in range(20)
            },
            USD // 10**6 * 3 ** min(at, 6),
        )
        for at, alias in enumerate(names)
    }


class Stream(io.StringIO):
    encoding = "utf-8"


def shown(found, width=100, *, terminal=True, spent=None):
    stream = Stream()
    console = Console(
        file=stream,
        width=width,
        color_system=None,
        force_terminal=terminal,
        soft_wrap=not terminal,
        markup=False,
    )
    print_one_screen(console, found, spent or Spent(USD, USD // 10))
    return stream.getvalue()


@pytest.fixture(scope="module")
def four(tmp_path_factory):
    return document(tmp_path_factory.mktemp("four"), models(4))


@pytest.fixture(scope="module")
def fourteen(tmp_path_factory):
    return document(tmp_path_factory.mktemp("fourteen"), models(14))


@pytest.mark.parametrize("width", [100, 120])
def test_four_models_take_forty_lines_with_the_citation(four, width):
    lines = shown(four, width).splitlines()
    assert len(lines) <= 38
    assert max(map(cell_len, lines)) <= 100
    text = "\n".join(lines)
    assert lines[0].startswith("$1.10 spent for 1,600 samples (4 models, 20 problems); $0.10 of it may not")
    for part in ("Buy ", "Many or few?", "what to buy", "coverage against dollars per 1,000 problems"):
        assert part in text
    assert not re.search(r"\de-\d", text)


def test_the_best_buys_are_numbered_in_their_order(four):
    rows = re.findall(r"^ *(\d+) +([\d.>]+)% ", shown(four), re.MULTILINE)
    assert [int(number) for number, _ in rows] == list(range(1, len(four["best_buys"]) + 1))


def test_fourteen_models_can_be_told_apart(fourteen):
    lines = shown(fourteen).splitlines()
    assert len(lines) <= 38
    assert max(map(cell_len, lines)) <= 100
    legend = re.findall(r"[●▲■◆▼◇△□○] (\S+)", "\n".join(lines[-4:]))
    assert len(set(legend)) == 14


def test_a_pipe_gets_whole_names_and_whole_lines(four):
    text = shown(four, 80, terminal=False)
    assert NAMES[0] in text
    assert max(map(len, text.splitlines())) > 100
    assert "more to watch out for" not in text


@pytest.mark.parametrize("width", [40, 60, 80])
def test_on_a_narrow_terminal_no_line_is_wider_and_no_buy_is_cut(four, width):
    text = shown(four, width)
    assert max(map(cell_len, text.splitlines())) <= width
    table = text[text.index("coverage  ") :].split("\n\n")[0]
    assert "what to buy" in table
    assert table.count(" × ") == sum(len(row["policy"]["order"]) for row in four["best_buys"])
    assert re.findall(r"([\d,]+) ×", table) == [
        f"{row['policy']['samples'][alias]:,}"
        for row in four["best_buys"]
        for alias in row["policy"]["order"]
    ]


@pytest.mark.parametrize("rows", range(5, 13))
def test_the_shares_beside_the_chart_are_even_steps(rows):
    series = [Series([1.0, 10.0, 100.0], [0.1, 0.5, 1.0])]
    drawn = plot(series, str, width=60, height=rows, ascii_only=True)
    labels = ["".join(cell.character for cell in line[:5]).strip() for line in drawn[:rows]]
    shares = [int(label.rstrip("%")) for label in labels if label]
    assert len(shares) >= 3
    assert {shares[0], shares[-1]} == {0, 100}
    assert len({before - after for before, after in pairwise(shares)}) == 1


def test_a_recording_is_not_spent(four):
    assert shown(four, spent=Spent(USD, 0, USD)).startswith(
        "1,600 samples (4 models, 20 problems); $1.00 of a record"
    )


def test_plain_and_hostile(tmp_path, monkeypatch):
    monkeypatch.setenv("NO_COLOR", "1")
    made = list(models(3).values())
    evil = document(tmp_path, {"[bold]\x1b[2J\u202egpt": made[0], "漢字" * 40: made[1], "c": made[2]})
    text = shown(evil)
    assert not any(character in text for character in "\x1b\u202e●▲")
    assert max(map(cell_len, text.splitlines())) <= 100


def test_nothing_solved_has_no_advice_and_no_break(tmp_path):
    found = document(tmp_path, {"a": Made({"p": [0, 0]}), "b": Made({"p": [0, 0]})})
    assert "samples (2 models, 1 problem" in shown(found)
