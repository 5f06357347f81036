"""Every wrong sweep file gets one line that names the file, the line, the key and what to do."""

from __future__ import annotations

import re
import tomllib
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from orchestrator.errors import InputError
from orchestrator.sweep.examples import example
from orchestrator.sweep.load import load
from orchestrator.sweep.schema import (
    AgentTable,
    LimitsTable,
    ModelTable,
    PolicyTable,
    PriceTable,
    ProblemsTable,
    PromptTable,
    SamplingTable,
    SweepTable,
    VerifierTable,
)

# (what to replace, by what, the key as the error names it, words of the error)
SERVERS = 'servers = ["http://127.0.0.1:8000/v1"]'
WRONG = [
    # the top
    ('name = "many-or-few"', "", "", "name: is missing"),
    ('name = "many-or-few"', 'name = ""', "name", "must not be empty"),
    ('name = "many-or-few"', "name = 7", "name", "must be a text in quotes"),
    ('name = "many-or-few"', 'name = "../x"', "name", "must not hold a path"),
    ('name = "many-or-few"', 'name = "a/b"', "name", "must not hold a path"),
    ('name = "many-or-few"', "name = 'a\\b'", "name", "must not hold a path"),
    ('name = "many-or-few"', 'name = ".."', "name", "must not hold a path"),
    ('name = "many-or-few"', 'name = "c:x"', "name", "must not hold a path"),
    ('name = "many-or-few"', 'name = "a\\nb"', "name", "control characters"),
    ('name = "many-or-few"', 'name = "a\\u0000b"', "name", "control characters"),
    ('name = "many-or-few"', 'name = " a"', "name", "must not start with a space"),
    ('name = "many-or-few"', f'name = "{"é" * 101}"', "name", "longer than 200 bytes"),
    ("budget_usd = 10.0", 'budget_usd = "10"', "budget_usd", "must be a number"),
    ("budget_usd = 10.0", "budget_usd = true", "budget_usd", "must be a number"),
    ("budget_usd = 10.0", "budget_usd = -1", "budget_usd", "must be at least 0"),
    ("budget_usd = 10.0", "budget_usd = nan", "budget_usd", "finite"),
    ("budget_usd = 10.0", "budget_usd = inf", "budget_usd", "finite"),
    ("budget_usd = 10.0", "budget_usd = 9_000_000.01", "budget_usd", "must be at most 9,000,000"),
    ("budget_usd = 10.0", "budget_usd = 1e30", "budget_usd", "must be at most 9,000,000"),
    ("budget_usd = 10.0", "budget_usd = 1e999999999", "budget_usd", "has an exponent beyond 30"),
    ("budget_usd = 10.0", "budget_usd = 0e999999999", "budget_usd", "has an exponent beyond 30"),
    ("budget_usd = 10.0", "budget_usd = 1e-999999999", "budget_usd", "has an exponent beyond 30"),
    ("input = 5.0", "input = 1e-999999999", "models.expensive.price.input", "has an exponent beyond 30"),
    ("temperature = 0.6", "temperature = 1e999999999", "sampling.temperature", "has an exponent beyond 30"),
    ('kind = "numeric"', "tolerance = 1e999999999", "verifier.tolerance", "has an exponent beyond 30"),
    ('kind = "numeric"', 'tolerance = "1e999999999"', "verifier.tolerance", "a share such as"),
    ("limit = 100", "limit = 1e99999999999999999999999", "", "a number of too many digits"),
    ("budget_usd = 10.0", "budget = 10.0", "budget", "did you mean budget_usd?"),
    ("budget_usd = 10.0", "budget_usd = 10.0\nsamples = 3", "samples", "it belongs in [sampling]"),
    # problems
    ("[problems]", "[problem]", "problem", "did you mean problems?"),
    ('source = "gsm8k"', "", "problems.source", "is missing"),
    ('provider = "openai"', 'provider = "OpenAI"', "models.expensive.provider", "did you mean openai?"),
    (
        'provider = "openai"',
        'provider = "deepseek"',
        "models.expensive.provider",
        'openai-compatible" with base',
    ),
    ('mode = "uniform"', 'mode = "until-solved"', "sampling.mode", "did you mean until_solved?"),
    ('mode = "uniform"', 'mode = "x"', "sampling.mode", "write one of them"),
    ('source = "gsm8k"', 'source = "gsm8"', "problems.source", "did you mean gsm8k?"),
    ('source = "gsm8k"', 'source = "nonsense"', "problems.source", "known: aime"),
    ('source = "gsm8k"\npath = "problems.jsonl"', 'source = "jsonl"', "problems.path", "needs a local file"),
    ('path = "problems.jsonl"', 'path = "none.jsonl"', "problems.path", "no such file"),
    ('path = "problems.jsonl"', 'path = "."', "problems.path", "is a folder"),
    ("limit = 100", "limit = 0", "problems.limit", "must be at least 1"),
    ("limit = 100", "limit = -3", "problems.limit", "must be at least 1"),
    ("limit = 100", "limit = 1.5", "problems.limit", "must be a whole number"),
    ("limit = 100", 'shuffle = "yes"', "problems.shuffle", "must be a whole number"),
    ("limit = 100", "limt = 100", "problems.limt", "did you mean limit?"),
    (
        'source = "gsm8k"',
        'source = "jsonl"\nfew_shot = 2',
        "problems.few_shot",
        "works only with sources codecontests",
    ),
    # prompt
    ('template = "Q: {question}"', 'template = ""', "prompt.template", "must not be empty"),
    ('system = "Think."', "system = 1", "prompt.system", "must be a text"),
    # sampling
    ("samples = 100", "samples = 0", "sampling.samples", "must be at least 1"),
    ("samples = 100", "samples = 10_000_001", "sampling.samples", "must be at most 10,000,000"),
    ("samples = 100", "samples = 1e3", "sampling.samples", "must be a whole number"),
    ("samples = 100", "samples = true", "sampling.samples", "must be a whole number"),
    ('mode = "uniform"', 'mode = "adaptive"', "sampling.mode", 'must be one of "uniform", "until_solved"'),
    ("max_tokens = 512", "", "models.cheap.max_tokens", "bounds the worst case"),
    ("max_tokens = 512", "max_token = 512", "sampling.max_token", "did you mean max_tokens?"),
    ("max_tokens = 512", "max_tokens = 0", "sampling.max_tokens", "must be at least 1"),
    ("temperature = 0.6", "temperature = -0.1", "sampling.temperature", "must be at least 0"),
    (
        "temperature = 0.6",
        "temperature = 1.5",
        "sampling.temperature",
        "the most that anthropic takes, and holds for models.other",
    ),
    ("temperature = 0.6", "temperature = nan", "sampling.temperature", "finite"),
    ("temperature = 0.6", 'temperature = "hot"', "sampling.temperature", "must be a number"),
    ("temperature = 0.6", "temprature = 0.6", "sampling.temprature", "did you mean temperature?"),
    ("temperature = 0.6", "top_p = 0", "sampling.top_p", "must be above 0"),
    ("temperature = 0.6", "top_p = 1.01", "sampling.top_p", "must be at most 1"),
    ("temperature = 0.6", "top_k = 0.5", "sampling.top_k", "must be a whole number"),
    ("temperature = 0.6", "stop = []", "sampling.stop", "must not be empty"),
    ("temperature = 0.6", 'stop = [""]', "sampling.stop[0]", "must not be empty"),
    ("temperature = 0.6", "stop = 3", "sampling.stop", "must be a list"),
    ("temperature = 0.6", "seed = 1", "sampling.seed", "repeated samples identical"),
    ("temperature = 0.6", "n = 5", "sampling.n", "is not a known key"),
    # extra
    ("extra = {}", "extra = { n = 4 }", "sampling.extra.n", "samples and max_n instead"),
    ("extra = {}", "extra = { seed = 4 }", "sampling.extra.seed", "repeated samples identical"),
    ("extra = {}", 'extra = { model = "x" }', "sampling.extra.model", "changes what is asked for"),
    ("extra = {}", "extra = { messages = [] }", "sampling.extra.messages", "changes what is asked for"),
    ("extra = {}", 'extra = { prompt = "x" }', "sampling.extra.prompt", "changes what is asked for"),
    ("extra = {}", "extra = { best_of = 4 }", "sampling.extra.best_of", "changes what a request costs"),
    ("extra = {}", "extra = { max_tokens = 4 }", "sampling.extra.max_tokens", "state max_tokens in"),
    ("extra = {}", "extra = { max_completion_tokens = 4 }", "sampling.extra.max_completion_tokens", "costs"),
    ("extra = {}", "extra = { max_output_tokens = 4 }", "sampling.extra.max_output_tokens", "costs"),
    (
        "extra = {}",
        "extra = { thinking = { maxOutputTokens = 4 } }",
        "sampling.extra.thinking.maxOutputTokens",
        "costs",
    ),
    ("extra = {}", "extra = { stream = true }", "sampling.extra.stream", "changes what is asked for"),
    ("extra = {}", "extra = { tools = [] }", "sampling.extra.tools", "changes what a request costs"),
    ("extra = {}", "extra = { web_search_options = {} }", "sampling.extra.web_search_options", "costs"),
    ("extra = {}", 'extra = { service_tier = "flex" }', "sampling.extra.service_tier", "key of the model"),
    ("extra = {}", 'extra = { speed = "fast" }', "sampling.extra.speed", "changes what a request costs"),
    ("extra = {}", 'extra = { inference_geo = "us" }', "sampling.extra.inference_geo", "key of the model"),
    ("extra = {}", "extra = { temperature = 1.0 }", "sampling.extra.temperature", "as a key of [sampling]"),
    ("extra = {}", 'extra = { extra_headers = { a = "b" } }', "sampling.extra.extra_headers", "no field"),
    ("extra = {}", "extra = { user = 2024-01-01 }", "sampling.extra.user", "date or time"),
    ("extra = {}", "extra = { thinking = nan }", "sampling.extra.thinking", "finite"),
    ("extra = {}", "extra = 3", "sampling.extra", "must be a table"),
    # verifier
    ('kind = "numeric"', "timeout_s = 0", "verifier.timeout_s", "must be above 0"),
    ('kind = "numeric"', "workers = 0", "verifier.workers", "must be at least 1"),
    ('kind = "numeric"', 'knd = "numeric"', "verifier.knd", "did you mean kind?"),
    ('kind = "numeric"', 'kind = "numerik"', "verifier.kind", "did you mean numeric?"),
    ('kind = "numeric"', 'kind = "oracle"', "verifier.kind", "known: numeric"),
    ('kind = "numeric"', 'rule = "papers"', "verifier.rule", "final"),
    ('kind = "numeric"', "tolerance = -1", "verifier.tolerance", "negative"),
    ('kind = "numeric"', "tolerance = nan", "verifier.tolerance", ""),
    ('kind = "numeric"', "tolerance = [1]", "verifier.tolerance", ""),
    ('kind = "numeric"', "pattern = 'x'", "verifier.pattern", "is not a known key"),
    ('kind = "numeric"', "tolerence = 1", "verifier.tolerence", "did you mean tolerance?"),
    ('kind = "numeric"', "field = 2026-01-01", "verifier.field", "is a date or a time"),
    ('kind = "numeric"', 'sandbox = "none"', "verifier.sandbox", "none-i-trust-this-code"),
    ('kind = "numeric"', "memory_mb = 1", "verifier.memory_mb", "must be at least 64"),
    ('kind = "numeric"', 'kind = "regex"\npattern = "("', "verifier.pattern", "does not compile"),
    ('kind = "numeric"', "kind = \"regex\"\npattern = 'x'\ngroup = 2", "verifier.group", "group = 1"),
    ('kind = "numeric"', 'kind = "python"\ncall = "judge"', "verifier.call", "module:function"),
    (
        'kind = "numeric"',
        'kind = "command"\ncommand = "./judge"',
        "verifier.command",
        'command = ["./judge"]',
    ),
    # models
    ("[models.cheap]", '[models.""]', 'models.""', "must not be empty"),
    ("[models.cheap]", '[models."a\\tb"]', 'models."a\\tb"', "control characters"),
    ('provider = "vllm"', "", "models.cheap.provider", "is missing"),
    ('provider = "vllm"', 'provider = "vlm"', "models.cheap.provider", 'must be one of "vllm", "openai"'),
    ('model = "tiny"', "", "models.cheap.model", "is missing"),
    ('model = "tiny"', 'model = ""', "models.cheap.model", "must not be empty"),
    ('servers = ["http://127.0.0.1:8000/v1"]', "", "models.cheap.servers", "provider vllm needs it"),
    (SERVERS, 'serve = { copies = "al" }', "models.cheap.serve.copies", 'or "all"'),
    (SERVERS, "serve = { copies = 0 }", "models.cheap.serve.copies", "from 1 to 1,024"),
    (SERVERS, "serve = { copies = true }", "models.cheap.serve.copies", "whole number"),
    ('name = "many-or-few"', 'name = "many-or-few"\nserve = { gpus = 2 }', "serve.gpus", "gpus = [0, 1]"),
    (SERVERS, "serve = { gpu = 1 }", "models.cheap.serve.gpu", "did you mean gpus?"),
    (
        SERVERS,
        "serve = { env = { HF_TOKEN = 'hf_x' } }",
        "models.cheap.serve.env.HF_TOKEN",
        "no secret belongs",
    ),
    ('servers = ["http://127.0.0.1:8000/v1"]', "servers = []", "models.cheap.servers", "must not be empty"),
    ("127.0.0.1:8000/v1", "127.0.0.1:8000", "models.cheap.servers[0]", "must end in /v1"),
    ("http://127.0.0.1:8000/v1", "127.0.0.1:8000/v1", "models.cheap.servers[0]", "http:// or https://"),
    ("http://127.0.0.1:8000/v1", "http://h:99999/v1", "models.cheap.servers[0]", "is not a URL"),
    ("8000/v1", "8000/v1?key=abcdef", "models.cheap.servers[0]", "query"),
    ('8000/v1"]', '8000/v1", "http://127.0.0.1:8000/v1/"]', "models.cheap.servers[1]", "listed twice"),
    ("gpu_usd_per_hour = 2.5", "gpu_usd_per_hour = -2.5", "models.cheap.gpu_usd_per_hour", "at least 0"),
    ("gpu_usd_per_hour = 2.5", "gpus = 2", "models.cheap.gpus", "without gpu_usd_per_hour"),
    ("sequences = 256", "price = {input = 1, output = 1}", "models.cheap.price", "a model has one price"),
    ("sequences = 256", 'price_as = "x"', "models.cheap.price_as", "a model has one price"),
    ("sequences = 256", "sequences = 0", "models.cheap.sequences", "must be at least 1"),
    ("sequences = 256", "max_n = 16385", "models.cheap.max_n", "must be at most 16,384"),
    ("sequences = 256", 'api = "responses"', "models.cheap.api", 'use "chat" or "completions"'),
    ("sequences = 256", 'base_url = "http://h/v1"', "models.cheap.base_url", "not vllm"),
    ("sequences = 256", 'tape = "quickstart"', "models.cheap.tape", "goes with provider replay"),
    ("sequences = 256", 'unset = ["temprature"]', "models.cheap.unset[0]", "did you mean temperature?"),
    ("sequences = 256", 'unset = ["max_tokens"]', "models.cheap.max_tokens", "bounds the worst case"),
    ("samples = 5\n", 'unset = ["samples"]\nsamples = 5\n', "models.expensive.unset[0]", "states itself"),
    ("samples = 5\n", "samples = -5\n", "models.expensive.samples", "must be at least 1"),
    ("sequences = 256", "batch = true", "models.cheap.batch", "provider vllm has no batch API"),
    (
        "samples = 5\n",
        'batch = true\nservice_tier = "flex"\n',
        "models.expensive.service_tier",
        "a tier of its own",
    ),
    ("[verifier]\n", "[verifier]\nduring = true\n", "verifier.during", "judges while the run"),
    ("samples = 5\n", "batch = 1\n", "models.expensive.batch", "true or false"),
    ("samples = 5\n", "timeout_s = 0\n", "models.expensive.timeout_s", "must be above 0"),
    ("samples = 5\n", "budget_usd = -4\n", "models.expensive.budget_usd", "must be at least 0"),
    ("samples = 5\n", "max_attempts = 0\n", "models.expensive.max_attempts", "must be at least 1"),
    ("samples = 5\n", 'api = "completions"\n', "models.expensive.api", 'provider = "openai-compatible"'),
    ("samples = 5\n", 'api = "responses"\nmax_n = 2\n', "models.expensive.max_n", "one sample a request"),
    ("samples = 5\n", "servers = ['http://h/v1']\n", "models.expensive.servers", "goes with provider vllm"),
    ("samples = 5\n", 'base_url = "ftp://h/v1"\n', "models.expensive.base_url", "http:// or https://"),
    (
        "samples = 5\n",
        "server_defaults = true\n",
        "models.expensive.server_defaults",
        "goes with provider vllm",
    ),
    ("samples = 5\n", "[models.expensive.limit]\n", "models.expensive.limit", "did you mean limits?"),
    ("input = 5.0", "input = -5.0", "models.expensive.price.input", "must be at least 0"),
    ("input = 5.0", "input = nan", "models.expensive.price.input", "finite"),
    ("input = 5.0", 'input = "5"', "models.expensive.price.input", "must be a number"),
    (", output = 15.0 }", "}", "models.expensive.price.output", "is missing"),
    ("cached_input", "cached", "models.expensive.price.cached", "did you mean cached_input?"),
    (
        "requests_per_minute",
        "requests_per_minut",
        "models.expensive.limits.requests_per_minut",
        "did you mean",
    ),
    (
        "requests_per_minute = 500",
        "requests_per_minute = 0",
        "models.expensive.limits.requests_per_minute",
        "at least 1",
    ),
    ("concurrency = 64", "concurrency = 0", "models.expensive.limits.concurrency", "must be at least 1"),
    ("concurrency = 64", 'group = ""', "models.expensive.limits.group", "must not be empty"),
    (
        'model = "claude',
        'base_url = "https://h/v1"\nmodel = "claude',
        "models.other.base_url",
        "not end in /v1",
    ),
    (
        "gateway.example/v1",
        "gateway.example/v1?api_key=abcdef",
        "models.gateway.base_url",
        "must not hold a key",
    ),
    ("gateway.example/v1", "gateway.example/v1#x", "models.gateway.base_url", "fragment"),
    (
        "gateway.example/v1",
        "gateway.example/chat/completions",
        "models.gateway.base_url",
        "drop /chat/completions",
    ),
    ('model = "claude', 'max_n = 2\nmodel = "claude', "models.other.max_n", "one sample a request"),
    ('model = "claude', 'api = "responses"\nmodel = "claude', "models.other.api", 'use "chat"'),
    ('base_url = "https://gateway.example/v1"', "", "models.gateway.base_url", "openai-compatible needs it"),
    ('provider = "anthropic"', 'provider = "replay"', "models.other.tape", "provider replay needs it"),
    ('provider = "anthropic"', 'provider = "replay"\ntape = "no.tape"', "models.other.tape", "no such file"),
    # TOML itself
    ("samples = 100", "samples = many", "", "is not valid TOML: invalid value"),
    ("[prompt]", "[problems]", "", "is not valid TOML"),
    ("limit = 100", "limit = 100\nlimit = 101", "", "is not valid TOML"),
    ("limit = 100", "größe = 1", "", "the name 'größe' stands without quotes (write \"größe\""),
    ("limit = 100", "\u200flimit = 1", "", "is not valid TOML"),
    ("limit = 100", "“limit” = 1", "", 'write "limit", in straight quotes'),
    ("[models.gateway]", "[models.llama/7b:free]", "", 'write "llama/7b:free"'),
    ("[models.gateway]", "[models.my model]", "", 'write "my model"'),
    ("limit = 100", "limit = 100\nextra = { ö = 1 }", "", "of other letters than a to z in quotes"),
    ("limit = 100", f"limit = {'9' * 5000}", "", "a number of too many digits"),
    ("limit = 100", f"limit = {'[' * 5000}", "", "nested too deeply"),
]


def _error(path: Path, **options: Any) -> InputError:
    with pytest.raises(InputError) as caught:
        load(path, **options)
    error = caught.value
    assert "\n" not in str(error)
    assert str(error).isprintable()
    assert len(str(error)) < 400
    assert error.remedy, "every error says what to do"
    return error


@pytest.mark.parametrize(("old", "new", "key", "words"), WRONG, ids=[f"{w[2]}: {w[1][:40]}" for w in WRONG])
def test_a_wrong_file_gets_one_line_that_names_the_key(good, write, old, new, key, words):
    assert good.count(old) >= 1, "the row must change the file"
    text = good.replace(old, new, 1)
    error = _error(write(text))
    assert words in str(error)
    assert error.where.startswith("sweep.toml")
    if key:
        assert error.where.endswith(f": {key}")


@pytest.mark.parametrize(("old", "new", "key", "words"), [w for w in WRONG if w[2] and w[1]])
def test_the_line_is_the_line_of_the_key(good, write, old, new, key, words):
    error = _error(write(good.replace(old, new, 1)))
    line = int(error.where.split(":")[1])
    text = good.replace(old, new, 1).splitlines()[line - 1]
    name = key.rsplit(".", 1)[-1].split("[")[0].strip('"')
    inherited = "is missing" in error.message or "goes with" in error.message or key == "problems.path"
    assert name in text or inherited


def test_more_than_sixty_wrong_files():
    assert len(WRONG) >= 60


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "name: is missing"),
        (b"\xff\xfe\x00", "sweep.toml:1: is not UTF-8 text"),
        (b'name = "a"\n# \xe9\n', "sweep.toml:2: is not UTF-8 text"),
        (b"SQLite format 3\0" + b"\0" * 100, "is an SQLite database"),
        (b"#" * 4_000_001, "is larger than 4,000,000 bytes"),
        (b'{"name": "json"}', "is not valid TOML"),
        (b'name = "a"\n[problems]\nsource = "quickstart"\n[models]\n', "models: must not be empty"),
        (b'name = "a"\nmodels = 3\n[problems]\nsource = "quickstart"\n', "models: must be a table"),
        (b'name = "a"\nmodels = [1]\n[problems]\nsource = "quickstart"\n', "models: must be a table"),
        (b'name = "a"\n[problems]\nsource = "quickstart"\n[models]\nx = 3\n', "models.x: must be a table"),
    ],
)
def test_files_that_are_no_sweep(write, content, words):
    assert words in str(_error(write(content)))


def test_a_missing_file_and_a_folder(folder):
    assert "sweep.toml: no such file (manyfew init" in str(_error(Path("sweep.toml")))
    assert "is a folder" in str(_error(Path()))


@pytest.mark.parametrize(
    "budget",
    [
        "",
        "ten",
        "-1",
        "nan",
        "inf",
        "9000001",
        "1e999999999999999999999",
        "$$1",
        "0e999999999",
        "1e-99999999",
    ],
)
def test_a_wrong_budget_flag(good, write, budget):
    error = _error(write(good), budget=budget)
    assert error.where == "--budget"


@pytest.mark.parametrize(
    ("name", "words"),
    [("api_key", "no secret belongs in one"), ("token", "no secret"), ("apikey", "no secret")],
)
def test_a_key_in_the_file_is_refused_and_never_shown(good, write, name, words):
    secret = "sk-verysecret123"
    error = _error(write(good.replace("samples = 5\n", f'{name} = "{secret}"\n', 1)))
    assert words in str(error)
    assert "api_key_env" in error.remedy
    assert secret not in str(error)


@pytest.mark.parametrize(
    "line",
    [
        'api_key_env = "sk-verysecret123"',
        'api_key_env = "gsk_verysecret1234567"',
        'base_url = "https://me:sk-verysecret123@h/v1"',
        'base_url = "https://sk-verysecret123@h/v1"',
        'base_url = "https://h/v1?key=sk-verysecret123"',
        'extra = { api_key = "sk-verysecret123" }',
        'extra = { headers = { Authorization = "sk-verysecret123" } }',
        'provider = "sk-verysecret123"',
        'unset = ["sk-verysecret123"]',
    ],
)
def test_a_secret_in_the_wrong_place_is_never_repeated(good, write, line):
    text = good.replace("samples = 5\n", f"{line}\n", 1)
    if line.startswith("provider"):
        text = text.replace('provider = "openai"\n', "", 1)
    assert "verysecret" not in str(_error(write(text)))


def test_a_bad_url_from_the_environment_names_the_variable(good, write, monkeypatch):
    monkeypatch.setenv("OPENAI_BASE_URL", "http://me:pw-secret@h/v1")
    error = _error(write(good))
    assert error.where == "environment variable OPENAI_BASE_URL"
    assert "pw-secret" not in str(error)


def test_group_members_that_disagree(good, write):
    text = good.replace("concurrency = 64", 'group = "org"') + (
        'limits = { group = "org", requests_per_minute = 60 }\n'
    )
    error = _error(write(text))
    assert "models.gateway.limits.requests_per_minute: another model of the group states 500" in str(error)


def test_every_key_has_an_example():
    tables = (
        SweepTable,
        ProblemsTable,
        PromptTable,
        SamplingTable,
        VerifierTable,
        ModelTable,
        LimitsTable,
        PriceTable,
        AgentTable,
        PolicyTable,
    )
    assert all(example((name,)) for table in tables for name in table.model_fields)


@pytest.mark.parametrize(
    "table",
    [
        ProblemsTable,
        PromptTable,
        SamplingTable,
        VerifierTable,
        ModelTable,
        LimitsTable,
        PriceTable,
        AgentTable,
    ],
)
def test_the_examples_are_valid_themselves(table):
    for name in set(table.model_fields) - {"provider"}:
        key = ("agent", name) if table is AgentTable else (name,)
        written = re.split(r" or |, in |;| in price", example(key))[0]
        value = tomllib.loads(written, parse_float=Decimal)[name]
        wrong: list[str] = []
        try:
            table.model_validate({name: value})
        except ValidationError as error:
            wrong = [str(found["loc"]) for found in error.errors() if found["type"] != "missing"]
        assert wrong == []


def test_a_source_that_is_not_known_is_at_its_line_though_the_verifier_rests_on_it(good, write):
    text = good.replace('source = "gsm8k"', 'source = "gsm8"').replace('kind = "numeric"', "")
    assert re.match(r"sweep.toml:\d+: problems.source: is not a known source", str(_error(write(text))))
