"""A verifier that breaks where its verdicts decide what is bought."""

from __future__ import annotations

import pytest

from tests.loopback.openai_wire import openai_vendor
from tests.orchestrator.run.books import check_bill, check_books, counts
from tests.orchestrator.run.policies.answers import solves, two
from tests.orchestrator.run.serving import serving
from tests.orchestrator.run.sweeps import CHEAP_PRICES, USD, run

BROKEN = """
def verify(response, problem):
    if problem["answer"] in {broken}:
        raise RuntimeError("the checker is not there")
    return False
"""


def judged_by(folder, sweep, broken, name):
    """The sweep's file, with a verifier that breaks on problems with these answers."""
    (folder / f"{name}.py").write_text(BROKEN.format(broken=broken))
    sweep.verifier = {"kind": "python", "call": f"{name}:verify"}
    return sweep.write(folder)


@pytest.mark.parametrize(
    "policy", [{"kind": "cascade", "order": ["cheap", "expensive"]}, {"kind": "solve"}, {}]
)
def test_nothing_more_is_bought_where_no_verdict_comes(tmp_path, policy):
    """All samples would be: an unjudged one ends no problem."""
    cheap, expensive = openai_vendor(answer=solves(0), prices=CHEAP_PRICES), openai_vendor(answer=solves(0))
    db = tmp_path / "test.db"
    with serving(cheap, expensive):
        sweep = two(cheap, expensive, **policy)
        sweep.samples = 40
        if not policy:
            sweep.sampling = {"mode": "until_solved"}
        path = judged_by(tmp_path, sweep, [str(2 * i) for i in range(12)], f"breaks_{policy.get('kind')}")
        ended = run(path, db)
    assert ended.status == 4
    reason = str(ended.result.reason)
    assert "the checker is not there" in reason
    assert reason.count("verdicts decide") == 1
    assert 10 <= sum(sum(counts(db, alias).values()) for alias in ("cheap", "expensive")) < 100
    check_books(db)
    check_bill(db, {"cheap": cheap, "expensive": expensive}, 10 * USD)


def test_a_problem_that_cannot_be_judged_ends_no_run(tmp_path):
    cheap, expensive = openai_vendor(answer=solves(0), prices=CHEAP_PRICES), openai_vendor(answer=solves(0))
    db = tmp_path / "test.db"
    with serving(cheap, expensive):
        sweep = two(cheap, expensive, kind="cascade", order=["cheap", "expensive"])
        sweep.samples = 12
        assert run(judged_by(tmp_path, sweep, ["2"], "breaks_once"), db).status == 0
    assert set(counts(db, "cheap").values()) == {12}
