"""OpenAI's two wires: what goes out byte for byte, what a reply says, and what it costs, through the real SDK."""

import json

import pytest

from providers.errors import Lost, MayHaveCost, Stopped, TooManySamples
from providers.types import Prompt, Request, Usage
from providers.wires.responses import parse_response, read_usage
from tests.loopback.vendor import Sample
from tests.providers.sdk.sdk_ends import KEY, ask, failing, four, talking


def thinking(prompt: str, index: int) -> Sample:
    return Sample(text="4", reasoning="two and two", reasoning_tokens=3)


def refusing(prompt: str, index: int) -> Sample:
    return Sample(text="", refusal="I can't help with that.")


def ending(reason: str):
    def answer(prompt: str, index: int) -> Sample:
        return Sample(text="4", finish_reason=reason)

    return answer


def numbered(prompt: str, index: int) -> str:
    return f"sample {index}"


# ---- chat


async def test_chat_sends_only_what_is_stated():
    async with talking("chat") as (vendor, provider):
        await provider.send(
            ask(
                3,
                system="Be brief.",
                params={"temperature": 0.6, "stop": ["\n"]},
                extra={"reasoning_effort": "low"},
            )
        )
        (seen,) = vendor.seen
    assert seen.path == "/v1/chat/completions"
    assert seen.body == {
        "model": "m",
        "messages": [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "What is 2+2?"}],
        "max_completion_tokens": 100,
        "n": 3,
        "temperature": 0.6,
        "stop": ["\n"],
        "reasoning_effort": "low",
        "service_tier": "default",
    }
    headers = {name.lower(): value for name, value in seen.headers.items()}
    assert headers["authorization"] == f"Bearer {KEY}"
    assert headers["x-stainless-retry-count"] == "0"


async def test_chat_brings_every_sample_of_a_request_as_it_was_billed():
    async with talking("chat", answer=numbered, service_tier="default", cached_share=0.5) as (
        vendor,
        provider,
    ):
        reply = await provider.send(ask(20))
    (bill,) = vendor.billed
    assert [(choice.index, choice.text) for choice in reply.choices] == [
        (i, f"sample {i}") for i in range(20)
    ]
    assert reply.usage == Usage(input=bill.input_tokens, output=bill.output_tokens, cached=bill.cached_tokens)
    assert bill.cached_tokens > 0
    assert reply.service_tier == "default"
    assert reply.request_id == bill.request_id


@pytest.mark.parametrize("end", ["chat", "responses"])
async def test_the_tier_is_sent_to_openai_itself_and_as_stated(end):
    for settings, sent in (
        ({"own_host": True}, "default"),
        ({"own_host": False}, None),
        ({"own_host": True, "service_tier": "flex"}, "flex"),
        ({"own_host": False, "service_tier": "priority"}, "priority"),
    ):
        async with talking(end, provider=settings) as (vendor, provider):
            await provider.send(ask())
            assert vendor.seen[0].body.get("service_tier") == sent


async def test_a_model_that_only_responses_serves_stops_with_the_line_to_add():
    async with talking("responses") as (vendor, _):
        from providers.openai import OpenAIProvider

        chat = OpenAIProvider(model="gpt-5-pro", api_key=KEY, base_url=vendor.base_url, own_host=True)
        error = await failing(chat)
        await chat.aclose()
    assert type(error) is Stopped
    assert error.outcome is MayHaveCost.FREE
    assert error.status == 404
    assert 'add api = "responses" to this model' in error.message


async def test_a_parameter_that_the_model_refuses_stops_with_the_line_to_add():
    async with talking("chat", refused=frozenset({"temperature"})) as (_, provider):
        error = await failing(provider, ask(params={"temperature": 0.6}))
    assert type(error) is Stopped
    assert 'unset = ["temperature"]' in error.message


async def test_too_many_samples_tells_what_is_taken():
    async with talking("chat", n_limit=8) as (_, provider):
        error = await failing(provider, ask(20))
    assert type(error) is TooManySamples
    assert error.max_n == 8


# ---- responses


async def test_responses_sends_only_what_is_stated_and_keeps_nothing_there():
    async with talking("responses") as (vendor, provider):
        await provider.send(
            ask(
                system="Be brief.",
                params={"temperature": 0.6, "top_p": 0.9},
                extra={"reasoning": {"effort": "low"}},
            )
        )
        (seen,) = vendor.seen
    assert seen.path == "/v1/responses"
    assert seen.body == {
        "model": "m",
        "input": [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "What is 2+2?"}],
        "max_output_tokens": 100,
        "service_tier": "default",
        "temperature": 0.6,
        "top_p": 0.9,
        "reasoning": {"effort": "low"},
        "store": False,
    }


async def test_responses_takes_a_raw_prompt_and_a_stated_store():
    async with talking("responses") as (vendor, provider):
        raw = Request(
            model="m",
            prompt=Prompt(text="Q: 2+2?"),
            n=1,
            max_tokens=9,
            timeout_s=5,
            problem="p",
            extra={"store": True, "max_output_tokens": 10**6},
        )
        await provider.send(raw)
        body = vendor.seen[0].body
    assert (body["input"], body["store"], body["max_output_tokens"]) == ("Q: 2+2?", True, 9)


@pytest.mark.parametrize("name", ["stop", "presence_penalty", "frequency_penalty"])
async def test_responses_has_no_such_parameter_and_says_so_before_it_is_sent(name):
    async with talking("responses") as (vendor, provider):
        error = await failing(provider, ask(params={name: 1, "temperature": 1}))
        assert type(error) is Stopped
        assert f'unset = ["{name}"]' in error.message
        assert vendor.seen == []


async def test_responses_takes_one_sample_a_request():
    async with talking("responses") as (vendor, provider):
        error = await failing(provider, ask(2))
        assert type(error) is TooManySamples
        assert error.max_n == 1
        assert vendor.seen == []


async def test_a_response_is_what_the_vendor_made_and_billed():
    async with talking("responses", answer=thinking, cached_share=0.5) as (vendor, provider):
        reply = await provider.send(ask())
    (bill,) = vendor.billed
    (choice,) = reply.choices
    assert (choice.index, choice.text, choice.finish_reason) == (0, "4", "stop")
    assert (choice.reasoning, choice.reasoning_tokens) == ("two and two", 3)
    assert choice.output_tokens == bill.output_tokens
    assert reply.usage == Usage(
        input=bill.input_tokens, output=bill.output_tokens, cached=bill.cached_tokens, reasoning=3
    )
    assert (reply.model, reply.service_tier, reply.request_id) == ("m", "default", bill.request_id)
    assert vendor.billed_pico == (
        (bill.input_tokens - bill.cached_tokens) * 5_000_000
        + bill.cached_tokens * 2_500_000
        + bill.output_tokens * 15_000_000
    )


@pytest.mark.parametrize(
    ("answer", "text", "reason"),
    [
        (four, "four", "stop"),
        (ending("length"), "4", "length"),
        (ending("content_filter"), "4", "content_filter"),
        (refusing, "I can't help with that.", "refusal"),
    ],
)
async def test_how_a_response_ended_in_the_chat_wires_words(answer, text, reason):
    async with talking("responses", answer=answer) as (_, provider):
        (choice,) = (await provider.send(ask())).choices
    assert (choice.text, choice.finish_reason) == (text, reason)


async def test_a_failed_response_with_usage_is_billed_and_brings_no_sample():
    async with talking("responses", answer=ending("failed")) as (vendor, provider):
        reply = await provider.send(ask())
    assert reply.choices == ()
    assert reply.usage == Usage(input=vendor.billed[0].input_tokens, output=vendor.billed[0].output_tokens)
    assert reply.notes == (
        "the reply failed: server_error: An error occurred while processing your request.",
    )


# ---- reading a reply, without a server

USAGE = {"input_tokens": 5, "output_tokens": 2}
MESSAGE = {"type": "message", "content": [{"type": "output_text", "text": "4"}]}


def response(**more) -> bytes:
    body = {"id": "resp_1", "status": "completed", "output": [MESSAGE], "usage": USAGE, **more}
    return json.dumps(body).encode()


def parsed(body: bytes):
    return parse_response(body, latency_s=0.1, headers={"X-Request-Id": "req_9"})


def test_all_text_parts_and_reasoning_of_either_kind():
    output = [
        {"type": "reasoning", "summary": [{"text": "first"}, {"text": "then"}]},
        {"type": "reasoning", "content": [{"type": "reasoning_text", "text": "raw"}]},
        MESSAGE,
        {"type": "web_search_call"},
        {"type": "message", "content": [{"type": "output_text", "text": "2"}, "noise"]},
        None,
    ]
    (choice,) = parsed(response(output=output)).choices
    assert choice.text == "42"
    assert choice.reasoning == "first\n\nthen\n\nraw"


def test_a_content_that_is_a_text_is_that_text():
    item = {"type": "message", "role": "assistant", "content": "4"}
    assert parsed(response(output=[item])).choices[0].text == "4"


def test_a_cut_off_reply_without_text_is_an_empty_sample():
    details = {"reason": "max_output_tokens"}
    (choice,) = parsed(response(status="incomplete", incomplete_details=details, output=[])).choices
    assert (choice.text, choice.finish_reason) == ("", "length")


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"[]",
        b"{",
        b"<html>",
        response(status="failed", output=[], usage=None, error={"code": "server_error", "message": "no"}),
        response(status="queued", output=[], usage=None),
        response(status="in_progress", output=[], usage=None),
        json.dumps({"error": {"message": "upstream"}}).encode(),
    ],
)
def test_what_is_no_reply_is_lost(body):
    with pytest.raises(Lost) as caught:
        parsed(body)
    assert caught.value.request_id == "req_9"


def test_a_reply_without_output_is_billed_without_a_sample():
    reply = parsed(response(output=None))
    assert reply.choices == ()
    assert reply.usage == Usage(input=5, output=2)
    assert reply.notes == ("a reply without output",)


@pytest.mark.parametrize(
    ("usage", "expected"),
    [
        (USAGE, Usage(input=5, output=2)),
        (
            {
                **USAGE,
                "input_tokens_details": {"cached_tokens": 3, "cache_write_tokens": 1},
                "output_tokens_details": {"reasoning_tokens": 2},
            },
            Usage(input=5, output=2, cached=3, cache_write=1, reasoning=2),
        ),
        ({**USAGE, "input_tokens_details": {"cached_tokens": 6}}, None),
        ({**USAGE, "output_tokens_details": {"reasoning_tokens": 3}}, Usage(input=5, output=5, reasoning=3)),
        (
            {**USAGE, "total_tokens": 7, "output_tokens_details": {"reasoning_tokens": 3}},
            Usage(input=5, output=2, reasoning=2),
        ),
        ({**USAGE, "output_tokens": -1}, None),
        ({"input_tokens": 5}, None),
        ({**USAGE, "input_tokens": "5"}, Usage(input=5, output=2)),
        ({**USAGE, "input_tokens": "5 tokens"}, None),
        (None, None),
    ],
)
def test_usage(usage, expected):
    assert read_usage(usage) == expected
