"""A policy that another one follows: no estimate rests on draws that outcomes chose."""

from __future__ import annotations

import pytest

from orchestrator.analysis.whole_document import frontier_documents
from tests.loopback.openai_wire import openai_vendor
from tests.orchestrator.run.policies.answers import rate, two
from tests.orchestrator.run.serving import serving
from tests.orchestrator.run.sweeps import CHEAP_PRICES, run

FORWARD = {"kind": "cascade", "order": ["cheap", "expensive"]}
BACKWARD = {"kind": "cascade", "order": ["expensive", "cheap"]}


def coverage_after(folder, *policies, samples=(3, 6)):
    """By alias, the k of the coverage that is shown after runs under each of these."""
    cheap = openai_vendor(answer=rate(0.2), prices=CHEAP_PRICES)
    expensive = openai_vendor(answer=rate(0.5))
    folder.mkdir(exist_ok=True)
    db = folder / "test.db"
    with serving(cheap, expensive):
        for policy, most in zip(policies, samples, strict=True):
            sweep = two(cheap, expensive, **policy)
            sweep.problems, sweep.samples = 30, most
            assert run(sweep.write(folder), db).status == 0
    document = frontier_documents([db], "usd").whole
    kinds = {alias: [row["k"] for row in of["coverage"]] for alias, of in document["models"].items()}
    return kinds, document["about"]["policy"], document["warnings"]


@pytest.mark.parametrize("first", [{"kind": "solve"}, FORWARD])
def test_samples_that_fill_up_what_a_policy_left_count_for_nothing(tmp_path, first):
    """They are of the problems that it left early, which are the easy ones."""
    kinds, policy, warnings = coverage_after(tmp_path, first, {})
    assert kinds["expensive"] == []
    assert policy == first["kind"]
    assert any(line.startswith("expensive: ") for line in warnings)
    if first["kind"] == "solve":
        assert kinds["cheap"] == []


def test_after_a_cascade_only_measured_samples_of_solve_count(tmp_path):
    kinds, policy, warnings = coverage_after(tmp_path, FORWARD, {"kind": "solve", "measure": 0.1})
    assert kinds == {"cheap": [1], "expensive": [1]}
    assert policy == "solve"
    assert sum("no outcome steered" in line for line in warnings) == 2


def test_a_stage_that_goes_on_after_another_failed_has_no_coverage(tmp_path):
    """More samples of the first stage are drawn of what the last one left."""
    assert coverage_after(tmp_path, FORWARD, FORWARD, samples=(3, 3))[0]["cheap"] == [1, 2, 3]
    assert coverage_after(tmp_path / "more", FORWARD, FORWARD)[0]["cheap"] == []


def test_a_changed_order_leaves_no_first_stage(tmp_path):
    kinds, _, _ = coverage_after(tmp_path, FORWARD, BACKWARD)
    assert kinds == {"cheap": [], "expensive": []}
