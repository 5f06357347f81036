"""Replies in the shape of another API than the one that was asked."""

from __future__ import annotations

import json
from functools import partial
from typing import Any

import pytest

from providers.errors import Stopped
from providers.wires.chat import parse_chat, parse_completions
from providers.wires.messages import parse_message
from providers.wires.responses import parse_response

WIRES: dict[str, Any] = {
    "chat": partial(parse_chat, n=1),
    "completions": partial(parse_completions, n=1),
    "messages": parse_message,
    "responses": parse_response,
}
COUNTS = {"input_tokens": 20, "output_tokens": 10}
CHAT = {
    "object": "chat.completion",
    "choices": [{"index": 0, "message": {"content": "5"}, "finish_reason": "stop"}],
    "usage": {"prompt_tokens": 20, "completion_tokens": 10},
}
MESSAGE = {"type": "message", "content": [{"type": "text", "text": "5"}], "usage": COUNTS}
RESPONSE = {
    "object": "response",
    "status": "completed",
    "output": [{"type": "message", "content": [{"type": "output_text", "text": "5"}]}],
    "usage": COUNTS,
}
OLLAMA = {"message": {"content": "5"}, "done": True, "prompt_eval_count": 20, "eval_count": 10}
CONVERSE = {
    "output": {"message": {"content": [{"text": "5"}]}},
    "stopReason": "end_turn",
    "usage": {"inputTokens": 20, "outputTokens": 10},
}
COHERE = {"message": {"content": [{"text": "5"}]}, "finish_reason": "COMPLETE", "usage": {"tokens": COUNTS}}
EMBEDDINGS = {"object": "list", "data": [{"object": "embedding", "embedding": [0.1]}], "usage": COUNTS}


def parsed(wire: str, body: dict[str, Any]):
    return WIRES[wire](json.dumps(body).encode(), latency_s=0, headers={})


@pytest.mark.parametrize(
    ("wire", "body", "says"),
    [
        ("chat", MESSAGE, "Anthropic's Messages API in place of OpenAI's: use provider = \"anthropic\""),
        ("completions", MESSAGE, "Anthropic's Messages API"),
        ("responses", MESSAGE, "Anthropic's Messages API in place of OpenAI's Responses API"),
        ("chat", RESPONSE, 'Responses API in place of OpenAI\'s: use provider = "openai" with api = "res'),
        ("messages", RESPONSE, "Responses API in place of Anthropic's"),
        ("messages", CHAT, 'in place of Anthropic\'s: use provider = "openai-compatible"'),
        ("responses", CHAT, 'in place of OpenAI\'s Responses API: use api = "chat"'),
        ("chat", {**OLLAMA, "usage": CHAT["usage"]}, "Ollama's own API"),
        ("chat", EMBEDDINGS, "an embeddings API"),
    ],
)
def test_one_that_tells_its_usage_is_billed_and_named(wire, body, says):
    reply = parsed(wire, body)
    assert says in (reply.of_another_api or "")
    assert (reply.usage.input, reply.usage.output) == (20, 10)
    assert reply.choices == ()


@pytest.mark.parametrize(
    ("wire", "body", "says"),
    [
        ("chat", OLLAMA, "Ollama's own API"),
        ("messages", OLLAMA, "Ollama's own API in place of Anthropic's"),
        ("chat", CONVERSE, "Bedrock's Converse API"),
        ("chat", COHERE, "Cohere's own API"),
    ],
)
def test_one_whose_usage_is_not_readable_may_have_been_billed(wire, body, says):
    with pytest.raises(Stopped, match=says):
        parsed(wire, body)


@pytest.mark.parametrize(("wire", "body"), [("chat", CHAT), ("messages", MESSAGE), ("responses", RESPONSE)])
def test_what_was_asked_is_none_of_them(wire, body):
    reply = parsed(wire, body)
    assert reply.of_another_api is None
    assert [choice.text for choice in reply.choices] == ["5"]


def test_no_choices_alone_name_no_api():
    assert parsed("chat", {**CHAT, "choices": []}).of_another_api is None
