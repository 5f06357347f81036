"""`extra` takes what is known to cost nothing but its tokens, and what `allow_extra` names; never what costs more."""

from __future__ import annotations

import pytest

from orchestrator.errors import InputError
from orchestrator.sweep.extra_fields import ANY_VENDOR, INSIDE, KNOWN, SCHEMAS
from orchestrator.sweep.load import load

FILE = """
name = "t"
budget_usd = 1.0
[problems]
source = "jsonl"
path = "p.jsonl"
[sampling]
samples = 2
max_tokens = 16
{sampling}
[models.m]
provider = "{provider}"
model = "m"
price = {{ input = 1.0, output = 2.0 }}
{model}
"""
PLACES = {
    "openai-compatible": 'base_url = "http://127.0.0.1:1/v1"',
    "vllm": 'servers = ["http://127.0.0.1:1/v1"]',
    "openai": "",
    "anthropic": "",
}


@pytest.fixture
def loaded(tmp_path):
    (tmp_path / "p.jsonl").write_text('{"id": "a", "question": "?", "answer": "1"}\n')

    def load_with(model: str = "", sampling: str = "", provider: str = "openai-compatible"):
        path = tmp_path / "sweep.toml"
        place = PLACES[provider]
        path.write_text(FILE.format(model=f"{place}\n{model}", sampling=sampling, provider=provider))
        return load(path).models["m"]

    return load_with


@pytest.mark.parametrize(
    ("provider", "extra"),
    [
        ("openai", 'reasoning_effort = "low", verbosity = "low"'),
        (
            "openai",
            'response_format = { type = "json_schema", json_schema = { schema = { max_tokens = 1 } } }',
        ),
        ("anthropic", 'thinking = { type = "enabled", budget_tokens = 1024 }'),
        ("vllm", "ignore_eos = true, chat_template_kwargs = { enable_thinking = false }"),
        ("openai-compatible", "usage = { include = true }, reasoning = { effort = 'low' }"),
        ("openai-compatible", "google = { thinking_config = { include_thoughts = true } }"),
        ("openai-compatible", "extra_body = { google = { thinking_config = { thinking_budget = 0 } } }"),
        ("openai-compatible", "parallel_tool_calls = false, disable_search = true"),
        ("openai-compatible", "guided_json = { properties = { tools = {}, search = {}, n = {} } }"),
    ],
)
def test_known_fields_pass(loaded, provider, extra):
    assert loaded(f"extra = {{ {extra} }}", provider=provider).extra


@pytest.mark.parametrize(
    "extra",
    [
        "search_parameters = { mode = 'on' }",
        "search = true",
        "web_search = true",
        "webSearch = true",
        "enable_search = true",
        "enable-search = true",
        "google_search = {}",
        "google = { tools = [] }",
        "google = { cached_content = 'x' }",
        "google = { new_thing = 1 }",
        "extra_body = { google = { tools = [] } }",
        "extra_body = { model = 'x' }",
        "provider = { sort = 'price' }",
        "route = 'fallback'",
        "models = ['a']",
        "plugins = []",
        "transforms = []",
        "tool_config = {}",
        "toolChoice = 'auto'",
        "mcp_servers = []",
        "bestOf = 3",
        "num_predict = 9",
        "maxOutputTokens = 9",
        "reasoning = { max_tokens = 9 }",
        "serviceTier = 'flex'",
        "random_seed = 3",
        "usage = { include = true, more = 1 }",
    ],
)
@pytest.mark.parametrize("where", ["model", "sampling"])
def test_what_costs_more_or_is_not_known_is_refused(loaded, where, extra):
    with pytest.raises(InputError) as caught:
        loaded(**{where: f"extra = {{ {extra} }}"})
    name = extra.partition(" ")[0]
    assert f"extra.{name}" in caught.value.where


def test_an_unknown_field_is_refused_with_the_line_that_allows_it(loaded):
    with pytest.raises(InputError) as caught:
        loaded("extra = { new_field = 1 }")
    assert caught.value.where.endswith("models.m.extra.new_field")
    assert 'allow_extra = ["new_field"]' in caught.value.remedy
    line = 'allow_extra = ["new_field"]\n'
    assert loaded(line + "extra = { new_field = { tools = 1 } }").extra == {"new_field": {"tools": 1}}
    assert loaded("extra = { new_field = 1 }", line).extra == {"new_field": 1}  # stated in [sampling]
    with pytest.raises(InputError, match="did you mean reasoning_effort"):
        loaded("extra = { reasoning_efort = 'low' }")


@pytest.mark.parametrize(
    "name",
    ["tools", "search_parameters", "provider", "n", "max_tokens", "service_tier", "stream", "Route", "seed"],
)
def test_no_line_allows_what_is_refused(loaded, name):
    for extra in ("", f"extra = {{ {name} = 1 }}"):
        with pytest.raises(InputError):
            loaded(f'allow_extra = ["{name}"]\n{extra}')


@pytest.mark.parametrize("provider", ["openai", "anthropic"])
def test_a_vendor_takes_its_own_fields(loaded, provider):
    """In the model itself; what several models inherit some vendor must know."""
    with pytest.raises(InputError, match="not a known field of this vendor"):
        loaded("extra = { ignore_eos = true }", provider=provider)
    assert loaded("", "extra = { ignore_eos = true }", provider).extra == {"ignore_eos": True}


def test_the_lists_hold_together():
    assert all(known <= ANY_VENDOR for known in KNOWN.values())
    assert INSIDE.keys() <= ANY_VENDOR
    assert SCHEMAS <= ANY_VENDOR
