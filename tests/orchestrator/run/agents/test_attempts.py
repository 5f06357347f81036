"""Attempts from the sweep file to the ledger: a small agent in bubblewrap, a vendor with faults and a bill."""

from __future__ import annotations

import io
import shutil
import signal
import time

import pytest
from rich.console import Console

from orchestrator.analysis.whole_document import compare_whole, frontier_documents
from orchestrator.ledger.reading.samples.problem_samples import ProblemSamples
from orchestrator.report.terminal.frontier import print_frontier
from tests.loopback.scripted import Run, ScriptedVendor, fixes, steps
from tests.orchestrator.run.agents.sweeps import AGENT, FIX, FIXED, agents, check_agents_books, ends
from tests.orchestrator.run.books import one, rows
from tests.orchestrator.run.serving import serving
from tests.orchestrator.run.sweeps import finish, run, start

pytestmark = [pytest.mark.slow, pytest.mark.skipif(shutil.which("bwrap") is None, reason="needs bubblewrap")]
SAID = fixes(*FIX, end="Done.")
MANY = [Run("echo looking around")] * 40


def test_attempts_are_bought_judged_and_booked(tmp_path):
    vendor = ScriptedVendor(SAID, faults=["429", None, "500", None, "reset", None, None, "cut"])
    with serving(vendor):
        # One at a time: of several, one call may meet two of the faults that lose a reply, and ends its attempt.
        sweep = agents(tmp_path, vendor, problems=2, samples=2, concurrency=1)
        ended = run(sweep, tmp_path / "s.db")
    assert ended.status == 0
    assert [end[1:] for end in ends(ended.db)] == [("stop", 1)] * 4
    assert all(FIXED in row[0] for row in rows(ended.db, "SELECT text FROM sample_records"))
    assert one(ended.db, "SELECT count(*) FROM agent_calls WHERE state = 'settled'") == 12
    assert not list(tmp_path.glob("*.attempts"))
    assert (tmp_path / "repos/p0/calc.py").read_text() == "def add(a, b):\n    return a - b  # 0\n"
    assert any(progress.attempts for progress in ended.shown)
    check_agents_books(ended.db, vendor)
    with ProblemSamples(ended.db, "p0") as shown:
        (first, _) = shown.samples(shown.models[0])
        calls = shown.calls(first)
    assert [[part.by for part in call.heard] for call in calls] == [["user"], ["tool"], ["tool"]]
    assert calls[0].said[-1].text == "bash: cat calc.py"
    assert "a - b  # 0" in calls[1].heard[0].text
    document = frontier_documents([ended.db], "usd").whole
    assert document["models"]["a"]["agent"] == {
        "attempts": 4,
        "open": 0,
        "lost": 0,
        "calls_per_attempt": 3.0,
        "bound_share": 0.0,
        "cached_share": 0.0,
    }
    screen = io.StringIO()
    print_frontier(Console(file=screen, width=100), document)
    assert "an attempt of 3.0 calls" in screen.getvalue()
    assert "all k right" in screen.getvalue()
    assert compare_whole([ended.db])["models"]["a"]["agent"]["attempts"] == 4


@pytest.mark.parametrize("sandbox", ["bubblewrap", "none-i-trust-this-agent"])
def test_an_attempt_that_uses_up_its_cap_keeps_its_output(tmp_path, sandbox):
    """The worst case of a call shrinks to what is left, so that little of the cap stays unused."""
    vendor = ScriptedVendor(
        steps(*(Run(f"sed -i 's/a - b/a + b/' calc.py; echo {i}") for i in range(99))), tokens=300
    )
    with serving(vendor):
        sweep = agents(tmp_path, vendor, attempt_usd=0.02, sandbox=sandbox, max_tokens=2000)
        ended = run(sweep, tmp_path / "s.db")
    assert ends(ended.db) == [(0, "cap", 1)]
    cap = 20 * 10**9
    assert 0.7 * cap <= vendor.billed_pico <= cap
    check_agents_books(ended.db, vendor)


def test_a_cap_of_calls(tmp_path):
    vendor = ScriptedVendor(steps(*MANY))
    with serving(vendor):
        ended = run(agents(tmp_path, vendor, attempt_calls=3), tmp_path / "s.db")
    assert ends(ended.db) == [(0, "cap", 0)]
    assert len(vendor.asked) == 3


def test_an_attempt_whose_time_is_over_keeps_its_output(tmp_path):
    vendor = ScriptedVendor(steps(Run("sed -i 's/a - b/a + b/' calc.py"), Run("sleep 600")))
    with serving(vendor):
        began = time.monotonic()
        ended = run(agents(tmp_path, vendor, attempt_s=3), tmp_path / "s.db")
    assert ends(ended.db) == [(0, "time", 1)]
    assert time.monotonic() - began < 20
    check_agents_books(ended.db, vendor)


def test_a_program_that_fails_before_it_asks_stops_its_model(tmp_path):
    vendor = ScriptedVendor(SAID)
    with serving(vendor):
        sweep = agents(tmp_path, vendor, samples=20, command=["sh", "-c", "echo no config file >&2; exit 2"])
        ended = run(sweep, tmp_path / "s.db")
    assert ended.status == 4
    assert "no config file" in (ended.result.reason or "")
    assert not vendor.asked
    assert one(ended.db, "SELECT count(*) FROM sample") == 0


def test_a_program_that_fails_after_it_paid_is_a_sample(tmp_path):
    vendor = ScriptedVendor(SAID)
    with serving(vendor):
        command = ["sh", "-c", f"{' '.join(AGENT)} --turns 2 && exit 9"]
        ended = run(
            agents(tmp_path, vendor, command=command, sandbox="none-i-trust-this-agent"), tmp_path / "s.db"
        )
    assert ends(ended.db) == [(0, "error", 1)]
    assert one(ended.db, "SELECT exit_status FROM agent_attempt") == 9


def test_a_wrong_key_stops_the_model(tmp_path, monkeypatch):
    monkeypatch.setenv("AGENT_TEST_KEY", "sk-wrong")
    vendor = ScriptedVendor(SAID, key="sk-right")
    with serving(vendor):
        sweep = agents(tmp_path, vendor, samples=5, model={"api_key_env": "AGENT_TEST_KEY"})
        ended = run(sweep, tmp_path / "s.db")
    assert ended.status == 4
    assert one(ended.db, "SELECT count(*) FROM sample") == 0
    assert not [
        row for row in rows(ended.db, "SELECT * FROM exchange") if b"sk-" in bytes(row["reply"] or b"")
    ]


def test_a_budget_of_three_holds_never_ends_an_attempt(tmp_path):
    vendor = ScriptedVendor(SAID, latency_s=0.2)
    with serving(vendor):
        sweep = agents(tmp_path, vendor, samples=10, attempt_usd=0.05, budget_usd=0.16, concurrency=8)
        ended = run(sweep, tmp_path / "s.db")
        assert vendor.most_at_once <= 3
        assert ended.status in (0, 3)
        assert {end[1] for end in ends(ended.db)} == {"stop"}
        check_agents_books(ended.db, vendor)
        again = run(sweep, tmp_path / "s.db", budget="10")
    assert again.status == 0
    assert len(ends(again.db)) == 10
    assert len(vendor.asked) == 30


def test_an_interrupted_attempt_is_replayed_and_goes_on(tmp_path):
    vendor = ScriptedVendor(SAID, latency_s=0.5)
    with serving(vendor):
        sweep = agents(tmp_path, vendor, samples=2)
        first = start(sweep, tmp_path / "s.db")
        while len(vendor.billed) < 3:
            time.sleep(0.02)
        first.send_signal(signal.SIGINT)
        assert finish(first).status == 130
        assert one(tmp_path / "s.db", "SELECT count(*) FROM agent_attempt WHERE state = 'open'") == 2
        ended = run(sweep, tmp_path / "s.db")
    assert ended.status == 0
    assert [end[1:] for end in ends(ended.db)] == [("stop", 1)] * 2
    assert len(vendor.billed) == 6, "what was answered before is not bought again"
    check_agents_books(ended.db, vendor)


def test_a_hostile_program_finds_no_key_and_changes_nothing(tmp_path, monkeypatch):
    key = "sk-the-vendors-own-key"
    monkeypatch.setenv("AGENT_TEST_KEY", key)
    vendor = ScriptedVendor(SAID, key=key)
    hunt = f"""
    env; cat /proc/*/environ /proc/*/cmdline | tr '\\0' '\\n'; find / -name '*.db' -o -name 'sweep.toml' 2>/dev/null
    cat {tmp_path}/sweep.toml {tmp_path}/s.db /root/.bash_history /etc/shadow; ls -R {tmp_path} /home /root /run
    echo x >> {tmp_path}/sweep.toml; echo x >> {tmp_path}/repos/p0/calc.py; touch /usr/bin/x
    for port in 22 80 443 5432 {{port}}; do (echo hello > /dev/tcp/127.0.0.1/$port) 2>&1; done
    find / -type s 2>/dev/null; kill -9 1 $PPID; grep -r sk-the-$(echo vendors) /proc/self /attempt /tmp 2>/dev/null
    """
    with serving(vendor):
        hunting = hunt.replace("{port}", vendor.root_url.rsplit(":", 1)[1])
        sweep = agents(
            tmp_path,
            vendor,
            command=["bash", "-c", f"exec 2>&1; {hunting}\n{' '.join(AGENT)}"],
            output="stdout",
            model={"api_key_env": "AGENT_TEST_KEY"},
        )
        before = sweep.read_text()
        ended = run(sweep, tmp_path / "s.db")
    assert ended.status in (0, 4)
    for row in rows(ended.db, "SELECT text FROM sample_records"):
        assert key not in row["text"]
        assert "sweep.toml: No such file" in row["text"]
        assert "shadow: No such file" in row["text"]
    assert sweep.read_text() == before
    assert (tmp_path / "repos/p0/calc.py").read_text().count("\n") == 2
    assert key.encode() not in (tmp_path / "s.db").read_bytes()
    check_agents_books(ended.db, vendor)
