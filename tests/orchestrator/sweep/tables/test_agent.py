"""`[models.ALIAS.agent]`: what it takes, and one line for whatever is wrong."""

from __future__ import annotations

import pytest

from orchestrator.errors import InputError
from orchestrator.sweep.definition import definition
from orchestrator.sweep.load import load
from orchestrator.sweep.tables.known_agents import KNOWN, seen_running

AGENT = """
[models.gateway.agent]
command = ["sh", "-c", "echo {prompt}"]
attempt_usd = 0.10
"""
SMALL = """
[models.small]
provider = "openai-compatible"
model = "small"
base_url = "https://gateway.example/v1"
price = { input = 0.1, output = 0.2 }
samples = 0
"""

# (what to replace of AGENT, by what, the key as the error names it, words of the error)
WRONG = [
    ("attempt_usd = 0.10", "", "agent.attempt_usd", "is missing: it bounds an attempt"),
    ("attempt_usd = 0.10", "attempt_usd = 0", "agent.attempt_usd", "must be above 0"),
    ("attempt_usd = 0.10", "attempt_usd = -1", "agent.attempt_usd", "must be at least 0"),
    ('command = ["sh", "-c", "echo {prompt}"]', "", "agent.command", "is missing"),
    ('["sh", "-c", "echo {prompt}"]', "[]", "agent.command", "must be a list of texts"),
    ('["sh", "-c", "echo {prompt}"]', "3", "agent.command", "must be a list of texts"),
    ('["sh", "-c", "echo {prompt}"]', '["sh", 3]', "agent.command", "must be a list of texts"),
    ('["sh", "-c", "echo {prompt}"]', '"mini-swe"', "agent.command", "did you mean mini-swe-agent?"),
    ('["sh", "-c", "echo {prompt}"]', '"nonsense"', "agent.command", "write a list"),
    ('["sh"', '["no-such-program"', "agent.command", "no such program: no-such-program"),
    ('["sh"', '["./no-such-program"', "agent.command", "no such program: ./no-such-program"),
    ("{prompt}", "{promt}", "agent.command[2]", "{promt} is not a known placeholder (did you mean prompt?)"),
    ("{prompt}", "{token}", "agent.command[2]", "{token} is not a known placeholder"),
    ("0.10", '0.10\nfolder = "repos/{sample}"', "agent.folder", "{sample} is not a known placeholder"),
    ("0.10", '0.10\nprepare = ["git", "{x}"]', "agent.prepare", "{x} is not a known placeholder"),
    ("0.10", '0.10\nfolder = "a"\nprepare = ["true"]', "agent.prepare", "can't be combined with folder"),
    ("0.10", '0.10\noutput = "patch"', "agent.output", "is not a known output"),
    ("0.10", '0.10\noutput = "file:"', "agent.output", "is not a known output"),
    ("0.10", '0.10\noutput = "file:/etc/passwd"', "agent.output", "must be a path in the attempt's folder"),
    ("0.10", '0.10\noutput = "json:x.json"', "agent.output", "names no key of the JSON"),
    ("0.10", '0.10\noutput = "file:{home}/x"', "agent.output", "{home} is not known there"),
    ("0.10", '0.10\nsandbox = "none"', "agent.sandbox", "none-i-trust-this-agent"),
    ("0.10", "0.10\nattempt_s = 0", "agent.attempt_s", "must be above 0"),
    ("0.10", "0.10\nattempt_s = 60\nattempt_wall_s = 59", "agent.attempt_wall_s", "is below attempt_s"),
    ("0.10", "0.10\nattempt_calls = 0", "agent.attempt_calls", "must be at least 1"),
    ("0.10", "0.10\nconcurrency = 0", "agent.concurrency", "must be at least 1"),
    ("0.10", "0.10\natempt_calls = 3", "agent.atempt_calls", "did you mean attempt_calls?"),
    ("0.10", '0.10\nenv = { "A B" = "1" }', 'agent.env."A B"', "is not the name of an environment variable"),
    ("0.10", '0.10\nenv = { OPENAI_API_KEY = "sk-x" }', "agent.env.OPENAI_API_KEY", "no secret belongs"),
    ("0.10", '0.10\nenv = { GITHUB_TOKEN = "ghp" }', "agent.env.GITHUB_TOKEN", "no secret belongs"),
    ("0.10", '0.10\nenv = { LLM_BASE_URL = "https://h/v1" }', "agent.env.LLM_BASE_URL", "past the gateway"),
    ("0.10", '0.10\nenv = { A = "{nothing}" }', "agent.env.A", "{nothing} is not a known placeholder"),
    ("0.10", '0.10\nother_models = { x = "none" }', "agent.other_models.x", "names no model: none"),
    ("0.10", '0.10\nother_models = { x = "gateway" }', "agent.other_models.x", "names the agent's own model"),
]
MODEL = [
    ('model = "deepseek-coder"', 'model = "d"\nmax_n = 4', "max_n", "an attempt is one sample"),
    ('model = "deepseek-coder"', 'model = "d"\napi = "completions"', "api", "agents speak chat"),
    ('model = "deepseek-coder"', 'model = "d"\nsamples = 0', "samples", "must be at least 1"),
]


def _error(path) -> InputError:
    with pytest.raises(InputError) as caught:
        load(path)
    assert "\n" not in str(caught.value)
    assert caught.value.remedy
    return caught.value


@pytest.mark.parametrize(("old", "new", "key", "words"), WRONG, ids=[f"{w[2]}: {w[1][:40]}" for w in WRONG])
def test_a_wrong_agent_gets_one_line_that_names_the_key(good, write, old, new, key, words):
    error = _error(write(good + AGENT.replace(old, new, 1)))
    assert words in str(error)
    assert error.where.endswith(f": models.gateway.{key}")


@pytest.mark.parametrize(("old", "new", "key", "words"), MODEL)
def test_what_an_agents_model_may_not_have(good, write, old, new, key, words):
    error = _error(write(good.replace(old, new) + AGENT))
    assert words in str(error)
    assert error.where.endswith(f": models.gateway.{key}")


def test_batches_and_tapes_answer_no_calls(good, write):
    batch = good.replace("samples = 5", "batch = true").replace("requests_per_minute = 500, ", "")
    assert "can't be combined with agent" in str(_error(write(batch + AGENT.replace("gateway", "expensive"))))


def test_a_model_that_is_priced_by_server_time_needs_some_bound(good, write):
    agent = AGENT.replace("gateway", "cheap").replace("attempt_usd = 0.10", "")
    assert "needs attempt_usd, attempt_calls or attempt_s" in str(_error(write(good + agent)))
    agents = load(write(good + agent + "attempt_s = 60\n")).models["cheap"].agent
    assert agents is not None
    assert agents.attempt_pico is None


def test_a_model_that_only_agents_ask_for_is_not_sampled(good, write):
    assert "must be at least 1" in str(_error(write(good + SMALL)))
    sweep = load(write(good + SMALL + AGENT + 'other_models = { "tiny-fast" = "small" }\n'))
    assert sweep.models["small"].samples == 0
    assert sweep.models["gateway"].max_n == 1


def test_a_name_stands_for_a_command(good, write, monkeypatch, folder):
    (folder / "mini").write_text("#!/bin/sh\n")
    (folder / "mini").chmod(0o755)
    monkeypatch.setenv("PATH", str(folder), prepend=":")
    sweep = load(write(good + '[models.other.agent]\ncommand = "mini-swe-agent"\nattempt_usd = 0.1\n'))
    agent = sweep.models["other"].agent
    assert agent is not None
    assert agent.command[-1] == "anthropic/{model}"
    assert agent.output == "git-diff"
    assert agent.env["MSWEA_COST_TRACKING"] == "ignore_errors"


def test_a_known_agent_speaks_the_wire_of_its_model(good, write, monkeypatch, folder):
    (folder / "openhands").write_text("#!/bin/sh\n")
    (folder / "openhands").chmod(0o755)
    monkeypatch.setenv("PATH", str(folder), prepend=":")

    def asks(alias: str) -> tuple[str | None, str | None]:
        table = f'[models.{alias}.agent]\ncommand = "openhands"\nattempt_usd = 0.1\n'
        agent = load(write(good + table)).models[alias].agent
        assert agent is not None
        return agent.env["LLM_MODEL"], agent.env.get("LLM_BASE_URL")

    assert asks("gateway") == ("openai/{model}", None)
    assert asks("other") == ("anthropic/{model}", "{url}")


def test_the_definition_is_all_that_bears_on_an_attempt(good, write):
    def defined(agent: str) -> object:
        sweep = load(write(good + agent))
        return definition(sweep.models["gateway"], sweep)

    first = defined(AGENT)
    assert defined(AGENT + "concurrency = 9\n") == first
    for other in (AGENT.replace("echo", "cat"), AGENT.replace("0.10", "0.20"), AGENT + 'env = { A = "1" }\n'):
        assert defined(other) != first


def test_known_agents_place_only_what_can_be_filled():
    from orchestrator.sweep.tables.agent import IN_COMMAND, IN_ENV, PLACEHOLDER

    for known in KNOWN.values():
        for word in (*known.command, *known.messages):
            assert set(PLACEHOLDER.findall(word)) <= set(IN_COMMAND)
        for value in (*known.env.values(), *known.messages_env.values()):
            assert set(PLACEHOLDER.findall(value)) <= set(IN_ENV)


def test_a_known_agent_is_told_with_the_version_that_was_seen():
    for name, known in KNOWN.items():
        assert known.seen is not None
        assert (
            seen_running(known.command)
            == f"the settings for {name} were seen running with version {known.seen}"
        )
        assert known.messages == () or known.seen in (seen_running(known.messages) or "")
    assert seen_running(("mini", "of-my-own")) is None
