"""`compare` on the screen: a column a model, a row a figure, pairs in sentences; and printed results beside them."""

from __future__ import annotations

from io import StringIO

import pytest
from rich.cells import cell_len
from rich.console import Console

from orchestrator.analysis.whole_document import compare_whole
from orchestrator.report.terminal.compare import print_compare
from orchestrator.report.terminal.printed import print_printed, sentence
from tests.orchestrator.ledger_fixture import Made, counted, make_ledger


@pytest.fixture
def document(tmp_path):
    problems = {f"p{n}": counted(8, n % 5) for n in range(12)}
    few = {key: counted(8, 8) for key in problems}
    models = {
        "small": Made(problems, cost_pico=10**6),
        "large-\x1b[31mred": Made(few, cost_pico=10**8, presumed_pico=10**9),
    }
    return compare_whole([make_ledger(tmp_path / "l.db", models)])


def screen(document, width: int = 100, *, terminal: bool = True) -> str:
    out = StringIO()
    print_compare(Console(file=out, width=width, color_system=None, force_terminal=terminal), document)
    return out.getvalue()


def test_each_model_has_its_column(document):
    shown = screen(document)
    lines = {line[:20].strip(): line[20:].split() for line in shown.splitlines()}
    assert lines["samples"] == ["96", "96"]
    assert lines["pass rate"][1] == "100.0%"
    assert lines["per 1,000 samples"] == ["$0.001", "$0.10"]
    assert "presumed" in lines


def test_a_row_without_a_figure_is_left_out(document):
    assert "caching saved" not in screen(document)


def test_a_pair_is_a_sentence_with_its_band(document):
    said = " ".join(screen(document).split())
    assert "passes more often on 12 problems" in said
    assert "95% band" in said


def test_a_narrow_screen_has_a_table_a_model(document):
    assert screen(document, 40).count("pass rate") == 2
    assert screen(document, 100).count("pass rate") == 1


LLAMAS = [f"meta-llama/Llama-3.1-{size}B-Instruct-Turbo" for size in (1, 3, 8, 70, 405)]


@pytest.fixture
def llamas(tmp_path):
    made = Made({f"p{n}": counted(8, n % 5) for n in range(6)})
    return compare_whole([make_ledger(tmp_path / "l.db", dict.fromkeys(LLAMAS, made))])


@pytest.mark.parametrize("width", [80, 100, 120])
def test_long_names_are_whole_words_that_can_be_told_apart(llamas, width):
    tables = screen(llamas, width).split("\n\n")[:-1]
    assert all(cell_len(line) <= width for table in tables for line in table.splitlines())
    heads = [name for table in tables for name in table.splitlines()[0].split()]
    assert len(set(heads)) == len(LLAMAS)
    for table in tables:
        assert [line.split("  ")[0] for line in table.splitlines()[1:4]] == ["provider", "model", "samples"]


def test_a_pipe_gets_one_table_with_whole_names(llamas):
    shown = screen(llamas, 80, terminal=False)
    assert shown.splitlines()[0].split() == LLAMAS
    assert shown.count("pass rate") == 1


def test_hostile_names_are_harmless(document):
    assert "\x1b" not in screen(document)


def test_printed_results_have_a_row_each_and_a_sentence_a_pair():
    table = [
        {"model": "a", "k": 5, "coverage": 0.2962, "usd_per_attempt": 0.0072, "usd_per_problem": 0.036}
        | {"usd": 10.8, "ratio": 1.0},
        {"model": "b", "k": 1, "coverage": 0.24, "usd_per_attempt": 0.13, "usd_per_problem": 0.13}
        | {"usd": None, "ratio": None},
    ]
    pair = {"cheap": "a", "cheap_k": 5, "expensive": "b", "expensive_k": 1, "coverage_cheap": 0.2962}
    pair |= {"coverage_expensive": 0.24, "usd_cheap": 0.036, "usd_expensive": 0.13, "cost_ratio": 3.6}
    out = StringIO()
    print_printed(Console(file=out, width=100, color_system=None), table, [pair, {**pair, "cheap": "c"}])
    shown = out.getvalue()
    assert "$10.80" in shown
    assert shown.count("is cheaper") == 1
    assert "a is cheaper, 3.6x" in shown
    assert "b is cheaper" in sentence({**pair, "cost_ratio": 0.5})
    assert "the same" in sentence({**pair, "cost_ratio": 1})
    assert "no printed number of a" in sentence({**pair, "cheap_k": None})
    assert sentence({**pair, "cost_ratio": None}).endswith("a problem")


def test_too_few_problems_say_how_many_would_tell(tmp_path):
    models = {
        "one": Made({f"p{n}": counted(10, 6 if n else 0) for n in range(5)}),
        "other": Made({f"p{n}": counted(10, 0 if n else 1) for n in range(5)}),
    }
    said = " ".join(screen(compare_whole([make_ledger(tmp_path / "few.db", models)])).split())
    assert "too few problems to tell whether they pass alike: a difference as seen takes about" in said
    assert "+46.0 points" in said


def test_stopping_at_the_first_pass_makes_no_model_look_better(tmp_path):
    """The same rates: one model drew 16 samples of each problem, the other stopped at its first pass."""
    import numpy as np

    generator = np.random.default_rng(6)
    rates = generator.beta(0.5, 2, 150)
    drawn = [(generator.random(16) < rate).astype(int).tolist() for rate in rates]
    again = [(generator.random(16) < rate).astype(int).tolist() for rate in rates]
    stopped = [one[: one.index(1) + 1] if 1 in one else one for one in again]
    models = {
        "fixed": Made({f"p{n}": one for n, one in enumerate(drawn)}),
        "stops": Made({f"p{n}": one for n, one in enumerate(stopped)}, mode="until_solved"),
    }
    (pair,) = compare_whole([make_ledger(tmp_path / "stops.db", models)])["pairs"]
    assert abs(pair["pass_rate_difference"]) < 0.06
    assert pair["p_value"] > 0.05
    naive = np.mean([sum(one) / len(one) for one in stopped])
    assert naive - np.mean(rates) > 0.08, "passes over samples would be far off"
