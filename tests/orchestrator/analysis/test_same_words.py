"""`frontier`, `compare`, their JSON and the page say the same of the same ledgers."""

import html
import re
from io import StringIO

import pytest
from rich.console import Console

from orchestrator.analysis.page_data import PAGE_AXES, report_data
from orchestrator.analysis.whole_document import compare_whole, frontier_documents
from orchestrator.ledger.reading.outcomes.outcomes import read_axes
from orchestrator.ledger.reading.samples.provenance import read_provenance
from orchestrator.report.page.page import page
from orchestrator.report.terminal.frontier import print_frontier
from orchestrator.text.comparison_words import sentence
from orchestrator.text.frontier_words import routed
from tests.orchestrator.ledger_fixture import Made, counted, make_ledger

CHEAP, EXPENSIVE = 10**9, 12 * 10**9


def _uniform(folder):
    models = {
        "cheap": Made({f"p{i}": counted(20, i % 5) for i in range(24)}, CHEAP),
        "expensive": Made({f"p{i}": counted(4, i % 3) for i in range(24)}, EXPENSIVE),
    }
    return [make_ledger(folder / "uniform.db", models)]


def _until_solved(folder):
    tries = {f"p{i}": [0] * (i % 6) + [1] if i % 4 else [0] * 8 for i in range(24)}
    models = {
        "cheap": Made(tries, CHEAP, mode="until_solved"),
        "expensive": Made({f"p{i}": counted(4, i % 3) for i in range(24)}, EXPENSIVE),
    }
    return [make_ledger(folder / "stopped.db", models)]


def _with_lost_samples(folder):
    lost = {f"p{i}": [None, None, *counted(10, i % 4)] for i in range(20)}
    models = {
        "cheap": Made(lost, CHEAP),
        "expensive": Made({f"p{i}": counted(4, i % 3) for i in range(20)}, EXPENSIVE),
        "third": Made({f"p{i}": counted(6, (i * 5) % 4) for i in range(20)}, 3 * CHEAP),
    }
    return [make_ledger(folder / "lost.db", models)]


def _two_ledgers(folder):
    halves = [range(12), range(12, 24)]
    return [
        make_ledger(
            folder / f"part{at}.db",
            {
                "cheap": Made({f"p{i}": counted(9, i % 5) for i in half}, CHEAP),
                "expensive": Made({f"p{i}": counted(3, i % 3) for i in half}, EXPENSIVE),
            },
        )
        for at, half in enumerate(halves)
    ]


def _nothing_solved(folder):
    models = {
        "cheap": Made({f"p{i}": [0] * 5 for i in range(12)}, CHEAP),
        "expensive": Made({f"p{i}": [0] * 2 for i in range(12)}, EXPENSIVE),
    }
    return [make_ledger(folder / "nothing.db", models)]


def _words(text):
    return " ".join(text.split())


@pytest.mark.parametrize("made", [_uniform, _until_solved, _with_lost_samples, _two_ledgers, _nothing_solved])
def test_the_same_figures_and_sentences_everywhere(tmp_path, made):
    ledgers = made(tmp_path)
    document = frontier_documents(ledgers, "usd").whole
    compared = compare_whole(ledgers)
    out = StringIO()
    print_frontier(Console(file=out, width=400), document)
    screen = _words(out.getvalue())
    data = report_data(document, read_axes(ledgers, PAGE_AXES), read_provenance(ledgers))
    shown = _words(html.unescape(re.sub(r"<[^>]*>", " ", page(document, data, "manyfew"))))

    solved = {alias: model["coverage"][0]["coverage"] for alias, model in document["models"].items()}
    apart = {alias: [] for alias in solved}
    for name, beside in compared["models"].items():  # several ledgers stand side by side there
        apart[name.split("@")[0]].append(beside)
    for alias, model in document["models"].items():
        assert model["samples"] == sum(one["judged"] for one in apart[alias])
        for one in apart[alias]:
            assert one["usd_per_sample"] == pytest.approx(model["usd_per_sample"])
    if len(ledgers) == 1:
        for pair in compared["pairs"]:
            gap = solved[pair["one"]] - solved[pair["other"]]
            assert pair["pass_rate_difference"] == pytest.approx(gap, abs=1e-9)

    assert bool(document["advice"]) == (made is not _nothing_solved)
    for said in document["advice"]:
        assert _words(said) in screen, said
        assert _words(said) in shown, said
    for row in document["comparisons"]:
        assert _words(sentence(row, "usd")) in screen
    assert (document["routing_bound"] is None) == (made is _until_solved)
    if (told := routed(document, "usd")) is not None:
        assert _words(told) in screen
        assert _words(told) in shown
    of_page = data["axes"]["usd"]["comparisons"]
    for key in ("cheap", "expensive", "expensive_k", "verdict", "probability", "sure_k", "affordable_k"):
        assert [row[key] for row in of_page] == [row[key] for row in document["comparisons"]]
