"""Anthropic's wire: what goes out byte for byte, what a reply says, and what it costs, through the real SDK."""

import json
from typing import Any

import pytest

from providers.errors import BadRequest, Lost, MayHaveCost, RateLimited, Stopped, TooManySamples
from providers.types import Message, Prompt, Request, Usage
from providers.wires.messages import parse_message, read_usage
from tests.loopback.vendor import Sample
from tests.providers.sdk.sdk_ends import KEY, ask, failing, four, talking


def thinking(prompt: str, index: int) -> Sample:
    return Sample(text="4", reasoning="two and two", reasoning_tokens=3)


def refusing(prompt: str, index: int) -> Sample:
    return Sample(text="", refusal="It asks for harm.")


def exceeding(prompt: str, index: int) -> Sample:
    return Sample(text="4", finish_reason="model_context_window_exceeded")


def words(prompt: str, index: int) -> str:
    return "word " * 50


def stopped(prompt: str, index: int) -> Sample:
    return Sample(text="4", finish_reason="stop_sequence")


def pausing(prompt: str, index: int) -> Sample:
    return Sample(text="4", finish_reason="pause_turn")


# ---- what goes out


async def test_only_what_is_stated_is_sent():
    async with talking("messages") as (vendor, provider):
        await provider.send(ask(model="claude-opus-5"))
        (seen,) = vendor.seen
    assert seen.path == "/v1/messages"
    assert seen.body == {
        "model": "claude-opus-5",
        "max_tokens": 100,
        "messages": [{"role": "user", "content": "What is 2+2?"}],
        "service_tier": "standard_only",
    }
    headers = {name.lower(): value for name, value in seen.headers.items()}
    assert headers["authorization"] == f"Bearer {KEY}"
    assert headers["anthropic-version"] == "2026-10-21"
    assert headers["x-stainless-retry-count"] == "0"
    assert headers["content-type"] == "application/json"
    assert "x-api-key" not in headers


async def test_a_gateway_is_sent_no_tier_of_its_own():
    async with talking("messages", provider={"own_host": False}) as (vendor, provider):
        await provider.send(ask())
        assert "service_tier" not in vendor.seen[0].body


async def test_tier_and_geography_go_out_as_stated():
    settings = {"service_tier": "auto", "inference_geo": "us"}
    async with talking("messages", provider=settings, inference_geo="us", service_tier="priority") as (
        vendor,
        provider,
    ):
        reply = await provider.send(ask())
        assert vendor.seen[0].body["service_tier"] == "auto"
        assert vendor.seen[0].body["inference_geo"] == "us"
    assert (reply.service_tier, reply.inference_geo, reply.speed) == ("priority", "us", "standard")


async def test_system_messages_and_stop_have_fields_of_their_own():
    async with talking("messages") as (vendor, provider):
        prompt = Prompt(
            messages=(
                Message("system", "Be brief."),
                Message("system", "Be right."),
                Message("user", "1+1?"),
                Message("assistant", "2"),
                Message("user", "2+2?"),
            )
        )
        for stop in ("\n\n", ["\n\n", "Q:"]):
            await provider.send(
                Request(
                    model="m",
                    prompt=prompt,
                    n=1,
                    max_tokens=9,
                    timeout_s=5,
                    problem="p",
                    params={"stop": stop},
                )
            )
        first, second = (seen.body for seen in vendor.seen)
    assert first["system"] == "Be brief.\n\nBe right."
    assert [message["role"] for message in first["messages"]] == ["user", "assistant", "user"]
    assert first["stop_sequences"] == ["\n\n"]
    assert second["stop_sequences"] == ["\n\n", "Q:"]
    assert "stop" not in first


async def test_a_raw_prompt_is_one_user_message():
    async with talking("messages") as (vendor, provider):
        await provider.send(
            Request(model="m", prompt=Prompt(text="Q: 2+2?"), n=1, max_tokens=9, timeout_s=5, problem="p")
        )
        assert vendor.seen[0].body["messages"] == [{"role": "user", "content": "Q: 2+2?"}]


@pytest.mark.parametrize(
    ("stated", "params", "sent"),
    [
        (None, {}, "2026-10-21"),
        (None, {"temperature": 0.6}, "2023-06-01"),
        (None, {"top_p": 0.9}, "2023-06-01"),
        (None, {"top_k": 40}, "2023-06-01"),
        (None, {"stop": "x"}, "2026-10-21"),
        ("2023-06-01", {}, "2023-06-01"),
    ],
)
async def test_the_version_goes_by_what_is_sent(stated, params, sent):
    async with talking("messages", provider={"api_version": stated}) as (vendor, provider):
        await provider.send(ask(params=params))
        assert vendor.seen[0].headers["anthropic-version"] == sent


async def test_sampling_parameters_under_the_new_version_stop_the_model_with_the_line_to_add():
    async with talking("messages", provider={"api_version": "2026-10-21"}) as (vendor, provider):
        error = await failing(provider, ask(params={"temperature": 1.0}))
    assert type(error) is Stopped
    assert error.outcome is MayHaveCost.FREE
    assert 'unset = ["temperature"]' in error.message
    assert "Extra inputs are not permitted" in error.message
    assert vendor.billed_pico == 0


async def test_a_model_that_refuses_sampling_parameters_stops_with_the_line_to_add():
    async with talking("messages") as (_, provider):
        error = await failing(provider, ask(model="claude-opus-4-7", params={"top_p": 0.5}))
    assert type(error) is Stopped
    assert 'unset = ["top_p"]' in error.message


async def test_extra_goes_out_as_it_is_but_bounds_stay():
    async with talking("messages") as (vendor, provider):
        await provider.send(
            ask(extra={"thinking": {"type": "enabled", "budget_tokens": 50}, "max_tokens": 10**6})
        )
        body = vendor.seen[0].body
    assert body["thinking"] == {"type": "enabled", "budget_tokens": 50}
    assert body["max_tokens"] == 100


async def test_long_replies_are_not_refused_by_the_sdk():
    """Above 21,333 tokens the SDK asks for streaming unless a time-out is given."""
    async with talking("messages") as (vendor, provider):
        reply = await provider.send(ask(max_tokens=64_000, timeout_s=30))
        assert vendor.seen[0].body["max_tokens"] == 64_000
    assert reply.usage is not None


async def test_more_than_one_sample_is_refused_before_it_is_sent():
    async with talking("messages") as (vendor, provider):
        error = await failing(provider, ask(2))
        assert type(error) is TooManySamples
        assert error.max_n == 1
        assert vendor.seen == []


# ---- what comes back


async def test_a_reply_is_what_the_vendor_made_and_billed():
    async with talking("messages", answer=four) as (vendor, provider):
        reply = await provider.send(ask())
    (bill,) = vendor.billed
    (choice,) = reply.choices
    assert (choice.index, choice.text, choice.finish_reason) == (0, "four", "stop")
    assert choice.output_tokens == bill.output_tokens == 1
    assert reply.usage == Usage(input=bill.input_tokens, output=1)
    assert reply.request_id == bill.request_id
    assert reply.model == "m"
    assert reply.rate_headers["anthropic-ratelimit-requests-remaining"] == "59999"
    assert vendor.billed_pico == bill.input_tokens * 3_000_000 + 15_000_000
    assert 0 < reply.latency_s < 5


async def test_input_is_all_input_and_cache_reads_and_writes_are_parts_of_it():
    shares: dict[str, Any] = {"cached_share": 0.5, "written_share": 0.125, "written_1h_share": 0.25}
    async with talking("messages", **shares) as (vendor, provider):
        reply = await provider.send(ask(prompt="x" * 3972))  # 993 tokens and 7 around them
    (bill,) = vendor.billed
    assert bill.input_tokens == 1000
    assert reply.usage == Usage(
        input=1000, output=bill.output_tokens, cached=500, cache_write=375, cache_write_1h=250
    )
    dollars = 125 * 3 + 500 * 0.3 + 125 * 3 * 1.25 + 250 * 3 * 2 + bill.output_tokens * 15
    assert vendor.billed_pico == round(dollars * 10**6)


@pytest.mark.parametrize(
    ("shown", "reasoning", "notes"),
    [
        ("text", "two and two", ()),
        ("redacted", None, ("some of the thinking is redacted",)),
        ("counted", None, ()),
    ],
)
async def test_thinking_is_kept_apart(shown, reasoning, notes):
    async with talking("messages", answer=thinking, thinking=shown) as (_, provider):
        reply = await provider.send(ask())
    (choice,) = reply.choices
    assert (choice.text, choice.reasoning, choice.reasoning_tokens) == ("4", reasoning, 3)
    assert reply.usage.reasoning == 3
    assert reply.notes == notes


@pytest.mark.parametrize(
    ("answer", "text", "reason"),
    [
        (four, "four", "stop"),
        (stopped, "4", "stop"),
        (exceeding, "4", "length"),
        (refusing, "", "refusal"),
        (pausing, "4", "pause_turn"),
    ],
)
async def test_stop_reasons_in_openais_words(answer, text, reason):
    async with talking("messages", answer=answer) as (_, provider):
        reply = await provider.send(ask())
    (choice,) = reply.choices
    assert (choice.text, choice.finish_reason) == (text, reason)


async def test_a_cut_off_reply_is_length():
    async with talking("messages", answer=words) as (vendor, provider):
        reply = await provider.send(ask(max_tokens=5))
    assert reply.choices[0].finish_reason == "length"
    assert reply.usage.output == vendor.billed[0].output_tokens <= 5


async def test_a_refusal_says_why():
    async with talking("messages", answer=refusing) as (_, provider):
        reply = await provider.send(ask())
    assert reply.notes == ("refused: It asks for harm.",)


async def test_a_reply_names_its_speed():
    async with talking("messages", speed="fast") as (_, provider):
        reply = await provider.send(ask())
    assert reply.speed == "fast"
    assert reply.usage is not None
    assert len(reply.choices) == 1


# ---- what it says when it refuses


async def test_no_credit_stops_the_model():
    from tests.loopback import faults

    async with talking("messages") as (vendor, provider):
        vendor.faults.append(faults.NO_CREDIT)
        error = await failing(provider)
    assert (type(error), error.status) == (Stopped, 400)
    assert "credit" in error.message


@pytest.mark.parametrize("code", ["enforced_spend_limit_reached", "contract_spend_limit_reached"])
def test_a_429_that_no_wait_mends_stops_the_model(code):
    """Anthropic's monthly limits come as a 429 that only error.details.error_code tells from the others."""
    from providers.reading.failures import failure_from_status

    body = {
        "type": "error",
        "error": {
            "type": "rate_limit_error",
            "message": "This organization has reached its limit.",
            "details": {"error_code": code},
        },
        "request_id": "req_1",
    }
    for given, kind in ((code, Stopped), ("ramp_limit_exceeded", RateLimited)):
        body["error"]["details"]["error_code"] = given  # type: ignore[index]
        error = failure_from_status(
            429, json.dumps(body).encode(), {}, own_host=True, free_5xx=False, what="anthropic"
        )
        assert type(error) is kind
        assert error.request_id == "req_1"


async def test_an_unknown_model_stops_and_a_long_prompt_fails_alone():
    async with talking("messages", models=("claude-sonnet-4-6",), context=50) as (_, provider):
        error = await failing(provider, ask(model="claude-nope"))
        assert type(error) is Stopped
        assert "claude-nope" in error.message
        error = await failing(provider, ask(model="claude-sonnet-4-6", prompt="x" * 999, max_tokens=1))
        assert type(error) is BadRequest
        assert "too long" in error.message


async def test_a_missing_field_is_said_by_the_vendor():
    """The loopback is as strict as the real one, so that the tests above prove something."""
    async with talking("messages") as (_, provider):
        empty = Request(model="m", prompt=Prompt(), n=1, max_tokens=9, timeout_s=5, problem="p")
        assert "at least one message" in (await failing(provider, empty)).message
        assert "Extra inputs" in (await failing(provider, ask(extra={"min_p": 0.1}))).message


# ---- reading a reply, without a server


def message(**more) -> bytes:
    usage = {"input_tokens": 5, "output_tokens": 2}
    content = [{"type": "text", "text": "4"}]
    return json.dumps(
        {"id": "msg_1", "content": content, "stop_reason": "end_turn", "usage": usage, **more}
    ).encode()


def parsed(body: bytes):
    return parse_message(body, latency_s=0.1, headers={"Request-Id": "req_9"})


def test_several_text_blocks_are_one_text_and_others_are_noted():
    content = [
        {"type": "text", "text": "a"},
        {"type": "tool_use", "name": "f", "input": {}},
        {"type": "text", "text": "b"},
        "noise",
    ]
    reply = parsed(message(content=content))
    assert reply.choices[0].text == "ab"
    assert reply.notes == ("left out of the text: a content block of type tool_use",)


def test_a_content_that_is_a_text_is_the_block_of_it():
    assert [choice.text for choice in parsed(message(content="4")).choices] == ["4"]


def test_an_empty_content_is_a_sample_and_no_content_is_none():
    assert parsed(message(content=[])).choices[0].text == ""
    reply = parsed(message(content=None))
    assert reply.choices == ()
    assert reply.usage == Usage(input=5, output=2)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"[]",
        b"null",
        b"{",
        b"<html>",
        json.dumps({"type": "error", "error": {"message": "overloaded"}}).encode(),
    ],
)
def test_what_is_no_reply_is_lost(body):
    with pytest.raises(Lost) as caught:
        parsed(body)
    assert caught.value.request_id == "req_9"


@pytest.mark.parametrize(
    ("usage", "expected"),
    [
        ({"input_tokens": 5, "output_tokens": 2}, Usage(input=5, output=2)),
        (
            {
                "input_tokens": 5,
                "output_tokens": 2,
                "cache_read_input_tokens": 7,
                "cache_creation_input_tokens": 11,
            },
            Usage(input=23, output=2, cached=7, cache_write=11),
        ),
        (
            {
                "input_tokens": 0,
                "output_tokens": 2,
                "cache_creation": {"ephemeral_5m_input_tokens": 3, "ephemeral_1h_input_tokens": 4},
            },
            Usage(input=7, output=2, cache_write=7, cache_write_1h=4),
        ),
        (
            {"input_tokens": 1, "output_tokens": 2, "output_tokens_details": {"thinking_tokens": 9}},
            Usage(input=1, output=2, reasoning=2),
        ),
        ({"input_tokens": 5}, None),
        ({"output_tokens": 5}, None),
        ({"input_tokens": -1, "output_tokens": 2}, None),
        ({"input_tokens": 5, "output_tokens": 2.5}, None),
        ({"input_tokens": True, "output_tokens": 2}, None),
        ({"input_tokens": 5, "output_tokens": 2, "cache_read_input_tokens": -3}, None),
        (
            {
                "input_tokens": 5,
                "output_tokens": 2,
                "cache_creation_input_tokens": 3,
                "cache_creation": {"ephemeral_1h_input_tokens": 4},
            },
            None,
        ),
        (None, None),
        ("5", None),
    ],
)
def test_usage(usage, expected):
    assert read_usage(usage) == expected
