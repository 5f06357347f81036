"""What users of vendors and gateways reported of replies and streams with status 200: their errors, ends and counts."""

from __future__ import annotations

import json
from typing import Any

import pytest

from providers.errors import BadRequest, Lost, MayHaveCost, ProviderError, RateLimited, Stopped
from providers.types import Usage
from providers.wires.chat import parse_chat
from providers.wires.chat_stream import ChatStream
from providers.wires.ends import finish_reason, is_broken_off
from providers.wires.error_event import meaning_of
from providers.wires.generate_content import as_chat
from providers.wires.openai_usage import read_usage

ERRORS = [
    # own words
    ({"status": "449", "msg": "You exceeded your current rate limit", "body": None}, RateLimited),
    # can1357/oh-my-pi#8476
    ({"code": "Throttling.RateQuota", "message": "Requests rate limit exceeded."}, RateLimited),
    # help.aliyun.com/model-studio/error-code
    ({"code": "Arrearage", "message": "Access denied: your account isn't in good standing."}, Stopped),
    # vllm-project/vllm#16831
    ({"object": "error", "message": "The model does not support Chat", "code": 400}, BadRequest),
    # zhukunpenglinyutong/jetbrains-cc-gui#897
    ({"code": 1302, "message": "您的账户已达到速率限制"}, RateLimited),
    # apache/rocketmq-dashboard#2178
    ({"error": {"message": "quota exceeded"}}, Stopped),
    # MiniMax-AI/MiniMax-M2.7#36
    (
        {"base_resp": {"status_code": 2056, "status_msg": "5-hour limit reached, retry in 60 s"}},
        RateLimited,
    ),
    # own words
    ({"detail": "Too Many Requests", "status": 429}, RateLimited),
    ({"code": 500, "msg": "404 NOT_FOUND", "success": False}, Lost),
    ({"success": False, "errors": [{"code": 3040, "message": "Capacity is exceeded"}]}, Lost),
]


@pytest.mark.parametrize(("body", "kind"), ERRORS)
def test_an_error_in_a_200_is_what_it_says_whole_or_streamed(body, kind):
    with pytest.raises(ProviderError) as found:
        parse_chat(json.dumps(body).encode(), latency_s=0, headers={}, n=1)
    assert isinstance(found.value, kind)
    assert found.value.outcome is MayHaveCost.UNKNOWN
    stream = ChatStream(1)
    with pytest.raises(Exception, match="an error in the stream") as broken:
        stream.take(json.dumps(body).encode())
    meant = meaning_of(broken.value, Lost("broken"))
    assert type(meant) is kind or (meant is None and kind is Lost)


@pytest.mark.parametrize(
    "chunk",
    [
        {"id": "", "model": "m", "choices": [], "code": 0, "message": ""},
        {"choices": [], "base_resp": {"status_code": 0, "status_msg": ""}},
        {"choices": [], "usage": {"prompt_tokens": 3, "completion_tokens": 1}, "code": 200, "msg": "ok"},
    ],
)
def test_a_chunk_that_says_all_is_well_is_no_error(chunk):
    ChatStream(1).take(json.dumps(chunk).encode())


@pytest.mark.parametrize(
    "reason",
    [
        "error",  # anomalyco/opencode#22448
        "ABORTED",
        "USER_CANCEL",
        "cancelled",
        "TIMEOUT",
        "timed-out",
        "network_error",
        "internal_server_error",
        "modelUnloaded",
        "failed",
        "service unavailable",
        "preempted",
    ],
)
def test_ends_that_are_the_servers_fault_are_no_sample(reason):
    assert is_broken_off({}, reason)


@pytest.mark.parametrize(
    "reason", ["length", "LENGTH", "max_tokens", "MAX_TOKENS", "model_length", "max-length"]
)
def test_a_reason_that_says_cut_off_is_length(reason):
    assert finish_reason(reason) == "length"


@pytest.mark.parametrize(
    "reason", ["content_filter", "SAFETY", "sensitive", "RECITATION", "guardrail_intervened"]
)
def test_a_reason_that_says_filtered_is_content_filter(reason):
    assert finish_reason(reason) == "content_filter"


@pytest.mark.parametrize("reason", ["stop", "eos_token", "end_turn", "COMPLETE", "tool_calls"])
def test_another_reason_stays_the_servers_own(reason):
    assert finish_reason(reason) == reason


@pytest.mark.parametrize(
    "reason",
    [
        "stop",
        "length",
        "content_filter",
        "sensitive",
        "tool_calls",
        "model_context_window_exceeded",
        "end_turn",
        "COMPLETE",
        "ERROR_TOXIC",
        "recitation",
        None,
    ],
)
def test_ends_of_the_models_own_are_samples(reason):
    assert not is_broken_off({}, reason)


@pytest.mark.parametrize(
    "usage",
    [
        {"num_cached_tokens": 80},  # vercel/ai#14382
        {"prompt_token_details": {"cached_tokens": 80}},  # vercel/ai#14891
        {"prompt_tokens_details": {"cached_tokens": 80}},  # symfony/ai#2343
        {"prompt_cache_hit_tokens": 80, "prompt_cache_miss_tokens": 20},  # mozilla-ai/any-llm#795
        {"prompt_tokens_details": None, "input_token_details": {"cache_read": 80}},
        {"cached_input_tokens": 80},  # jd-opensource/OxyGent#139
        {"prompt_tokens_details": {}, "input_tokens_details": {"cached_tokens": 80}},
    ],
)
def test_cached_tokens_under_each_vendors_name(usage):
    found = read_usage({"prompt_tokens": 100, "completion_tokens": 50, "total_tokens": 150, **usage})
    assert found == Usage(input=100, output=50, cached=80)


@pytest.mark.parametrize(
    "usage",
    [
        {"completion_tokens_details": {"thinking_tokens": 30}},
        {"output_token_details": {"reasoning_tokens": 30}},
        {"thinking_tokens": 30},
    ],
)
def test_reasoning_tokens_under_other_names(usage: dict[str, Any]):
    found = read_usage({"prompt_tokens": 100, "completion_tokens": 50, "total_tokens": 150, **usage})
    assert found == Usage(input=100, output=50, reasoning=30)


@pytest.mark.parametrize(
    ("counts", "output"),
    [
        ({"thoughtsTokenCount": 50}, None),
        ({}, None),
        ({"thoughtsTokenCount": 50, "totalTokenCount": 10}, None),
        ({"thoughtsTokenCount": 50, "totalTokenCount": 60}, 50),
        ({"thoughtsTokenCount": 50, "totalTokenCount": 90}, 80),
        ({"candidatesTokenCount": 5}, 5),
        ({"candidatesTokenCount": 5, "thoughtsTokenCount": 50}, 55),
        ({"candidatesTokenCount": 0, "thoughtsTokenCount": 50}, 50),
    ],
)
def test_geminis_thinking_alone_is_not_taken_for_all_its_output(counts, output):
    """Where neither the answer's count nor a total is there, the bill isn't known."""
    candidate = {"content": {"parts": [{"text": "The answer is 5"}]}, "finishReason": "STOP"}
    body = {"candidates": [candidate], "usageMetadata": {"promptTokenCount": 10, **counts}}
    found = read_usage(as_chat(body)["usage"])
    assert (found and found.output) == output


def test_a_total_without_the_reasoning_is_no_count_of_the_output():
    usage = {"prompt_tokens": 10, "total_tokens": 14, "completion_tokens_details": {"reasoning_tokens": 50}}
    assert read_usage(usage) is None
    assert read_usage(usage | {"total_tokens": 64}) == Usage(input=10, output=54, reasoning=50)
