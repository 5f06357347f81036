"""`compare` on the screen: a column a model, a row a figure, pairs in sentences; and printed results beside them."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from io import StringIO

import pytest
from rich.cells import cell_len
from rich.console import Console

from orchestrator.analysis.whole_document import compare_whole, frontier_documents
from orchestrator.report.terminal.compare import print_compare
from orchestrator.report.terminal.printed import print_printed, sentence
from tests.orchestrator.ledger_fixture import USD, Made, counted, make_ledger


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
    assert max(map(cell_len, screen(document, 40).splitlines())) <= 40


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


def _with(path, *statements: str):
    """A ledger of one model, two of whose four cents were billed for no sample, with a run and these rows besides."""
    made = Made({"p": counted(2, 1)}, cost_pico=USD // 100, unused_pico=USD // 50)
    db = make_ledger(path, {"a": made})
    with closing(sqlite3.connect(db)) as connection, connection:
        connection.execute("INSERT INTO sweep_file VALUES (1, 1, 'x', '', 0)")
        connection.execute(
            "INSERT INTO run (id, sweep_file_id, budget_pico, started_at, status, pid, host, versions) "
            "VALUES (1, 1, 1, 0, 'complete', 1, 'h', '{}')"
        )
        for statement in statements:
            connection.execute(statement)
    return db


def test_attempts_of_agents_have_rows_of_their_own(document, tmp_path):
    attempt = (
        "INSERT INTO agent_attempt (run_id, model_id, problem_id, sample_index, state, token_sha, calls, started_at) "
        "VALUES (1, 1, 1, {}, '{}', '', {}, 0)"
    )
    ends = (("done", 3), ("done", 4), ("open", 1), ("lost", 0))
    bound = "UPDATE sample SET cost_basis = 'bound' WHERE sample_index = 0"
    db = _with(tmp_path / "a.db", *(attempt.format(n, *end) for n, end in enumerate(ends)), bound)
    lines = {line[:26].strip(): line[26:].split() for line in screen(compare_whole([db])).splitlines()}
    assert lines["attempts interrupted"] == ["1"]
    assert lines["attempts without sample"] == ["1"]
    assert lines["calls per attempt"] == ["3.5"]
    assert lines["dollars at upper bound"] == ["50.0%"]
    assert "attempt" not in screen(document)
    warnings = "\n".join(frontier_documents([db], "usd").whole["warnings"])
    assert "a: 1 interrupted attempt is not finished" in warnings
    assert "a: 1 attempt ended without a sample" in warnings


def test_a_frontier_tells_what_loading_cost_beside_its_axis(tmp_path):
    lease = (
        "INSERT INTO lease (run_id, model_id, server, reserved_pico, usd_per_hour, opened_at, ended_at, loading_pico, "
        "idle_pico) VALUES (1, 1, 's', 0, '1', 0, 1, 15000000000, 5000000000)"
    )
    db = _with(tmp_path / "a.db", lease)
    found = "\n".join(frontier_documents([db, tmp_path / "a.db"], "usd").whole["warnings"])
    assert (
        "a: its costs leave out the time of its server without a request: $0.015 for loading, $0.005 idle"
        in found
    )
    assert "without a usable sample" not in found
    assert "idle" not in "\n".join(frontier_documents([db], "tokens").whole["warnings"])
