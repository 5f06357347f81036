"""What goes out on OpenAI's wire and what is read from a reply, however odd the reply."""

import json
import math
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from providers.errors import Lost
from providers.types import Message, Prompt, Request, Usage
from providers.wires.chat import chat_payload, completions_payload, parse_chat, parse_completions

ASK = Prompt(messages=(Message("system", "Be brief."), Message("user", "2+2?")))


def request(n=1, prompt=ASK, **more):
    return Request(model="m", prompt=prompt, n=n, max_tokens=50, timeout_s=10, problem="p", **more)


def usage(**more):
    return {"prompt_tokens": 20, "completion_tokens": 12, "total_tokens": 32, **more}


def choice(index: Any = 0, content: Any = "4", **more: Any) -> dict[str, Any]:
    message = {"role": "assistant", "content": content, **more.pop("message", {})}
    return {"index": index, "message": message, "finish_reason": "stop", **more}


def chat(choices=None, n=1, headers=None, **more):
    body = {"id": "chatcmpl-1", "model": "m-2026", "choices": [choice()] if choices is None else choices}
    body = {**body, "usage": usage(), **more}
    return parse_chat(json.dumps(body).encode(), latency_s=1.5, headers=headers or {}, n=n)


# ---- what goes out


def test_chat_sends_what_is_stated_and_nothing_else():
    assert chat_payload(request(), max_tokens_key="max_tokens") == {
        "model": "m",
        "messages": [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "2+2?"}],
        "max_tokens": 50,
    }


def test_parameters_and_extra_go_as_they_are_and_never_override_what_bounds_the_cost():
    asked = request(
        n=3,
        params={"temperature": 0.6, "stop": ["\n"]},
        extra={"reasoning_effort": "low", "n": 99, "max_tokens": 9},
    )
    payload = chat_payload(asked, max_tokens_key="max_completion_tokens")
    assert payload["n"] == 3
    assert payload["max_completion_tokens"] == 50
    assert payload["temperature"] == 0.6
    assert payload["stop"] == ["\n"]
    assert payload["reasoning_effort"] == "low"


def test_completions_send_raw_text():
    payload = completions_payload(request(prompt=Prompt(text="Q: 2+2?\nA:"), n=2))
    assert payload == {"model": "m", "prompt": "Q: 2+2?\nA:", "max_tokens": 50, "n": 2}


def test_a_prompt_of_the_other_wire_is_sent_whole():
    assert chat_payload(request(prompt=Prompt(text="Q")), max_tokens_key="max_tokens")["messages"] == [
        {"role": "user", "content": "Q"}
    ]
    assert completions_payload(request())["prompt"] == "Be brief.\n\n2+2?"


# ---- a whole reply


def test_a_reply_is_read():
    reply = chat(
        headers={"X-Request-Id": "req_7", "X-RateLimit-Remaining-Requests": "3", "Server": "x"},
        service_tier="default",
        system_fingerprint="fp_1",
    )
    (one,) = reply.choices
    assert (one.index, one.text, one.finish_reason, one.output_tokens) == (0, "4", "stop", 12)
    assert reply.usage == Usage(input=20, output=12)
    assert (reply.model, reply.request_id, reply.service_tier) == ("m-2026", "req_7", "default")
    assert (reply.server_version, reply.latency_s) == ("fp_1", 1.5)
    assert reply.rate_headers == {"x-ratelimit-remaining-requests": "3"}
    assert reply.notes == ()


def test_the_bodys_id_stands_in_for_the_header():
    assert chat().request_id == "chatcmpl-1"


def test_completions_are_read():
    body = {"choices": [{"index": 0, "text": " 4", "finish_reason": "length"}], "usage": usage()}
    reply = parse_completions(json.dumps(body).encode(), latency_s=0, headers={}, n=1)
    assert [(c.text, c.finish_reason, c.output_tokens) for c in reply.choices] == [(" 4", "length", 12)]


# ---- texts


@pytest.mark.parametrize("name", ["reasoning_content", "reasoning"])
def test_reasoning_is_kept_apart_under_either_name(name):
    (one,) = chat([choice(message={name: "2 and 2"})]).choices
    assert (one.text, one.reasoning) == ("4", "2 and 2")


def test_think_tags_in_the_content_are_the_models_text():
    (one,) = chat([choice(content="<think>hm</think>4")]).choices
    assert (one.text, one.reasoning) == ("<think>hm</think>4", None)


def test_a_refusal_says_so():
    (one,) = chat([choice(content=None, message={"refusal": "I can't."})]).choices
    assert (one.text, one.finish_reason) == ("I can't.", "refusal")


def test_typed_content_parts_are_joined():
    parts = [
        {"type": "thinking", "thinking": [{"type": "text", "text": "hm"}]},
        {"type": "text", "text": "4"},
        {"type": "image_url"},
        "x",
    ]
    (one,) = chat([choice(content=parts)]).choices
    assert (one.text, one.reasoning) == ("4x", "hm")


@pytest.mark.parametrize("content", [None, {}, [], [None], ""])
def test_content_that_holds_nothing_is_empty(content):
    assert chat([choice(content=content)]).choices[0].text == ""


@pytest.mark.parametrize(
    ("content", "text"),
    [
        (7, "7"),
        (2.50, "2.5"),
        (-1e-7, "-1E-7"),
        (True, "true"),
        ({"answer": 7, "unit": "€"}, '{"answer": 7, "unit": "€"}'),
        ({"type": "text", "text": "7"}, "7"),
        ({"text": "7"}, "7"),
        (["The answer ", "is 7"], "The answer is 7"),
        ([{"type": "text", "text": 7}], "7"),
    ],
)
def test_content_that_is_no_text_is_what_it_says(content, text):
    assert chat([choice(content=content)]).choices[0].text == text


def test_a_message_on_the_completions_wire_is_read():
    body = {"choices": [choice(content="7")], "usage": usage()}
    (one,) = parse_completions(json.dumps(body).encode(), latency_s=0.0, headers={}, n=1).choices
    assert (one.text, one.finish_reason) == ("7", "stop")


def test_a_wrapped_reply_is_unwrapped_whatever_the_wrapper_is_called():
    inner = {"choices": [choice(content="7")], "usage": {"prompt_tokens": 20, "completion_tokens": 10}}
    for name in ("data", "result"):
        body = json.dumps({"success": True, name: inner}).encode()
        reply = parse_chat(body, latency_s=0.0, headers={}, n=1)
        assert [one.text for one in reply.choices] == ["7"]
        assert reply.usage is not None
        assert (reply.usage.input, reply.usage.output) == (20, 10)


def test_a_lone_surrogate_becomes_the_replacement_character():
    body = b'{"choices": [{"index": 0, "message": {"content": "a\\ud800b"}}], "usage": null}'
    assert parse_chat(body, latency_s=0, headers={}, n=1).choices[0].text == "a\ufffdb"


def test_bytes_that_are_no_utf8_and_nan_do_not_lose_a_paid_reply():
    body = b'{"choices": [{"index": 0, "logprobs": NaN, "message": {"content": "a\xff4"}}], "usage": {}}'
    assert parse_chat(body, latency_s=0, headers={}, n=1).choices[0].text == "a\ufffd4"


# ---- usage, and what a reply says it cost


@pytest.mark.parametrize(
    ("given", "read"),
    [
        (usage(), Usage(input=20, output=12)),
        (usage(prompt_tokens=20.0), Usage(input=20, output=12)),
        (usage(prompt_tokens_details=None, completion_tokens_details=None), Usage(input=20, output=12)),
        (usage(prompt_tokens_details={"cached_tokens": 8}), Usage(input=20, output=12, cached=8)),
        (usage(prompt_tokens_details={"cached_tokens": None}), Usage(input=20, output=12)),
        (usage(completion_tokens_details={"reasoning_tokens": 9}), Usage(input=20, output=12, reasoning=9)),
        (usage(prompt_cache_hit_tokens=6, prompt_cache_miss_tokens=14), Usage(input=20, output=12, cached=6)),
        (usage(cached_tokens=5), Usage(input=20, output=12, cached=5)),
        (
            usage(prompt_tokens_details={"cached_tokens": 3, "cache_write_tokens": 10}),
            Usage(input=20, output=12, cached=3, cache_write=10),
        ),
        # xAI: reasoning is beside completion_tokens, and only the total holds both
        (
            usage(total_tokens=132, completion_tokens_details={"reasoning_tokens": 100}),
            Usage(input=20, output=112, reasoning=100),
        ),
        (usage(completion_tokens=0, total_tokens=20), Usage(input=20, output=0)),
        # no completion_tokens: the total tells them
        (usage(completion_tokens=None), Usage(input=20, output=12)),
        ({"prompt_tokens": 20, "total_tokens": 80}, Usage(input=20, output=60)),
        # reasoning above the output: a wrong split where the sum is right, else not counted
        (usage(completion_tokens_details={"reasoning_tokens": 13}), Usage(input=20, output=12, reasoning=12)),
        (usage(reasoning_tokens=99), Usage(input=20, output=12, reasoning=12)),
        (usage(total_tokens=None, reasoning_tokens=99), Usage(input=20, output=111, reasoning=99)),
        (usage(total_tokens=0, reasoning_tokens=99), Usage(input=20, output=111, reasoning=99)),
        (usage(total_tokens=50, reasoning_tokens=99), Usage(input=20, output=111, reasoning=99)),
        (usage(total_tokens=None, reasoning_tokens=12), Usage(input=20, output=12, reasoning=12)),
        # other names, and zeros in the names that a gateway does not know
        (usage(num_cached_tokens=7), Usage(input=20, output=12, cached=7)),
        (usage(cache_read_input_tokens=7), Usage(input=20, output=12, cached=7)),
        (
            usage(prompt_tokens_details={"cached_tokens": 0}, prompt_cache_hit_tokens=6),
            Usage(input=20, output=12, cached=6),
        ),
        (
            usage(cache_creation_input_tokens=8, prompt_tokens_details={"cache_write_tokens": 0}),
            Usage(input=20, output=12, cache_write=8),
        ),
        (
            usage(prompt_tokens_details={"cache_creation_tokens": 8}),
            Usage(input=20, output=12, cache_write=8),
        ),
        (
            usage(cache_creation_input_tokens=8, cache_creation={"ephemeral_1h_input_tokens": 5}),
            Usage(input=20, output=12, cache_write=8, cache_write_1h=5),
        ),
        ({"input_tokens": 20, "output_tokens": 12}, Usage(input=20, output=12)),
        # input without its cached part, as the total shows; more expensive where it may as well be reasoning
        (
            usage(total_tokens=1032, cache_read_input_tokens=900, cache_creation_input_tokens=100),
            Usage(input=1020, output=12, cached=900, cache_write=100),
        ),
        (
            usage(total_tokens=42, cached_tokens=10, reasoning_tokens=10),
            Usage(input=20, output=22, cached=10, reasoning=10),
        ),
    ],
)
def test_usage_is_normalised(given, read):
    assert chat(usage=given).usage == read


@pytest.mark.parametrize(
    "given",
    [
        None,
        {},
        [],
        "many",
        usage(prompt_tokens=None),
        {"prompt_tokens": 20},
        {"completion_tokens": 12, "total_tokens": 32},
        {"prompt_tokens": 20, "total_tokens": 19},
        usage(completion_tokens=-5),
        usage(prompt_tokens=True),
        usage(prompt_tokens=12.5),
        usage(prompt_tokens="20 tokens"),
        usage(prompt_tokens="-20"),
        usage(prompt_tokens=10**15),
        usage(prompt_tokens=10**300),
        usage(prompt_tokens=math.inf),
        usage(prompt_tokens_details={"cached_tokens": 21}),
        usage(prompt_tokens_details={"cached_tokens": 11, "cache_write_tokens": 10}),
        usage(prompt_tokens_details={"cached_tokens": -1}),
        usage(completion_tokens_details={"reasoning_tokens": 0.5}),
        usage(total_tokens=-1),
    ],
)
def test_usage_that_is_nonsense_is_none_and_the_samples_stay(given):
    reply = chat(usage=given)
    assert reply.usage is None
    assert [c.text for c in reply.choices] == ["4"]
    assert reply.choices[0].output_tokens is None


# ---- choices


def numbered(*indices):
    return [choice(index, content=f"t{position}") for position, index in enumerate(indices)]


@pytest.mark.parametrize(
    ("indices", "n", "placed", "noted"),
    [
        ((0, 1, 2), 3, [(0, "t0"), (1, "t1"), (2, "t2")], 0),
        ((2, 0, 1), 3, [(0, "t1"), (1, "t2"), (2, "t0")], 0),
        ((0, 0, 1), 2, [(0, "t0"), (1, "t1")], 1),
        ((0, 0), 2, [(0, "t0"), (1, "t1")], 0),
        ((0, 0, 0, 0), 4, [(0, "t0"), (1, "t1"), (2, "t2"), (3, "t3")], 0),
        ((0, 0, 0), 2, [(0, "t0"), (1, "t1")], 1),
        ((1, 1, 0), 4, [(0, "t0"), (1, "t1"), (2, "t2")], 0),
        ((7, 7), 2, [(0, "t0"), (1, "t1")], 0),
        ((1, 2, 3), 3, [(0, "t2"), (1, "t0"), (2, "t1")], 0),
        ((-1, 99), 2, [(0, "t0"), (1, "t1")], 0),
        ((None, "0", True, 1.5), 4, [(0, "t0"), (1, "t1"), (2, "t2"), (3, "t3")], 0),
        ((0, 1, 2), 2, [(0, "t0"), (1, "t1")], 1),
        ((2, 1, 0), 2, [(0, "t2"), (1, "t1")], 1),
        ((1,), 3, [(1, "t0")], 0),
        ((), 3, [], 0),
    ],
)
def test_no_sample_is_doubled_or_lost(indices, n, placed, noted):
    reply = chat(numbered(*indices), n=n)
    assert [(c.index, c.text) for c in reply.choices] == placed
    assert len(reply.notes) == noted


def test_equal_texts_under_one_index_are_samples_of_their_own():
    """Sampling repeats itself: 8 choices of index 0 with two texts are 8 samples."""
    given = [choice(0, content=text) for text in "abababab"]
    assert [c.text for c in chat(given, n=8).choices] == list("abababab")
    # of one too many, that which repeats another is dropped rather than another text
    (first, second, third) = (choice(index, content=f"t{index}") for index in range(3))
    reply = chat([first, first, second, third], n=3)
    assert [c.text for c in reply.choices] == ["t0", "t1", "t2"]
    assert reply.notes == ("dropped from the reply, as more than was asked for: 1",)


@pytest.mark.parametrize("choices", [None, {}, "x", 7, [None, 3, "x", []]])
def test_choices_of_strange_types_are_no_choices(choices):
    body = {"choices": choices, "usage": usage()}
    reply = parse_chat(json.dumps(body).encode(), latency_s=0, headers={}, n=2)
    assert reply.choices == ()
    assert reply.usage == Usage(input=20, output=12)


def with_ids(*lengths):
    return [choice(i, token_ids=list(range(length))) for i, length in enumerate(lengths)]


@pytest.mark.parametrize(
    ("choices", "n", "tokens"),
    [
        (with_ids(5, 7), 2, [5, 7]),
        (with_ids(5, 6), 2, [None, None]),  # they don't sum to the usage
        (with_ids(4, 4, 4), 2, [4, 4]),  # a surplus choice was billed too
        ([*with_ids(5, 7), *with_ids(5)], 2, [5, 7]),  # a duplicate was not
        ([choice(0, token_ids=[1] * 12), choice(1, token_ids=None)], 2, [None, None]),
        ([choice(0), choice(1)], 2, [None, None]),
        ([choice(0)], 1, [12]),
        ([choice(0)], 2, [None]),  # the usage may be of two
        ([choice(0), choice(1)], 1, [None]),
    ],
)
def test_a_samples_own_tokens_are_told_only_where_they_are_sure(choices, n, tokens):
    assert [c.output_tokens for c in chat(choices, n=n).choices] == tokens


def test_reasoning_tokens_belong_to_the_only_sample():
    told = usage(completion_tokens_details={"reasoning_tokens": 9})
    assert chat(usage=told).choices[0].reasoning_tokens == 9
    assert chat(numbered(0, 1), n=2, usage=told).choices[0].reasoning_tokens is None


# ---- no reply at all


@pytest.mark.parametrize(
    "body",
    [b"", b"[]", b"7", b"null", b'"x"', b"{", b'{"choices": [', b"<html>", b"\xff\xfe", b"[" * 100_000],
)
def test_a_body_that_is_no_object_is_lost(body):
    with pytest.raises(Lost) as caught:
        parse_chat(body, latency_s=0, headers={"x-request-id": "r"}, n=1)
    assert caught.value.request_id == "r"
    assert "\n" not in caught.value.message


def test_an_error_in_a_200_is_lost_and_says_what_it_says():
    with pytest.raises(Lost, match="upstream died"):
        chat([], usage=None, error={"message": "upstream died", "code": 502})


def test_an_error_beside_samples_keeps_them():
    assert len(chat(error={"message": "late"}).choices) == 1


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=12,
)
FIELDS = ["id", "model", "choices", "usage", "error", "service_tier", "system_fingerprint"]
CHOICE = st.fixed_dictionaries(
    {}, optional={"index": JSON, "message": JSON, "token_ids": JSON, "finish_reason": JSON, "text": JSON}
)


@settings(max_examples=200, deadline=None)
@given(
    st.dictionaries(st.sampled_from(FIELDS), JSON, max_size=5),
    st.lists(CHOICE | JSON, max_size=5),
    st.integers(1, 4),
    st.sampled_from([parse_chat, parse_completions]),
)
def test_no_json_object_crashes_the_reader(fields, choices, n, parse):
    body = json.dumps({**fields, "choices": choices}).encode()
    try:
        reply = parse(body, latency_s=0, headers={}, n=n)
    except Lost:
        return
    indices = [c.index for c in reply.choices]
    assert indices == sorted(set(indices))
    assert all(0 <= index < n for index in indices)
    for text in (c.text for c in reply.choices):
        text.encode()
