"""Good sweep files, and what they become."""

from __future__ import annotations

import dataclasses
import os
from decimal import Decimal
from pathlib import Path

import pytest

from orchestrator.errors import InputError
from orchestrator.sweep.load import check_budget, check_keys, load, parse_usd
from orchestrator.sweep.source import located, where
from orchestrator.sweep.types import Limits, StatedPrice

# The example of the interface, whole. Its one placeholder, base_url = "…", holds a URL here.
EXAMPLE = """\
name = "gsm8k-many-or-few"
budget_usd = 10.0                 # hard: see Money. Neither here nor as --budget: exit 2

[problems]
source = "gsm8k"                  # gsm8k | math | humaneval | codecontests | minif2f | swebench-lite | jsonl | …
path = "data/gsm8k_test.jsonl"    # a local file in the source's own format; without it, the Hugging Face hub
limit = 100                       # the first N (after `shuffle = SEED`, where given)

[prompt]                          # optional; every source has a default
system = "…"
template = "… {question} …"

[sampling]
samples = 100                     # per problem and model
mode = "uniform"                  # or "until_solved": stop a problem at its first verified success
temperature = 0.6                 # top_p, stop … too. What is not stated is not sent
max_tokens = 512                  # required: it bounds the worst case
extra = {}                        # vendor-specific fields (reasoning effort, thinking …), passed as they are

[verifier]                        # optional; every source has a default
kind = "numeric"                  # also timeout_s, workers, sandbox

[models.cheap]                    # the alias used everywhere else
provider = "vllm"                 # vllm | openai | anthropic | openai-compatible | replay
model = "HuggingFaceTB/SmolLM2-135M-Instruct"
servers = ["http://127.0.0.1:8000/v1"]
gpu_usd_per_hour = 2.5            # priced by server time (x gpus); or price = {input = 0.1, output = 0.4}; both: exit 2
api = "chat"                      # chat | completions | responses (openai)
max_n = 128                       # samples a request may carry
sequences = 256                   # vllm: samples in flight a server

[models.expensive]
provider = "openai"
model = "gpt-4o-2024-05-13"
base_url = "https://api.openai.com/v1"  # default: the vendor's usual environment variable, else the vendor's own
api_key_env = "OPENAI_API_KEY"
price = { input = 5.0, cached_input = 2.5, output = 15.0 }   # $ per million tokens; default: the price book
limits = { requests_per_minute = 500, tokens_per_minute = 30000, concurrency = 64 }  # group = "name" joins models
samples = 5                       # any key of [sampling] may be overridden in a model
unset = ["temperature"]           # drops an inherited key (TOML has no null)
batch = false                     # true: the vendor's batch API at its price
timeout_s = 60                    # default: 120 + n*max_tokens/20, at most 3600
budget_usd = 4.0                  # optional share of its own
"""

REPLAY = """\
name = "q"
[problems]
source = "quickstart"
[models.a]
provider = "replay"
tape = "quickstart"
max_tokens = 9
"""


def test_the_example_of_the_interface_loads_in_full(folder, write):
    (folder / "data").mkdir()
    (folder / "data" / "gsm8k_test.jsonl").write_text("")
    sweep = load(write(EXAMPLE))
    assert (sweep.name, sweep.budget_pico, sweep.text) == ("gsm8k-many-or-few", 10 * 10**12, EXAMPLE)
    assert sweep.problems.path == folder / "data" / "gsm8k_test.jsonl"
    assert (sweep.problems.limit, sweep.prompt.template, sweep.verifier.kind) == (
        100,
        "… {question} …",
        "numeric",
    )
    assert list(sweep.models) == ["cheap", "expensive"]
    cheap, expensive = sweep.models.values()
    assert cheap.servers == ("http://127.0.0.1:8000/v1",)
    assert cheap.gpu_usd_per_hour == Decimal("2.5")
    assert (cheap.samples, cheap.max_tokens, cheap.params) == (100, 512, {"temperature": 0.6})
    assert (cheap.api_key_env, cheap.max_n, cheap.max_n_stated) == (None, 128, True)
    assert (expensive.samples, expensive.params, expensive.timeout_s) == (5, {}, 60.0)
    assert expensive.price == StatedPrice(
        input=Decimal("5.0"), cached_input=Decimal("2.5"), output=Decimal("15.0")
    )
    assert expensive.limits == Limits(requests_per_minute=500, tokens_per_minute=30000, concurrency=64)
    assert (expensive.own_host, expensive.api_key_env, expensive.budget_pico) == (
        True,
        "OPENAI_API_KEY",
        4 * 10**12,
    )


def _model(good, write, alias="expensive", *, replace=("samples = 5\n", ""), **environment):
    return load(write(good.replace(replace[0], replace[1], 1))).models[alias]


def test_money_is_exact_and_a_budget_is_never_widened(good, write):
    def budget(text):
        return load(write(good.replace("budget_usd = 10.0", f"budget_usd = {text}"))).budget_pico

    assert budget("0.1") == 100_000_000_000
    assert budget("0.000000000001") == 1
    assert budget("1.9999999999999") == 1_999_999_999_999
    assert budget("0") == 0
    assert budget("9_000_000") == 9_000_000 * 10**12 < 2**63


def test_the_flag_goes_before_the_file(good, write):
    path = write(good)
    assert load(path, budget="2.5").budget_pico == 2_500_000_000_000
    assert load(path, budget="$3").budget_pico == 3 * 10**12
    assert parse_usd(" 0.30 ", where="--budget") == Decimal("0.30")


def test_no_budget_is_an_error_for_a_run_only(good, write):
    sweep = load(write(good.replace("budget_usd = 10.0\n", "")))
    assert sweep.budget_pico is None
    with pytest.raises(InputError, match=r"sweep\.toml: states no budget_usd \(.*--budget"):
        check_budget(sweep)
    assert check_budget(dataclasses.replace(sweep, budget_pico=0)) == 0


def test_a_models_own_keys_go_before_sampling(good, write):
    lines = 'temperature = 1.25\nstop = "END"\nextra = { reasoning_effort = "low" }\nmode = "until_solved"\n'
    model = _model(good, write, replace=("samples = 5\n", lines))
    assert model.params == {"temperature": 1.25, "stop": ["END"]}
    assert (model.extra, model.mode, model.samples) == ({"reasoning_effort": "low"}, "until_solved", 100)


def test_figures_that_are_no_money_become_floats(good, write):
    text = good.replace("extra = {}", "extra = { thinking = { type = 'on', budget = [1, 0.5] } }")
    model = load(write(text)).models["expensive"]
    assert type(model.params["temperature"]) is float
    assert model.extra == {"thinking": {"type": "on", "budget": [1, 0.5]}}
    assert type(model.extra["thinking"]["budget"][1]) is float


def test_unset_drops_what_is_inherited(good, write):
    lines = 'unset = ["temperature", "extra", "top_p"]\n'
    text = good.replace("extra = {}", 'extra = { reasoning_effort = "low" }')
    model = _model(text, write, replace=("samples = 5\n", lines))
    assert (model.params, model.extra) == ({}, {})


def test_samples_defaults_to_one(good, write):
    assert load(write(good.replace("samples = 100\n", ""))).models["cheap"].samples == 1


@pytest.mark.parametrize(
    ("alias", "lines", "max_n", "stated"),
    [
        ("expensive", "", 128, False),
        ("expensive", 'api = "responses"\n', 1, False),
        ("expensive", "max_n = 8\n", 8, True),
    ],
)
def test_max_n(good, write, alias, lines, max_n, stated):
    model = _model(good, write, alias, replace=("samples = 5\n", lines))
    assert (model.max_n, model.max_n_stated) == (max_n, stated)


def test_anthropic_has_one_sample_a_request(good, write):
    assert load(write(good)).models["other"].max_n == 1


@pytest.mark.parametrize(
    ("url", "own"),
    [
        (None, True),
        ("https://api.openai.com/v1", True),
        ("https://eu.api.openai.com/v1", True),
        ("https://API.OpenAI.com/v1/", True),
        ("http://api.openai.com/v1", False),
        ("https://api.openai.com.evil.example/v1", False),
        ("https://myapi.openai.com/v1", False),
        ("http://127.0.0.1:9000/v1", False),
    ],
)
def test_own_host(good, write, url, own):
    lines = f'base_url = "{url}"\n' if url else ""
    model = _model(good, write, replace=("samples = 5\n", lines))
    assert model.own_host is own
    assert model.base_url == (url.rstrip("/") if url else None)


def test_base_urls_come_from_the_usual_variables(good, write, monkeypatch):
    monkeypatch.setenv("OPENAI_BASE_URL", "http://127.0.0.1:9000/v1/")
    monkeypatch.setenv("ANTHROPIC_BASE_URL", "")
    models = load(write(good)).models
    assert (models["expensive"].base_url, models["expensive"].own_host) == ("http://127.0.0.1:9000/v1", False)
    assert (models["other"].base_url, models["other"].own_host) == (None, True)
    assert models["gateway"].base_url == "https://gateway.example/v1"


def test_a_free_model_is_a_stated_price(good, write):
    model = _model(
        good, write, "cheap", replace=("gpu_usd_per_hour = 2.5", "price = { input = 0, output = 0 }")
    )
    assert model.price == StatedPrice(input=Decimal(0), output=Decimal(0))


def test_a_group_shares_its_figures(good, write):
    text = good.replace("concurrency = 64", 'group = "org"') + 'limits = { group = "org", concurrency = 9 }\n'
    models = load(write(text)).models
    assert models["expensive"].limits == Limits(requests_per_minute=500, concurrency=9, group="org")
    assert models["gateway"].limits == models["expensive"].limits
    assert models["cheap"].limits == Limits()


def test_paths_start_at_the_sweep_file_then_at_the_working_directory(good, folder, tmp_path_factory):
    elsewhere = tmp_path_factory.mktemp("elsewhere")
    path = elsewhere / "sweep.toml"
    path.write_text(good)
    assert load(path).problems.path == folder / "problems.jsonl"
    (elsewhere / "problems.jsonl").write_text("")
    assert load(path).problems.path == elsewhere / "problems.jsonl"
    (elsewhere / "problems.jsonl").unlink()
    (folder / "problems.jsonl").unlink()
    with pytest.raises(InputError) as caught:
        load(path)
    assert str(elsewhere / "problems.jsonl") in str(caught.value)
    assert str(folder / "problems.jsonl") in str(caught.value)


def test_a_replay_needs_only_its_tape(write):
    model = load(write(REPLAY)).models["a"]
    assert (model.tape, model.model, model.speed, model.api_key_env) == ("quickstart", "a", 60.0, None)


def test_a_tape_of_ones_own_is_found(folder, write):
    (folder / "my.tape").write_text("")
    text = REPLAY.replace('tape = "quickstart"', 'tape = "my.tape"')
    assert load(write(text)).models["a"].tape == str(folder / "my.tape")


@pytest.mark.parametrize(("start", "end"), [(b"\xef\xbb\xbf", b"\n"), (b"", b"\r\n")])
def test_files_from_other_editors(good, write, start, end):
    assert load(write(start + good.encode().replace(b"\n", end))).name == "many-or-few"


def test_aliases_may_be_any_text(good, write):
    header = r"""[models."a.b/c [x] \" 日本\U0001F600"]"""
    sweep = load(write(good.replace("[models.cheap]", header)))
    assert next(iter(sweep.models)) == 'a.b/c [x] " 日本😀'


def test_verifier_options(good, write):
    choice = load(
        write(good.replace('kind = "numeric"\n', "tolerance = 0.5\ntimeout_s = 2\nworkers = 3\n"))
    ).verifier
    assert (choice.kind, choice.options) == (None, {"tolerance": 0.5})
    assert (choice.timeout_s, choice.workers) == (2.0, 3)
    assert load(write(good.replace('kind = "numeric"\n', 'rule = "paper"\n'))).verifier.options == {
        "rule": "paper"
    }


class TestKeys:
    def test_a_missing_one_is_named_with_its_line(self, good, write):
        path = write(good)
        with pytest.raises(InputError) as caught:
            check_keys(load(path))
        line = good.splitlines().index("[models.expensive]") + 1
        assert caught.value.where == f"sweep.toml:{line}: models.expensive.api_key_env"
        assert "OPENAI_API_KEY is not set" in caught.value.message

    def test_all_there(self, good, write, monkeypatch):
        monkeypatch.setenv("OPENAI_API_KEY", "sk-1")
        monkeypatch.setenv("ANTHROPIC_API_KEY", "sk-2")
        check_keys(load(write(good)))

    @pytest.mark.parametrize("key", ["", " sk-secret", "sk-secret\n", "sk-sécret", "sk-\x00secret"])
    def test_a_key_that_is_none_is_never_shown(self, good, write, monkeypatch, key):
        variables = {**os.environ, "OPENAI_API_KEY": key}  # a NUL can't be set for real
        monkeypatch.setattr(os, "environ", variables)
        with pytest.raises(InputError) as caught:
            check_keys(load(write(good)))
        assert "OPENAI_API_KEY" in str(caught.value)
        assert "cret" not in str(caught.value)

    def test_servers_and_gateways_need_one_only_where_stated(self, good, write, monkeypatch):
        text = good.split("[models.expensive]")[0]
        check_keys(load(write(text)))
        with pytest.raises(InputError, match="MY_KEY is not set"):
            check_keys(load(write(text + 'api_key_env = "MY_KEY"\n')))


def test_later_errors_can_name_file_and_line(good, write):
    sweep = load(write(good))
    line = good.splitlines().index('template = "Q: {question}"') + 1
    assert where(sweep, "prompt", "template") == f"sweep.toml:{line}: prompt.template"
    with pytest.raises(InputError) as caught, located(sweep):
        raise InputError("prompt.template", "has no such field", "mend it")
    assert str(caught.value) == f"sweep.toml:{line}: prompt.template: has no such field (mend it)"
    with pytest.raises(InputError) as caught, located(sweep):
        raise InputError("data.jsonl:3", "is no problem")
    assert caught.value.where == "data.jsonl:3"


def test_loading_leaves_the_file_alone(good, write):
    path = write(good)
    before = path.read_bytes(), path.stat().st_mtime_ns
    load(path)
    assert before == (path.read_bytes(), path.stat().st_mtime_ns)
    assert Path.cwd().joinpath("runs").exists() is False
