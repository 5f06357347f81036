"""`manyfew verify`: verdicts for what has none, or anew; spends nothing."""

import json
import os
import signal
import subprocess
import sys
import time
from importlib.util import find_spec
from uuid import uuid4

import pytest

from tests.loopback.openai_wire import openai_vendor
from tests.orchestrator.run.books import check_books, money, one
from tests.orchestrator.run.serving import serving
from tests.orchestrator.run.sweeps import ROOT, SweepFile, model, run
from tests.orchestrator.run.verdicts.judging import calls, write_judge
from tests.verifiers.processes import gone, until


def made(tmp_path):
    vendor = openai_vendor(answer=lambda _, i: f"so it is {i % 3}")
    db = tmp_path / "l.db"
    with serving(vendor):
        sweep = SweepFile({"m": model(vendor)}, problems=4, samples=6)
        assert run(sweep.write(tmp_path), db).status == 0
        return db, len(vendor.seen)


def test_what_has_no_verdict_is_judged_and_nothing_is_spent(command, tmp_path):
    import sqlite3

    db, _ = made(tmp_path)
    before, spent = one(db, "SELECT sum(passed) FROM sample_records"), money(db)
    with sqlite3.connect(db) as connection:
        connection.execute(
            "UPDATE sample SET passed = NULL, verifier = NULL, answer = NULL WHERE sample_index > 2"
        )
    connection.close()
    done = command("verify", str(db), "--json")
    assert done.returncode == 0
    document = json.loads(done.stdout)
    assert document["judged"] == 4 * 3
    assert one(db, "SELECT sum(passed) FROM sample_records") == before
    assert money(db) == spent
    check_books(db)
    assert json.loads(command("verify", str(db), "--json").stdout)["judged"] == 0


def test_an_unknown_kind_is_one_line(command, tmp_path):
    db, _ = made(tmp_path)
    done = command("verify", str(db), "--verifier", "alchemy")
    assert (done.returncode, done.stderr.count("\n")) == (2, 1)
    assert "--verifier" in done.stderr
    assert "numeric" in done.stderr


def test_another_kind_with_its_options(command, tmp_path):
    db, _ = made(tmp_path)
    done = command("verify", str(db), "--verifier", "regex", "--option", r"pattern=is (\d+)", "--json")
    assert done.returncode == 0, done.stderr
    document = json.loads(done.stdout)
    assert (document["judged"], document["no_verdict"], document["reasons"]) == (24, 0, {})
    assert (document["name"], document["kind"]) == ("regex", "regex")
    assert document["version"] == r"1;pattern=is (\d+);group=1"
    assert one(db, "SELECT count(DISTINCT answer) FROM sample_records") == 3
    again = json.loads(
        command("verify", str(db), "--verifier", "regex", "--option", r"pattern=is (\d+)", "--json").stdout
    )
    assert again["judged"] == 0, "it has judged them all"
    back = json.loads(command("verify", str(db), "--verifier", "numeric", "--json").stdout)
    assert (back["judged"], back["right"], back["before"]["name"]) == (0, 4, "regex"), (
        "its verdicts were kept"
    )
    check_books(db)


def test_option_values_are_toml_or_plain_text(command, tmp_path):
    db, _ = made(tmp_path)
    for name, written, version in (
        ("a", "tolerance=0.5", "2;tolerance=0.5"),
        ("b", 'tolerance="1%"', "2;tolerance=1%"),
        ("b", "tolerance=1%", "2;tolerance=1%"),
    ):
        done = command(
            "verify", str(db), "--verifier", "numeric", "--option", written, "--as", name, "--json"
        )
        assert json.loads(done.stdout)["version"] == version


def test_why_some_could_not_be_told(command, tmp_path):
    db, _ = made(tmp_path)
    done = command("verify", str(db), "--verifier", "choice", "--option", "field=question")
    assert done.returncode == 0
    assert "24 without a verdict" in done.stdout
    assert "the problem's question names none of its options (24)" in done.stdout


REFUSED = [
    (["--option", "tolerance"], "--option", "KEY=VALUE"),
    (["--option", "tolerence=1"], "--verifier", "no option 'tolerence'"),
    (["--verifier", "regex"], "--verifier", "pattern is missing"),
    (["--sandbox", "none"], "--sandbox", "none-i-trust-this-code"),
    (["--timeout", "soon"], "--timeout", ""),
    (["--workers", "0"], "workers", ""),
    (["--cluster", "slurm"], "--verifier", "it may be 'ray', or an address such as 'ray://host:10001'"),
    (["--verifier", "python", "--option", "call=no_such:judge"], "--verifier", "no module no_such"),
    (["--verifier", "command", "--option", 'command=["./no-such"]'], "--verifier", "no program ./no-such"),
]


def test_bad_input_is_one_line_and_changes_nothing(command, tmp_path):
    db, _ = made(tmp_path)
    before = one(db, "SELECT count(*) FROM verdict")
    for arguments, where, words in REFUSED:
        done = command("verify", str(db), *arguments)
        assert (done.returncode, done.stderr.count("\n"), done.stdout) == (2, 1, ""), done.stderr
        assert where in done.stderr
        assert words in done.stderr
    assert one(db, "SELECT count(*) FROM verdict") == before


def test_code_that_a_ledger_names_runs_only_when_told_to(command, tmp_path):
    """A ledger may be another person's, and its verifier could be any command."""
    import sqlite3

    db, _ = made(tmp_path)
    canary = tmp_path / "ran"
    stated = {"kind": "command", "options": {"command": ["touch", str(canary)]}}
    with sqlite3.connect(db) as connection:
        connection.execute("UPDATE sweep SET verifier = ?", (json.dumps(stated),))
        connection.execute(
            "UPDATE verdict_set SET kind = 'command', options = ?", (json.dumps(stated["options"]),)
        )
        connection.execute("UPDATE sample SET passed = NULL, verifier = NULL")
    connection.close()
    done = command("verify", str(db))
    assert done.returncode == 2
    assert not canary.exists()
    assert "--verifier command --option command=" in done.stderr
    assert f'["touch", "{canary}"]' in done.stderr


def test_a_ledger_s_consent_to_do_without_a_sandbox_is_not_taken_over(command, tmp_path):
    vendor = openai_vendor()
    db = tmp_path / "l.db"
    with serving(vendor):
        verifier = {"kind": "numeric", "sandbox": "none-i-trust-this-code", "timeout_s": 3}
        sweep = SweepFile({"m": model(vendor)}, problems=1, samples=1, verifier=verifier)
        assert run(sweep.write(tmp_path), db).status == 0
    kept = json.loads(one(db, "SELECT verifier FROM sweep"))
    assert kept == {"kind": "numeric", "options": {}, "timeout_s": 3}


def test_interrupted_it_keeps_what_it_judged_and_leaves_nothing(tmp_path, monkeypatch):
    db, _ = made(tmp_path)
    write_judge(tmp_path)
    judge = tmp_path / "own_judge.py"
    slow = judge.read_text().replace('if "sleep" in text', "if True").replace("float(text.split()[1])", "0.3")
    judge.write_text(slow)
    mark = f"mark-{uuid4().hex}"
    monkeypatch.setenv("MANYFEW_TEST_MARK", mark)
    arguments = ["verify", str(db), "--verifier=python", "--option=call=own_judge:judge", "--workers=1"]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    process = subprocess.Popen(
        [sys.executable, "-P", "-m", "manyfew", *arguments],
        cwd=tmp_path,
        env=environment,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    until(lambda: len(calls(tmp_path)) >= 4)
    began = time.monotonic()
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=20)
    assert process.returncode == 130
    assert "Traceback" not in err
    assert time.monotonic() - began < 10
    judged = one(db, "SELECT count(*) FROM verdict WHERE verifier LIKE 'python/%'")
    assert 3 <= judged < 12
    if sys.platform == "linux":
        assert gone(mark)
    check_books(db)


@pytest.mark.skipif(find_spec("ray") is not None, reason="ray is installed here")
def test_a_cluster_without_ray_names_what_to_install(command, tmp_path):
    db, _ = made(tmp_path)
    done = command("verify", str(db), "--verifier", "regex", "--option", "pattern=x", "--cluster", "ray")
    assert (done.returncode, done.stderr.count("\n"), done.stdout) == (2, 1, "")
    assert "ray is not installed" in done.stderr
    assert "manyfew[ray]" in done.stderr or "ray[client]" in done.stderr
