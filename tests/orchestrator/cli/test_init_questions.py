"""On a terminal `manyfew init` asks; what it writes says the answers, and loads."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from importlib.resources import files
from pathlib import Path

import pytest

from orchestrator.cli.init_questions import Answers, ask_all, filled
from orchestrator.cli.init_samples import sized
from orchestrator.cli.init_servers import KINDS, Served, address, served_at
from orchestrator.cli.init_vendors import ENDPOINTS
from orchestrator.run.planning.plan import plan_sweep
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


@pytest.mark.parametrize("vendor", ["openai", "anthropic", "google"])
def test_without_a_server_both_models_are_the_vendors(tmp_path, vendor):
    (tmp_path / "s.toml").write_text(filled(STARTER, Answers("none", None, vendor, None)))
    sweep = load(tmp_path / "s.toml")
    assert {model.provider for model in sweep.models.values()} == {vendor}
    assert sweep.models["cheap"].model != sweep.models["expensive"].model
    assert plan_sweep(prepare(sweep), tmp_path / "s.db").document()["models"]["cheap"]["samples"] == 2560


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("localhost:8000", "http://localhost:8000/v1"),
        ("gpu7.lab:8000/", "http://gpu7.lab:8000/v1"),
        ("127.0.0.1:8000/v1", "http://127.0.0.1:8000/v1"),
        ("https://h:1/", "https://h:1/v1"),
        ("http://h:1/v1/", "http://h:1/v1"),
        ("ollama", "http://127.0.0.1:11434/v1"),
        ("LM Studio", "http://127.0.0.1:1234/v1"),
        ("llama-cpp", "http://127.0.0.1:8080/v1"),
    ],
)
def test_an_address_as_it_is_usually_typed_is_taken(typed, meant):
    ask, _ = _typing(typed, "openai", "1", "")
    said: list[str] = []
    assert ask_all(ask, said.append, lambda url: Served()).server == meant
    assert not any("Did you mean" in line for line in said)


@pytest.mark.parametrize(
    "typed", ["localhost:99999", "http://localhost:0/v1", "http://h:port/v1", "http://[::1/v1"]
)
def test_an_address_without_a_possible_port_is_asked_for_again(typed):
    ask, _ = _typing(typed, "none", "openai", "1", "")
    said: list[str] = []
    assert ask_all(ask, said.append, served_at).server == "none"
    assert any(typed.rpartition("//")[2] in line for line in said)


def test_a_budget_of_nothing_is_asked_for_again():
    ask, _ = _typing("none", "openai", "0", "0.00", "0.01", "")
    assert ask_all(ask, list[str]().append, lambda url: Served()).budget_usd == "0.01"


@pytest.mark.parametrize(
    ("typed", "meant"), [("ftp://h/v1", "http://h/v1"), ("yes please", "http://127.0.0.1:8000/v1")]
)
def test_an_address_that_is_not_whole_is_answered_with_the_whole_one(typed, meant):
    ask, _ = _typing(typed, meant, "openai", "1", "")
    said: list[str] = []
    assert ask_all(ask, said.append, lambda url: Served()).server == meant
    assert said[0] == f"{typed!r} isn't a full address. Did you mean {meant}?"


@pytest.mark.parametrize(
    ("typed", "meant"),
    [("$3", "3"), ("3 dollars", "3"), ("2.50 USD", "2.50"), ("$1,000", "1000"), ("7$", "7")],
)
def test_dollars_as_they_are_usually_typed_are_taken(typed, meant):
    ask, _ = _typing("http://h:1/v1", "openai", typed, "")
    said: list[str] = []
    assert ask_all(ask, said.append, lambda url: Served()).budget_usd == meant
    assert not any("amount" in line for line in said)


@pytest.mark.parametrize("typed", ["2,50", "-1", "$", "x3", "1e9"])
def test_an_amount_that_may_mean_another_is_asked_again(typed):
    ask, _ = _typing("http://h:1/v1", "openai", typed, "3", "")
    said: list[str] = []
    assert ask_all(ask, said.append, lambda url: Served()).budget_usd == "3"
    assert sum("amount" in line for line in said) == 1


def test_without_answers_it_is_the_starter():
    assert filled(STARTER, Answers()) == STARTER
    assert sized(STARTER) == STARTER


@pytest.mark.parametrize("server", ["http://h:1/v1", "none", "start"])
@pytest.mark.parametrize("vendor", ["openai", "anthropic", "google"])
def test_the_file_passes_its_plans_own_check_of_what_it_can_tell(tmp_path, server, vendor):
    (tmp_path / "s.toml").write_text(sized(filled(STARTER, Answers(server, None, vendor, "5.0"))))
    (told,) = plan_sweep(prepare(load(tmp_path / "s.toml")), tmp_path / "s.db").document()["can_tell"]
    assert told["within_samples"] is True
    assert told["least_difference"] < 0.27


def test_samples_fit_a_price_that_was_typed_and_problems_that_are_not_here(tmp_path):
    prices = ("small", "0.1 0.2", "big", "1, 20")
    ask, _ = _typing("none", "acme", "https://api.acme.test/v1", "", *prices, "2", "gsm8k")
    written = sized(filled(STARTER, ask_all(ask, lambda line: None, lambda url: Served())))
    (tmp_path / "s.toml").write_text(written)
    sweep = load(tmp_path / "s.toml")
    assert sweep.problems.source == "gsm8k"
    assert {alias: model.samples for alias, model in sweep.models.items()} == {"cheap": 100, "expensive": 1}


def test_what_cannot_be_is_asked_again_and_empty_is_the_default(monkeypatch):
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    monkeypatch.setenv("ANTHROPIC_API_KEY", "sk-secret")
    ask, asked = _typing("localhost", "http://h:1/v1", "?", "", "much", "7", "nothing.jsonl", "")
    said: list[str] = []
    got = ask_all(ask, said.append, lambda url: Served())
    assert got == Answers("http://h:1/v1", None, "anthropic", "7", None, "quickstart")
    assert sum("isn't" in line or "no file" in line for line in said) == 4
    assert "keys set: ANTHROPIC_API_KEY" in asked[2]
    assert not any("sk-secret" in line for line in [*asked, *said])


def test_a_server_that_answers_is_named():
    vendor = openai_vendor(models=("org/model",))
    with serving(vendor):
        assert served_at(vendor.base_url).models == ("org/model",)
    assert served_at(vendor.base_url) == Served()  # gone
    assert served_at("http://127.0.0.1:1/v1") == Served()


def test_one_of_a_servers_models_is_chosen(tmp_path):
    ask, asked = _typing("", "c", "b", "openai", "3", "")
    said: list[str] = []
    answers = ask_all(ask, said.append, lambda url: Served(("a", "b") if ":8000" in url else ()))
    assert (answers.server, answers.served) == ("http://127.0.0.1:8000/v1", "b")
    assert "vLLM answers at http://127.0.0.1:8000/v1; it serves a, b." in said
    assert "[http://127.0.0.1:8000/v1]" in asked[0]
    assert "'c' isn't one of them: a, b." in said


def test_a_vendor_that_is_known_by_name_needs_only_its_models(tmp_path, monkeypatch):
    monkeypatch.setenv("GROQ_API_KEY", "sk-secret")
    for name in (
        "OPENAI_API_KEY",
        "ANTHROPIC_API_KEY",
        "GEMINI_API_KEY",
        "OPENROUTER_API_KEY",
        "DEEPSEEK_API_KEY",
    ):
        monkeypatch.delenv(name, raising=False)
    ask, asked = _typing("", "", "llama-3.1-8b-instant", "org/new", "$0.5 / 2", "1", "")
    answers = ask_all(ask, lambda line: None, lambda url: Served())
    assert asked[1].endswith("[groq]")
    (tmp_path / "s.toml").write_text(filled(STARTER, answers))
    sweep = load(tmp_path / "s.toml")
    assert [model.base_url for model in sweep.models.values()] == ["https://api.groq.com/openai/v1"] * 2
    assert sweep.models["expensive"].model == "org/new"
    plan_sweep(prepare(sweep), tmp_path / "s.db")  # priced: the book knows one, the other is stated
    assert "sk-secret" not in (tmp_path / "s.toml").read_text()


@pytest.mark.parametrize("kind", KINDS[1:], ids=lambda kind: kind.name)
def test_a_server_of_another_kind_is_found_at_its_port(tmp_path, kind):
    ask, asked = _typing("", "openai", "3", "")
    found = Served(("org/model",), kind.owner)
    said: list[str] = []
    answers = ask_all(ask, said.append, lambda url: found if url == address(kind) else Served())
    assert f"{kind.name} answers at {address(kind)}; it serves org/model." in said
    assert f"[{address(kind)}]" in asked[0]
    (tmp_path / "s.toml").write_text(filled(STARTER, answers))
    model = load(tmp_path / "s.toml").models["cheap"]
    assert (model.provider, model.base_url, model.model) == ("openai-compatible", address(kind), "org/model")
    plan_sweep(prepare(load(tmp_path / "s.toml")), tmp_path / "s.db")


def test_a_server_is_known_by_what_it_says_wherever_it_listens():
    ask, _ = _typing("h:9999", "openai", "3", "")
    answers = ask_all(
        ask, lambda line: None, lambda url: Served(("m",), "sglang") if "9999" in url else Served()
    )
    assert answers.kind.name == "SGLang"
    ask, _ = _typing("h:30000", "openai", "3", "")
    answers = ask_all(ask, lambda line: None, lambda url: Served(("m",), "vllm") if "h:" in url else Served())
    assert answers.kind.name == "vLLM"


@pytest.mark.parametrize("endpoint", ENDPOINTS, ids=lambda endpoint: endpoint.name)
def test_every_endpoint_by_name_or_by_its_key(tmp_path, monkeypatch, endpoint):
    for key in {"OPENAI_API_KEY", "ANTHROPIC_API_KEY", "GEMINI_API_KEY", *(one.key for one in ENDPOINTS)}:
        monkeypatch.delenv(key, raising=False)
    monkeypatch.setenv(endpoint.key, "sk-secret")
    own = ["mine"] * len(endpoint.placeholders)
    ask, asked = _typing("none", "", *own, "org/new", "1 2", "org/newer", "1 2", "1", "")
    answers = ask_all(ask, lambda line: None, lambda url: Served())
    assert asked[1].endswith(f"[{endpoint.name}]")
    (tmp_path / "s.toml").write_text(filled(STARTER, answers))
    for model in load(tmp_path / "s.toml").models.values():
        assert model.api_key_env == endpoint.key
        assert not [word for word in endpoint.placeholders if word in (model.base_url or "")]
    plan_sweep(prepare(load(tmp_path / "s.toml")), tmp_path / "s.db")
    assert "sk-secret" not in (tmp_path / "s.toml").read_text()


def test_a_price_of_the_maker_is_offered_and_confirmed(tmp_path):
    ask, asked = _typing("none", "azure", "res", "gpt-6-luna", "", "gpt-6-sol", "2 10", "1", "")
    answers = ask_all(ask, lambda line: None, lambda url: Served())
    assert "or the price of openai/gpt-6-luna [openai/gpt-6-luna]" in asked[4]
    (tmp_path / "s.toml").write_text(filled(STARTER, answers))
    models = load(tmp_path / "s.toml").models
    assert {model.base_url for model in models.values()} == {"https://res.openai.azure.com/openai/v1"}
    assert models["cheap"].price_as == "openai/gpt-6-luna"
    plan_sweep(prepare(load(tmp_path / "s.toml")), tmp_path / "s.db")


def test_any_other_vendor_is_its_address_and_its_price(tmp_path):
    prices = ("small", "0.1 0.2", "big", "1, 2")
    ask, _ = _typing("none", "Acme", "api.acme.test", "https://api.acme.test/v1", "", *prices, "2", "gsm8k")
    said: list[str] = []
    (tmp_path / "s.toml").write_text(filled(STARTER, ask_all(ask, said.append, lambda url: Served())))
    sweep = load(tmp_path / "s.toml")
    assert {model.provider for model in sweep.models.values()} == {"openai-compatible"}
    assert {model.api_key_env for model in sweep.models.values()} == {"ACME_API_KEY"}
    assert sweep.problems.source == "gsm8k"
    assert any("isn't a full address" in line for line in said)


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ("opnai", "'opnai' isn't known by name: did you mean openai?"),
        ("deep-seek", "did you mean deepseek?"),
        ("none", "Type the name of a vendor"),
        ("sk-proj-abc123def456ghi789", "looks like a key"),
        ("gsk_abcd1234efgh5678ijkl9012", "looks like a key"),
    ],
)
def test_what_is_hardly_a_vendors_name_is_asked_again(typed, said):
    ask, _ = _typing("none", typed, "anthropic", "", "")
    lines: list[str] = []
    assert ask_all(ask, lines.append, lambda url: Served()).vendor == "anthropic"
    (line,) = (line for line in lines if said in line)
    assert "key" not in said or typed not in line


def test_a_name_like_a_known_one_is_taken_when_it_is_typed_again():
    ask, _ = _typing("none", "groqq", "groqq", "https://h.test/v1", "", "m", "1 2", "m", "1 2", "", "")
    other = ask_all(ask, lambda line: None, lambda url: Served()).other
    assert other is not None
    assert other.endpoint.name == "groqq"


def test_a_key_in_place_of_its_variable_is_not_written():
    typed = ("https://h.test/v1", "labk_abcd1234efgh5678ijkl9012", "LAB_KEY", "m", "1 2", "m", "1 2", "", "")
    ask, _ = _typing("none", "my-lab", *typed)
    lines: list[str] = []
    other = ask_all(ask, lines.append, lambda url: Served()).other
    assert other is not None
    assert other.endpoint.key == "LAB_KEY"
    assert any("looks like a key" in line for line in lines)
    assert not any("labk_" in line for line in lines)


def test_a_file_of_problems_is_taken(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "p.jsonl").write_text('{"id": "a", "question": "1 + 1?", "answer": "2"}\n')
    ask, _ = _typing("none", "google", "3", "p.jsonl")
    (tmp_path / "s.toml").write_text(filled(STARTER, ask_all(ask, lambda line: None, lambda url: Served())))
    sweep = load(tmp_path / "s.toml")
    assert {model.provider for model in sweep.models.values()} == {"google"}
    assert plan_sweep(prepare(sweep), tmp_path / "s.db").document()["models"]["cheap"]["samples"] == 64


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
    os.write(ours, b"\nanthropic\n3\n\n")
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
