"""What is known to be refused before anything is sent."""

import pytest

from providers.known_refusals import claude_version, known_refusals


@pytest.mark.parametrize(
    ("model", "version"),
    [
        ("claude-opus-4-7", (4, 7)),
        ("claude-opus-4-20250514", (4, 0)),
        ("claude-opus-4-1-20250805", (4, 1)),
        ("claude-sonnet-4-5-20250929", (4, 5)),
        ("anthropic/claude-opus-4.8", (4, 8)),
        ("us.anthropic.claude-opus-4-7-v1:0", (4, 7)),
        ("claude-fable-5", (5, 0)),
        ("claude-haiku-5-5", (5, 5)),
        ("claude-sonnet-5-20260630", (5, 0)),
        ("claude-mythos-preview", (5, 0)),
        ("claude-3-5-sonnet-20240620", (3, 5)),
        ("claude-3-opus-20240229", (3, 0)),
        ("claude-2.1", None),
        ("my-own-model", None),
    ],
)
def test_claude_versions(model, version):
    assert claude_version(model) == version


# Anthropic's own list of models that refuse them on every request, and the last ones that take them.
REFUSE = """claude-fable-5-2 claude-mythos-5-2 claude-fable-5-1 claude-mythos-5-1 claude-fable-5 claude-mythos-5
claude-mythos-preview claude-opus-5-5 claude-opus-5 claude-opus-4-8 claude-opus-4-7 claude-sonnet-5-5 claude-sonnet-5
claude-haiku-5-5"""
TAKE = """claude-opus-4-6 claude-sonnet-4-6 claude-haiku-4-5-20251001 claude-opus-4-5 claude-sonnet-4-5
claude-opus-4-20250514 claude-3-5-sonnet-20240620 claude-3-haiku-20240307"""


@pytest.mark.parametrize("model", REFUSE.split())
@pytest.mark.parametrize("name", ["temperature", "top_p", "top_k"])
@pytest.mark.parametrize("version", [None, "2023-06-01", "2026-10-21"])
def test_newer_claude_models_refuse_sampling_under_every_version(model, name, version):
    ((key, message),) = known_refusals("anthropic", model, "chat", {name: 1, "stop": "x"}, version)
    assert key == name
    assert message == f'{model} refuses {name} under every API version: add unset = ["{name}"] to this model'


@pytest.mark.parametrize("model", TAKE.split())
@pytest.mark.parametrize("name", ["temperature", "top_p", "top_k"])
def test_older_claude_models_take_them_unless_the_version_is_stated(model, name):
    assert known_refusals("anthropic", model, "chat", {name: 0.5}, None) == []
    assert known_refusals("anthropic", model, "chat", {name: 0.5}, "2023-06-01") == []
    for version in ("2026-10-21", "2027-01-01"):
        ((key, message),) = known_refusals("anthropic", model, "chat", {name: 0.5}, version)
        assert key == name
        assert f'unset = ["{name}"]' in message
        assert version in message


def test_one_line_names_all_that_must_go():
    found = known_refusals("anthropic", "claude-opus-5", "chat", {"top_p": 1, "temperature": 1}, None)
    assert [key for key, _ in found] == ["temperature", "top_p"]
    (message,) = {message for _, message in found}
    assert message.startswith("claude-opus-5 refuses temperature and top_p under every API version: ")
    assert message.endswith('add unset = ["temperature", "top_p"] to this model')


@pytest.mark.parametrize(
    ("model", "refused"),
    [("claude-sonnet-4-5", True), ("claude-opus-4-1", True), ("claude-sonnet-4-20250514", False)],
)
def test_from_claude_4_1_on_only_one_of_temperature_and_top_p(model, refused):
    found = known_refusals("anthropic", model, "chat", {"temperature": 1, "top_p": 0.9}, None)
    assert [key for key, _ in found] == (["top_p"] if refused else [])


@pytest.mark.parametrize(
    "model",
    [
        "o1",
        "o1-2024-12-17",
        "o3",
        "o3-mini",
        "o3-2025-04-16",
        "o4-mini",
        "o4-mini-2025-04-16",
        "gpt-5",
        "gpt-5-mini",
        "gpt-5-nano-2025-08-07",
        "gpt-5-pro",
        "ft:o4-mini-2025-04-16:acme::1",
    ],
)
@pytest.mark.parametrize("api", ["chat", "responses"])
def test_openais_reasoning_models_take_the_default_alone(model, api):
    ((key, message),) = known_refusals("openai", model, api, {"temperature": 0.6}, None)
    assert key == "temperature"
    assert 'unset = ["temperature"]' in message
    assert [key for key, _ in known_refusals("openai", model, api, {"top_p": 0.9}, None)] == ["top_p"]
    assert known_refusals("openai", model, api, {"temperature": 1, "top_p": 1.0}, None) == []


@pytest.mark.parametrize(
    "model",
    [
        "gpt-4o-2024-05-13",
        "gpt-4.1-mini",
        "gpt-3.5-turbo",
        "gpt-5-chat-latest",
        "gpt-5.1",  # takes them where reasoning_effort is none, its default
        "gpt-5.2-2025-12-11",
        "gpt-5.4-mini",
        "octopus-o1x",
        "chatgpt-4o-latest",
    ],
)
def test_what_may_take_them_is_left_to_the_vendor(model):
    assert (
        known_refusals("openai", model, "chat", {"temperature": 0.6, "top_p": 0.9, "stop": "x"}, None) == []
    )


def test_stop():
    assert [k for k, _ in known_refusals("openai", "o3", "chat", {"stop": "x"}, None)] == ["stop"]
    assert [k for k, _ in known_refusals("openai", "o4-mini", "chat", {"stop": "x"}, None)] == ["stop"]
    assert known_refusals("openai", "o3-mini", "chat", {"stop": "x"}, None) == []
    ((key, message),) = known_refusals("openai", "gpt-4o", "responses", {"stop": "x", "top_p": 0.5}, None)
    assert key == "stop"
    assert message == 'the responses api has no stop: add unset = ["stop"] to this model'


def test_each_key_is_named_once():
    params = {"stop": "x", "presence_penalty": 1, "temperature": 0.5}
    found = known_refusals("openai", "o3", "responses", params, None)
    assert [key for key, _ in found] == ["stop", "presence_penalty", "temperature"]


@pytest.mark.parametrize("provider", ["vllm", "openai-compatible", "replay"])
def test_nothing_is_known_of_other_servers(provider):
    params = {"temperature": 0.5, "top_p": 0.5, "stop": "x"}
    for model in ("o3", "claude-opus-5"):
        assert known_refusals(provider, model, "chat", params, "2026-10-21") == []
