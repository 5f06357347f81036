"""`kind = "judge"`: a model of the sweep grades the others' answers, booked and budgeted like any request."""

from __future__ import annotations

import json
import re

import pytest

from orchestrator.analysis.frontier import frontier_document
from orchestrator.cli.verifying.verify_judge import judge as verify
from orchestrator.errors import InputError
from orchestrator.ledger.reading.outcomes.outcomes import read_outcomes
from orchestrator.run.verdicts.choose_verifier import StatedVerifier
from orchestrator.sweep.load import load
from tests.loopback import faults
from tests.loopback.openai_wire import openai_vendor
from tests.loopback.vendor import Said
from tests.orchestrator.run.books import check_bill, check_books, money, one, rows, watched
from tests.orchestrator.run.serving import serving
from tests.orchestrator.run.sweeps import USD, SweepFile, model, run

GRADED = re.compile(r"begins\n(.*)\nANSWER", re.DOTALL)


def sampled(**settings):
    """Answers that differ by half of the problems, each text several times."""
    return openai_vendor(answer=lambda prompt, i: f"I say {i % 2}", latency=0.005, **settings)


def grader(**settings):
    def grade(prompt, _):
        found = GRADED.search(prompt)
        assert found is not None, prompt
        return f"Compared with the reference.\nVERDICT: {'right' if '1' in found[1] else 'wrong'}"

    return openai_vendor(answer=grade, latency=0.005, **settings)


def judged_sweep(cheap, judge, **keys):
    models = {"cheap": model(cheap), "grader": model(judge, max_tokens=32, temperature=0.0)}
    keys.setdefault("verifier", {"kind": "judge", "model": "grader", "rubric": "It says one."})
    return SweepFile(models, **keys)


def test_each_text_is_graded_once_and_paid_for(tmp_path):
    cheap, judge = sampled(), grader()
    db = tmp_path / "test.db"
    with serving(cheap), serving(judge), watched(db, 10 * USD):
        sweep = judged_sweep(cheap, judge, problems=5, samples=8)
        sweep.models["cheap"]["max_n"] = 1
        assert run(sweep.write(tmp_path), db).status == 0
        assert len(judge.seen) == 10, "two texts a problem"
        sweep.samples = 10
        assert run(sweep.write(tmp_path), db).status == 0
    assert len(judge.seen) == 10, "known texts are not graded again"
    check_books(db)
    check_bill(db, {"cheap": cheap, "grader": judge}, 10 * USD)
    assert one(db, "SELECT count(*) FROM sample_records WHERE passed = 1 AND text LIKE '%1'") == 25
    assert one(db, "SELECT count(*) FROM sample_records WHERE passed = 0 AND text LIKE '%0'") == 25
    assert money(db, "grader").settled == judge.billed_pico > 0
    spend = "SELECT samples, unused_pico = settled_pico FROM spend WHERE model = 'grader'"
    assert [tuple(row) for row in rows(db, spend)] == [(0, 1)]
    found = frontier_document(read_outcomes([db], "usd"), "usd")
    each = found["models"]["cheap"]["verifier_usd_per_sample"]
    assert list(found["models"]) == ["cheap"]
    assert each == pytest.approx(judge.billed_pico / 50 / USD)
    stopped = next(row for row in found["frontier"] if row["policy"]["stop"] == "first_success")
    assert stopped["usd_per_problem"] > money(db, "cheap").settled / 50 / USD + each
    body = judge.seen[0].body
    assert (body["temperature"], body["max_tokens"]) == (0.0, 32)
    assert "It says one." in str(body["messages"])


def test_the_budget_holds_back_samples_whose_verdict_it_can_not_pay(tmp_path):
    cheap, judge = sampled(), grader(prices={"input": "500", "output": "1500"})
    db = tmp_path / "test.db"
    with serving(cheap), serving(judge), watched(db, 2 * USD):
        sweep = judged_sweep(cheap, judge, problems=40, samples=8, budget_usd=2)
        ended = run(sweep.write(tmp_path), db)
    assert ended.status == 3
    check_books(db)
    check_bill(db, {"cheap": cheap, "grader": judge}, 2 * USD)
    assert one(db, "SELECT count(*) FROM sample_records") > 0
    assert one(db, "SELECT count(*) FROM sample_records WHERE passed IS NULL") == 0


def test_until_solved_waits_for_its_verdicts(tmp_path):
    cheap, judge = sampled(), grader()
    db = tmp_path / "test.db"
    with serving(cheap), serving(judge):
        sweep = judged_sweep(cheap, judge, problems=5, samples=8, sampling={"mode": "until_solved"})
        assert run(sweep.write(tmp_path), db).status == 0
    assert one(db, "SELECT count(DISTINCT problem) FROM sample_records WHERE passed = 1") == 5
    assert one(db, "SELECT count(*) FROM sample_records") < 40


def test_a_judge_without_credit_stops_and_the_next_run_goes_on(tmp_path):
    cheap, judge = sampled(), grader()
    db = tmp_path / "test.db"
    judge.says = lambda asked: Said(402, {"error": {"message": "Insufficient credits"}})
    with serving(cheap), serving(judge):
        path = judged_sweep(cheap, judge, problems=5, samples=4).write(tmp_path)
        ended = run(path, db)
        assert ended.status == 4
        assert "Insufficient credits" in (ended.result.reason or "")
        assert one(db, "SELECT count(*) FROM sample_records WHERE passed IS NULL") > 0
        judge.says = lambda asked: None
        assert run(path, db).status == 0
    check_books(db)
    assert one(db, "SELECT count(*) FROM sample_records WHERE passed IS NULL") == 0
    assert one(db, "SELECT count(*) FROM sample_records") == 20


def test_lost_grades_are_asked_for_again_and_stay_charged(tmp_path):
    cheap, judge = sampled(), grader()
    judge.faults.extend([faults.RESET_BILLED, faults.HALF_JSON])
    db = tmp_path / "test.db"
    with serving(cheap), serving(judge), watched(db, 10 * USD):
        path = judged_sweep(cheap, judge, problems=3, samples=4).write(tmp_path)
        assert run(path, db).status == 0
    check_books(db)
    check_bill(db, {"cheap": cheap, "grader": judge}, 10 * USD)
    assert one(db, "SELECT count(*) FROM sample_records WHERE passed IS NULL") == 0


def test_a_reply_without_a_grade_is_no_verdict(tmp_path):
    cheap, judge = sampled(), openai_vendor(answer=lambda *_: "I had rather not say.")
    db = tmp_path / "test.db"
    with serving(cheap), serving(judge):
        ended = run(judged_sweep(cheap, judge, problems=1, samples=4).write(tmp_path), db)
    assert ended.status == 0
    assert one(db, "SELECT count(*) FROM sample_records WHERE passed IS NULL") == 4
    assert any("without a verdict" in line for line in ended.result.warnings)


@pytest.mark.parametrize(
    ("verifier", "words"),
    [
        ({"kind": "judge"}, "model is missing"),
        ({"kind": "judge", "model": "nobody"}, "names no model of this file"),
        ({"kind": "judge", "model": "grader", "rubric": " "}, "rubric is no text|rubric"),
        ({"kind": "judge", "model": "grader", "rubrik": "x"}, "did you mean|rubric"),
    ],
)
def test_what_a_judge_lacks_is_said_before_anything_is_sent(tmp_path, verifier, words):
    cheap, judge = sampled(), grader()
    with serving(cheap), serving(judge):
        path = judged_sweep(cheap, judge, verifier=verifier).write(tmp_path)
        with pytest.raises(InputError, match=words):
            load(path)


def test_a_model_that_states_samples_is_sampled_and_grades_under_a_name_of_its_own(tmp_path):
    cheap, both = (
        sampled(),
        openai_vendor(answer=lambda prompt, i: "VERDICT: right" if "Rubric" in prompt else "1"),
    )
    db = tmp_path / "test.db"
    with serving(cheap), serving(both):
        models = {"cheap": model(cheap), "strong": model(both, samples=1)}
        verifier = {"kind": "judge", "model": "strong"}
        assert run(SweepFile(models, problems=2, verifier=verifier).write(tmp_path), db).status == 0
    spend = "SELECT model, samples FROM spend ORDER BY model"
    assert [tuple(row) for row in rows(db, spend)] == [
        ("cheap", 8),
        ("strong", 2),
        ("strong-judge", 0),
    ]
    assert one(db, "SELECT count(*) FROM sample_records WHERE passed = 1") == 10


def test_verify_asks_a_judge_of_another_file_within_the_budget(tmp_path, capsys):
    """The ledger's own verdicts stay; what is graded is not graded again."""
    cheap, judge = sampled(), grader()
    db, judges = tmp_path / "test.db", tmp_path / "judges"
    stated = StatedVerifier(kind="judge", name="graded", options={"model": "grader"})
    with serving(cheap), serving(judge), watched(db, 10 * USD):
        assert run(SweepFile({"m": model(cheap)}, problems=3, samples=4).write(tmp_path), db).status == 0
        with pytest.raises(InputError, match="--option sweep="):
            verify(db, stated, "5", which="all", json_=True)
        path = judged_sweep(cheap, judge).write(judges)
        stated = StatedVerifier(kind="judge", name="graded", options={"model": "grader", "sweep": str(path)})
        with pytest.raises(InputError, match="is missing: a judge costs money"):
            verify(db, stated, None, which="all", json_=True)
        held = money(db).settled / USD
        assert verify(db, stated, f"{held + 0.005:.6f}", which="all", json_=True) == 3
        assert json.loads(capsys.readouterr().out)["no_verdict"] > 0
        assert verify(db, stated, "5", which="all", json_=True) == 0
        told = json.loads(capsys.readouterr().out)
        assert verify(db, stated, "5", which="all", json_=True) == 0
    assert (told["name"], told["right"], told["wrong"], told["no_verdict"]) == ("graded", 6, 6, 0)
    assert len(judge.billed) == 6, "two texts of three problems"
    check_books(db)
    check_bill(db, {"m": cheap, "grader": judge}, 10 * USD)


def test_a_judges_own_budget_holds_back_samples_too(tmp_path):
    cheap, judge = sampled(), grader()
    db = tmp_path / "test.db"
    with serving(cheap), serving(judge), watched(db, 2 * USD):
        sweep = judged_sweep(cheap, judge, problems=10, samples=4, budget_usd=2)
        sweep.models["grader"]["budget_usd"] = 0.015
        ended = run(sweep.write(tmp_path), db)
    assert ended.status == 3
    assert "budget_usd under [models.grader]" in (ended.result.reason or "")
    check_books(db)
    assert 0 < money(db, "grader").held <= USD * 15 // 1000
    assert 0 < one(db, "SELECT count(*) FROM sample_records") < 40
    assert one(db, "SELECT count(*) FROM sample_records WHERE passed IS NULL") == 0


def test_verify_keeps_a_judge_to_its_own_budget(tmp_path, capsys):
    cheap, judge = sampled(), grader()
    db = tmp_path / "test.db"
    with serving(cheap), serving(judge), watched(db, 10 * USD):
        judges = judged_sweep(cheap, judge)
        judges.models["grader"]["budget_usd"] = 0.009
        assert run(SweepFile({"m": model(cheap)}, problems=9, samples=4).write(tmp_path), db).status == 0
        options = {"model": "grader", "sweep": str(judges.write(tmp_path / "judges"))}
        stated = StatedVerifier(kind="judge", name="graded", options=options)
        assert verify(db, stated, "5", which="all", json_=True) == 3
    assert 0 < len(judge.billed) < 18
    assert judge.billed_pico <= 9 * USD // 1000
    assert json.loads(capsys.readouterr().out)["no_verdict"] > 0
