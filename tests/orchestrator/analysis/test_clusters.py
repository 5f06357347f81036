"""Problems in clusters: bands and verdicts are for new problems of new clusters."""

import json
import sqlite3
from contextlib import closing

import numpy as np
import pytest

from orchestrator.analysis.frontier import frontier_document
from orchestrator.analysis.side_by_side import compare_document
from orchestrator.coverage import bootstrap, clusters
from orchestrator.coverage.pairs.simultaneous import critical
from orchestrator.ledger.reading.money.model_costs import read_model_costs
from orchestrator.ledger.reading.outcomes.outcomes import read_outcomes
from tests.orchestrator.ledger_fixture import USD, Made, counted, make_ledger

LITE = (6, 114, 23, 4, 3, 6, 5, 6, 17, 23, 16, 77)
"""Problems by repository in SWE-bench Lite."""


def of(sizes):
    return np.repeat(np.arange(len(sizes)), sizes)


def test_effective_clusters_are_few_if_one_holds_most():
    assert clusters.effective(of([10] * 8)) == pytest.approx(8)
    assert clusters.effective(of(LITE)) == pytest.approx(4.35, abs=0.01)


@pytest.mark.parametrize(("sizes", "least"), [(LITE, 0.88), ((10,) * 30, 0.92)])
def test_bands_hold_for_new_problems_of_new_clusters(sizes, least):
    generator = np.random.default_rng(7)
    number, runs, held, by_problem = of(sizes), 50, 0, 0
    logit = generator.normal(0, 0.5, 10**5) + generator.normal(0, 2, 10**5)
    truth = float((1 / (1 + np.exp(-logit))).mean())
    for _ in range(runs):
        rate = generator.normal(0, 0.5, len(sizes))[number] + generator.normal(0, 2, len(number))
        values = (generator.binomial(20, 1 / (1 + np.exp(-rate))) / 20)[:, None]
        means = bootstrap.resampled_means(values, clusters=number)
        low, high = bootstrap.coverage_band(values, means, number)
        held += low[0] <= truth <= high[0]
        low, high = bootstrap.coverage_band(values, bootstrap.resampled_means(values))
        by_problem += low[0] <= truth <= high[0]
    assert held / runs >= least
    assert held > by_problem


def test_draws_are_of_whole_clusters_and_paired():
    number = of([3, 1, 2])
    (weights,) = bootstrap.weights(6, 50, 1, number)
    assert weights.sum(axis=1) == pytest.approx(1)
    assert (weights[:, 0] == weights[:, 2]).all()
    (again,) = bootstrap.weights(6, 50, 1, number * 7)
    assert (again == weights).all()


def test_one_cluster_that_differs_is_no_verdict():
    """All of the gain is in one repository: by problems it is sure, by repositories chance."""
    gaps = np.zeros((60, 1))
    gaps[:20] = 1.0
    assert critical([(gaps, None)])[1].tolist() == [1]
    assert critical([(gaps, of([20, 10, 10, 5, 5, 5, 5]))])[1].tolist() == [0]
    assert critical([(np.ones((60, 1)), of([10] * 6))])[1].tolist() == [1]
    assert critical([(np.ones((60, 1)), of([20] * 3))])[1].tolist() == [0]


def ledger(tmp_path, repos):
    generator = np.random.default_rng(3)
    keys = [f"p{at}" for at in range(len(repos))]
    models = {
        "small": Made({key: counted(8, int(generator.binomial(8, 0.3))) for key in keys}, USD // 100),
        "large": Made({key: counted(4, int(generator.binomial(4, 0.5))) for key in keys}, USD // 10),
    }
    path = make_ledger(tmp_path / "l.db", models)
    with closing(sqlite3.connect(path)) as connection, connection:
        for key, repo in zip(keys, repos, strict=True):
            data = json.dumps({"question": "?", "repo": repo})
            connection.execute("UPDATE problem SET data = ? WHERE key = ?", (data, key))
        connection.execute(
            "INSERT INTO sweep_file (sweep_id, sha256, text, read_at) VALUES (1, 'x', ?, 0)",
            ('[problems]\nsource = "jsonl"\ngroup_by = "repo"\n',),
        )
    return path


def test_a_ledger_s_clusters_widen_its_bands_and_are_told(tmp_path):
    repos = [f"r{at % 4}" for at in range(40)]
    outcomes = read_outcomes([ledger(tmp_path, repos)])
    found = frontier_document(outcomes, "usd")
    assert found["clusters"] == {"by": "repo", "number": 4, "effective": pytest.approx(4)}
    assert any("fewer than 8" in text for text in found["warnings"])
    assert all(row["verdict"] == "open" for row in found["comparisons"])
    assert compare_document(read_model_costs([tmp_path / "l.db"]))["pairs"][0]["p_value"] >= 2 / 2**4


def test_no_group_by_no_clusters(tmp_path):
    made = {"m": Made({"p0": counted(4, 1), "p1": counted(4, 2)})}
    found = frontier_document(read_outcomes([make_ledger(tmp_path / "l.db", made)]), "usd")
    assert found["clusters"] is None


def test_a_field_that_problems_lack_is_refused_with_theirs(command, tmp_path):
    (tmp_path / "problems.jsonl").write_text('{"id": "a", "question": "?", "answer": "1", "repo": "x"}\n')
    (tmp_path / "s.toml").write_text(
        'name = "s"\nbudget_usd = 1.0\n[problems]\nsource = "jsonl"\npath = "problems.jsonl"\ngroup_by = "rope"\n'
        "[sampling]\nsamples = 1\nmax_tokens = 10\n[models.m]\nprovider = 'replay'\ntape = 'quickstart'\n"
        "model = 'gemma'\n"
    )
    found = command("plan", "s.toml")
    assert found.returncode == 2
    assert "problem a has no field 'rope'" in found.stderr
    assert "repo" in found.stderr
