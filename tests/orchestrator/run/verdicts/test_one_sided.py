"""A verifier that calls everything wrong, or right, is named at once, with an example."""

from __future__ import annotations

import json

import pytest

from tests.loopback.openai_wire import openai_vendor
from tests.orchestrator.ledger_fixture import Made, make_ledger
from tests.orchestrator.run.serving import serving
from tests.orchestrator.run.sweeps import SweepFile, model, run


@pytest.mark.parametrize(
    ("answer", "what", "extracted"),
    [
        ("I think \x1b[31m it is 7777", "wrong", "extracted '7777'"),
        ("no idea", "wrong", "no answer extracted"),
    ],
)
def test_all_wrong_is_said_on_the_screen_in_the_summary_and_in_reports(
    tmp_path, command, answer, what, extracted
):
    vendor = openai_vendor(answer=lambda _, index: answer)
    db = tmp_path / "l.db"
    with serving(vendor):
        done = run(SweepFile({"m": model(vendor)}, problems=10, samples=4).write(tmp_path), db)
    said = [line for line in done.result.warnings if "40 verdicts are" in line]
    assert len(said) == 1
    notes = {shown.note for shown in done.shown if shown.note}
    assert any("m: all" in note and extracted in note for note in notes)
    report = json.loads(command("frontier", str(db), "--json").stdout)
    (line,) = [line for line in report["warnings"] if "verdicts are" in line]
    for part in (f"all 40 verdicts are {what}", extracted, "gold '", "`verify --verifier KIND`"):
        assert part in line
    assert "\x1b" not in line
    for screen in ("status", "compare"):
        shown = " ".join(command(screen, str(db)).stdout.split())
        assert f"m: all 40 verdicts are {what}" in shown
        assert extracted in shown
    verified = command("verify", str(db), "--verifier", "exact")
    assert "all 40 verdicts are wrong" in verified.stdout


def test_all_right_is_said_too(tmp_path):
    vendor = openai_vendor(
        answer=lambda prompt, _: f"#### {2 * int(prompt.split('What is ')[1].split(' ')[0])}"
    )
    with serving(vendor):
        done = run(SweepFile({"m": model(vendor)}, problems=5, samples=4).write(tmp_path), tmp_path / "l.db")
    assert any("all 20 verdicts are right" in line for line in done.result.warnings)


@pytest.mark.parametrize("verdicts", [[0] * 19, [0] * 19 + [1], [1] * 30 + [0]])
def test_few_or_mixed_verdicts_say_nothing(tmp_path, command, verdicts):
    db = make_ledger(tmp_path / "l.db", {"m": Made({"p": verdicts})})
    for screen in ("frontier", "status", "compare"):
        assert "verdicts are" not in command(screen, str(db)).stdout


def test_plan_and_doctor_try_the_gold_itself(tmp_path, command):
    problems = [
        {"id": f"p{i}", "question": "Where?", "answer": place} for i, place in enumerate(["Rome", "Oslo"])
    ]
    vendor = openai_vendor()
    with serving(vendor):
        sweep = SweepFile({"m": model(vendor)}, problems=problems, verifier={"kind": "numeric"})
        path = str(sweep.write(tmp_path))
        plan, doctor = command("plan", path), command("doctor", path)
        assert plan.returncode == 0
        for said in (plan.stderr, doctor.stdout):
            words = " ".join(said.split())
            assert "does not take the gold answer itself for right on 2 of 2 problems" in words
            assert "Rome" in words
        sweep.verifier = {"kind": "exact"}
        assert "gold" not in command("plan", str(sweep.write(tmp_path))).stderr
    assert not vendor.seen
