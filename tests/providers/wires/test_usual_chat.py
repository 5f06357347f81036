"""The quick way through a usual reply reads what the lenient parser reads, and leaves all others to it."""

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from providers.errors import ProviderError
from providers.wires.chat import parse_chat
from providers.wires.usual_chat import usual_reply


def both(body: dict[str, Any], n: int) -> tuple[Any, Any]:
    """What is read of the reply, and of the same one with a count that says nothing, which the lenient parser reads."""
    read: list[Any] = []
    for usage in (body["usage"], {**body["usage"], "unknown": None}):
        raw = json.dumps({**body, "usage": usage}).encode()
        try:
            read.append(parse_chat(raw, latency_s=0.5, headers={"X-Request-Id": "r"}, n=n))
        except ProviderError as error:
            read.append(type(error))
    return read[0], read[1]


TEXTS = st.sampled_from(["4", "", "½ \ud800", "x" * 90, None, 5, [{"type": "text", "text": "parts"}]])
COUNTS = st.sampled_from([0, 1, 12, 20, 32, -1, 1 << 41, 12.0, "12", None, True, 1.5])
MESSAGES = st.fixed_dictionaries(
    {"role": st.just("assistant"), "content": TEXTS},
    optional={
        "reasoning_content": TEXTS,
        "reasoning": TEXTS,
        "refusal": st.sampled_from([None, "", "no"]),
        "tool_calls": st.just([]),
    },
)
CHOICES = st.fixed_dictionaries(
    {"message": MESSAGES},
    optional={
        "index": st.sampled_from([0, 1, 2, True, None, "0"]),
        "finish_reason": st.sampled_from(["stop", "length", "abort", "null", "", None, 3]),
        "error": st.sampled_from([None, {}, "broke"]),
        "token_ids": st.sampled_from([None, [], [5], [5, 6], ["5,6"], [[1, 2]]]),
    },
)
USAGES = st.fixed_dictionaries(
    {"prompt_tokens": COUNTS, "completion_tokens": COUNTS},
    optional={
        "total_tokens": COUNTS,
        "prompt_tokens_details": st.sampled_from([None, {"cached_tokens": 3}]),
        "completion_tokens_details": st.sampled_from([None, {"reasoning_tokens": 3}]),
        "input_tokens": COUNTS,
        "cost": st.sampled_from([None, 0.25]),
    },
)
BODIES = st.fixed_dictionaries(
    {"choices": st.lists(CHOICES, max_size=3), "usage": USAGES},
    optional={
        "id": st.sampled_from(["a", None, 3]),
        "model": st.sampled_from(["m", "\ud800", None]),
        "service_tier": st.sampled_from(["flex", None]),
        "system_fingerprint": st.just("fp"),
        "error": st.sampled_from([None, {"message": "broke"}]),
    },
)


@settings(max_examples=150, deadline=None)
@given(BODIES, st.integers(1, 3))
def test_it_reads_what_the_lenient_parser_reads(body, n):
    quick, lenient = both(body, n)
    assert quick == lenient


def usual(**more: Any) -> dict[str, Any]:
    choices = [
        {
            "index": i,
            "message": {"role": "assistant", "content": f"answer {i}", "refusal": None},
            "finish_reason": "stop",
            "token_ids": [1] * (5 + i),
        }
        for i in range(2)
    ]
    usage = {"prompt_tokens": 20, "completion_tokens": 11, "total_tokens": 31, "prompt_tokens_details": None}
    return {"id": "a", "model": "m", "choices": choices, "usage": usage, **more}


def test_usual_replies_go_through_it():
    body = json.dumps(usual()).encode()
    read = usual_reply(body, latency_s=0.5, headers={}, n=2)
    assert read is not None
    assert [one.output_tokens for one in read.choices] == [5, 6]
    quick, lenient = both(usual(), 2)
    assert quick == lenient


@pytest.mark.parametrize("name", ["cost", "input_tokens", "cache_read_input_tokens", "anything_new"])
def test_a_usage_that_says_more_is_left_to_the_lenient_parser(name):
    body = usual()
    body["usage"] = {**body["usage"], name: 1}
    assert usual_reply(json.dumps(body).encode(), latency_s=0.5, headers={}, n=2) is None
