"""`manyfew verify DB --verifier reward`."""

from __future__ import annotations

import json

import pytest

from tests.loopback.openai_wire import openai_vendor
from tests.loopback.score_wire import default_score, score_vendor
from tests.orchestrator.run.books import rows
from tests.orchestrator.run.serving import serving
from tests.orchestrator.run.sweeps import SweepFile, model, run


@pytest.fixture
def db(tmp_path):
    vendor, path = openai_vendor(), tmp_path / "run.db"
    with serving(vendor):
        assert run(SweepFile({"m": model(vendor)}, problems=1, samples=2).write(tmp_path), path).status == 0
    return path


def test_an_imported_ledger_is_scored_too(tmp_path, command):
    lines = [
        {
            "model": "m",
            "problem": "p0",
            "sample_index": i,
            "text": f"answer {i}",
            "question": "What?",
            "passed": i % 2,
        }
        for i in range(3)
    ]
    (tmp_path / "in.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    db, vendor = tmp_path / "l.db", score_vendor()
    assert command("import", "in.jsonl", "--db", str(db)).returncode == 0
    with serving(vendor):
        options = ['model="rm"', f'servers=["{vendor.base_url}"]', "price={input=0.1}"]
        words = [word for option in options for word in ("--option", option)]
        done = command("verify", str(db), "--verifier", "reward", "--budget", "1", *words, "--json")
    assert done.returncode == 0, done.stderr
    document = json.loads(done.stdout)
    assert (document["status"], document["scored"]) == ("complete", 3)
    found = rows(db, "SELECT text, score, passed FROM sample_records ORDER BY sample_index")
    assert [row["score"] for row in found] == [default_score("What?", row["text"]) for row in found]
    assert [row["passed"] for row in found] == [0, 1, 0]
    status = json.loads(command("status", str(db), "--json").stdout)
    assert (status["status"], status["samples"]["planned"]) == ("complete", 3)
    assert command("frontier", str(db), "--json").returncode == 0
    assert command("compare", str(db), "--json").returncode == 0
    assert command("doctor", str(db)).returncode == 0


def test_the_command_says_what_is_missing(db, command):
    for words, said in (
        (["--budget", "1"], "model is not stated"),
        (["--option", "model=rm"], "servers is not a list"),
        (["--option", "model=rm", "--option", 'servers=["http://127.0.0.1:1/v1"]'], "neither price nor"),
        (["--option", "modle=rm"], "no option 'modle'"),
        *(
            (["--budget", "1", "--option", "model=rm", "--option", f"servers={bad}"], "servers")
            for bad in (
                '["localhost:8000/v1"]',
                '["ftp://127.0.0.1/v1"]',
                '["http:///v1"]',
                '["/v1"]',
                '["http://h:x/v1"]',
                '["http://h/v1?key=a"]',
                '["http://u:p@h/v1"]',
                '["http://h/v1", "http://h/v1/"]',
                '"h/v1"',
                "[]",
                "3",
            )
        ),
        (
            [
                "--option",
                "model=rm",
                "--option",
                'servers=["http://127.0.0.1:1/v1"]',
                "--option",
                "price={input=1}",
            ],
            "--budget",
        ),
    ):
        done = command("verify", str(db), "--verifier", "reward", *words)
        assert (done.returncode, done.stderr.count("\n")) == (2, 1), done.stderr
        assert said in done.stderr
    assert command("verify", str(db), "--budget", "1").returncode == 2
