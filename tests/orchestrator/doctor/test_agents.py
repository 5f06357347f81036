"""`manyfew doctor` of a sweep with an agent: one attempt, which costs nothing."""

from __future__ import annotations

import shutil

import pytest

from orchestrator.doctor.agents import agent_findings
from orchestrator.sweep.load import load
from tests.loopback.scripted import ScriptedVendor, steps
from tests.orchestrator.run.agents.sweeps import agents

pytestmark = [pytest.mark.slow, pytest.mark.skipif(shutil.which("bwrap") is None, reason="needs bubblewrap")]


@pytest.mark.parametrize("model", [{}, {"provider": "openai", "api_key_env": "OPENAI_API_KEY"}])
def test_one_attempt_runs_against_a_stand_in(tmp_path, model):
    vendor = ScriptedVendor(steps("never asked"))
    vendor.root_url = "http://127.0.0.1:1"
    sweep = load(agents(tmp_path, vendor, samples=9, model=model))
    (found,) = agent_findings(sweep)
    assert (found.state, found.topic) == ("ok", "agent")
    assert "2 calls, exit status 0" in found.text


def test_an_agent_that_does_not_start_is_told_with_its_last_words(tmp_path):
    vendor = ScriptedVendor(steps("never asked"))
    vendor.root_url = "http://127.0.0.1:1"
    sweep = load(agents(tmp_path, vendor, command=["sh", "-c", "echo no module named x >&2; exit 1"]))
    (found,) = agent_findings(sweep)
    assert found.state == "missing"
    assert "no module named x" in found.text
