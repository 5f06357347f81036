"""On a terminal `manyfew init` asks; what it writes says the answers, and loads."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from importlib.resources import files
from pathlib import Path

import pytest

from orchestrator.cli.init_questions import Answers, ask_all, filled, served_at
from orchestrator.run.plan import plan_sweep
from orchestrator.run.prepare import prepare
from orchestrator.sweep.load import load
from tests.loopback.openai_wire import openai_vendor
from tests.orchestrator.run.serving import serving

ROOT = Path(__file__).resolve().parents[3]
STARTER = files("orchestrator.cli").joinpath("starter.toml").read_text("utf-8")


def _typing(*answers: str):
    left: Iterator[str] = iter(answers)
    asked: list[str] = []

    def ask(question: str, default: str) -> str:
        asked.append(f"{question} [{default}]")
        return next(left)

    return ask, asked


@pytest.mark.parametrize("vendor", ["openai", "anthropic"])
def test_the_answers_are_in_the_file_and_it_loads(tmp_path, vendor):
    answers = Answers("http://10.0.0.7:9000/v1", 'a "model"', vendor, "0.25")
    (tmp_path / "s.toml").write_text(filled(STARTER, answers))
    sweep = load(tmp_path / "s.toml")
    assert sweep.budget_pico == 250_000_000_000
    assert sweep.models["cheap"].servers == ("http://10.0.0.7:9000/v1",)
    assert sweep.models["cheap"].model == 'a "model"'
    assert sweep.models["expensive"].provider == vendor
    section = filled(STARTER, answers).split("[models.expensive]")[1].lower()
    assert ("openai" in section) == (vendor == "openai")
    assert ("gpt-" in section) == (vendor == "openai")


@pytest.mark.parametrize("vendor", ["openai", "anthropic"])
def test_without_a_server_both_models_are_the_vendors(tmp_path, vendor):
    (tmp_path / "s.toml").write_text(filled(STARTER, Answers("none", None, vendor, None)))
    sweep = load(tmp_path / "s.toml")
    assert {model.provider for model in sweep.models.values()} == {vendor}
    assert sweep.models["cheap"].model != sweep.models["expensive"].model
    assert plan_sweep(prepare(sweep), tmp_path / "s.db").document()["models"]["cheap"]["samples"] == 800


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("localhost:8000", "http://localhost:8000/v1"),
        ("gpu7.lab:8000/", "http://gpu7.lab:8000/v1"),
        ("127.0.0.1:8000/v1", "http://127.0.0.1:8000/v1"),
        ("https://h:1/", "https://h:1/v1"),
        ("http://h:1/v1/", "http://h:1/v1"),
    ],
)
def test_an_address_as_it_is_usually_typed_is_taken(typed, meant):
    ask, _ = _typing(typed, "openai", "1")
    said: list[str] = []
    assert ask_all(ask, said.append, lambda url: None).server == meant
    assert said == []


@pytest.mark.parametrize(
    ("typed", "meant"), [("ftp://h/v1", "http://h/v1"), ("yes please", "http://127.0.0.1:8000/v1")]
)
def test_an_address_that_is_not_whole_is_answered_with_the_whole_one(typed, meant):
    ask, _ = _typing(typed, meant, "openai", "1")
    said: list[str] = []
    assert ask_all(ask, said.append, lambda url: None).server == meant
    assert said == [f"{typed!r} isn't a full address. Did you mean {meant}?"]


@pytest.mark.parametrize(
    ("typed", "meant"),
    [("$3", "3"), ("3 dollars", "3"), ("2.50 USD", "2.50"), ("$1,000", "1000"), ("7$", "7")],
)
def test_dollars_as_they_are_usually_typed_are_taken(typed, meant):
    ask, _ = _typing("http://h:1/v1", "openai", typed)
    said: list[str] = []
    assert (ask_all(ask, said.append, lambda url: None).budget_usd, said) == (meant, [])


@pytest.mark.parametrize("typed", ["2,50", "-1", "$", "x3", "1e9"])
def test_an_amount_that_may_mean_another_is_asked_again(typed):
    ask, _ = _typing("http://h:1/v1", "openai", typed, "3")
    said: list[str] = []
    assert ask_all(ask, said.append, lambda url: None).budget_usd == "3"
    assert len(said) == 1


def test_without_answers_it_is_the_starter():
    assert filled(STARTER, Answers()) == STARTER


def test_what_cannot_be_is_asked_again_and_empty_is_the_default(monkeypatch):
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    monkeypatch.setenv("ANTHROPIC_API_KEY", "sk-secret")
    ask, asked = _typing("localhost", "http://h:1/v1", "cohere", "", "much", "7")
    said: list[str] = []
    got = ask_all(ask, said.append, lambda url: None)
    assert got == Answers("http://h:1/v1", None, "anthropic", "7")
    assert len(said) == 3
    assert "keys set: ANTHROPIC_API_KEY" in asked[2]
    assert not any("sk-secret" in line for line in [*asked, *said])


def test_a_server_that_answers_is_named():
    vendor = openai_vendor(models=("org/model",))
    with serving(vendor):
        assert served_at(vendor.base_url) == "org/model"
    assert served_at(vendor.base_url) is None  # gone
    assert served_at("http://127.0.0.1:1/v1") is None


@pytest.mark.skipif(sys.platform == "win32", reason="needs a pseudo-terminal")
def test_on_a_terminal(tmp_path):
    import pty

    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-P", "-m", "manyfew", "init"],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(ROOT), "TERM": "dumb", "NO_COLOR": "1"},
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
    )
    os.close(theirs)
    os.write(ours, b"\nanthropic\n3\n")
    shown = b""
    while True:
        try:
            read = os.read(ours, 4096)
        except OSError:  # Linux: nobody holds the other end any more
            break
        if not read:
            break
        shown += read
    os.close(ours)
    assert process.wait(30) == 0, shown
    assert b"Budget in dollars" in shown
    assert b"\x1b[" not in shown
    sweep = load(tmp_path / "sweep.toml")
    assert (sweep.budget_pico, sweep.models["expensive"].provider) == (3 * 10**12, "anthropic")
