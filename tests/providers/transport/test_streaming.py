"""Streamed replies over every wire: whole ones are the unstreamed ones, broken ones tell what they brought."""

import asyncio
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from providers.errors import Lost, MayHaveCost, Overloaded, Stopped
from providers.transport import streaming
from providers.types import Reply
from tests.loopback import faults
from tests.loopback.vendor import Said, Sample
from tests.providers.sdk.sdk_ends import ask, failing
from tests.providers.wires.wires import SEVERAL, WIRES, most, talking

LONG_S = streaming.STREAM_ABOVE_S + 1


@pytest.fixture
def at_once(monkeypatch):
    """Streams whatever the time-out."""
    monkeypatch.setattr(streaming, "STREAM_ABOVE_S", 0.0)


def same(reply: Reply) -> dict[str, Any]:
    """What must not differ: all but the clock and the vendor's numbering."""
    like = replace(reply, latency_s=0.0, request_id="", rate_headers=dict.fromkeys(reply.rate_headers, ""))
    return {name: getattr(like, name) for name in Reply.__struct_fields__}


TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=120)
SAMPLES = st.builds(
    Sample,
    text=TEXTS,
    reasoning=st.none() | TEXTS.filter(bool),
    finish_reason=st.sampled_from(["stop", "length", "content_filter"]),
    refusal=st.none() | st.none() | st.just("I can't."),
)


@pytest.mark.parametrize("wire", WIRES)
def test_a_whole_stream_is_the_unstreamed_reply(wire):
    """Over any texts, lengths and ends of samples, and wherever the stream is cut."""

    @settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.too_slow])
    @given(st.lists(SAMPLES, min_size=1, max_size=4), st.integers(0, 1 << 30))
    def check(samples: list[Sample], seed: int) -> None:
        asyncio.run(compare(wire, samples, seed))

    check()


async def compare(wire: str, samples: list[Sample], seed: int) -> None:
    n = most(wire, len(samples))
    async with talking(wire, seed=seed, cached_share=0.3) as (vendor, provider):
        vendor.answer = lambda prompt, index: samples[index % n]
        unstreamed = await provider.send(ask(n, timeout_s=30))
        streamed = await provider.send(ask(n, timeout_s=LONG_S))
        assert ["stream" in seen.body for seen in vendor.seen] == [False, True]
        assert same(streamed) == same(unstreamed)
        assert streamed.request_id != unstreamed.request_id
        assert streamed.usage is not None
        assert streamed.usage.output == vendor.billed[1].output_tokens


@pytest.mark.parametrize("wire", WIRES)
async def test_only_what_may_take_long_is_streamed(wire):
    async with talking(wire) as (vendor, provider):
        await provider.send(ask(timeout_s=streaming.STREAM_ABOVE_S))
        await provider.send(ask(timeout_s=LONG_S))
        assert [seen.body.get("stream", False) for seen in vendor.seen] == [False, True]
        assert vendor.connections == 1, "a stream that was read to its end leaves its connection"


# ---- broken ones


@pytest.mark.parametrize("fault", faults.BROKEN_STREAMS, ids=str)
@pytest.mark.parametrize("wire", SEVERAL)
async def test_a_broken_stream_keeps_its_whole_samples(wire, fault, at_once):
    async with talking(wire, answer=several) as (vendor, provider):
        vendor.faults.append(fault)
        error = await failing(provider, ask(4, timeout_s=0.5))
        assert isinstance(error, Lost)
        assert 1 <= len(error.choices) < 4
        for choice in error.choices:
            assert choice.text == several("", choice.index), "whole, and at its own index"
            assert choice.finish_reason == "stop"
        assert f"{len(error.choices)} of 4 samples were whole" in error.message
        assert error.request_id == (
            vendor.billed[0].request_id if wire != "vllm" else "chatcmpl-req_00000001"
        )


@pytest.mark.parametrize("fault", faults.BROKEN_STREAMS, ids=str)
async def test_a_broken_stream_of_vllm_tells_its_tokens_so_far(fault, at_once):
    async with talking("vllm", answer=several) as (vendor, provider):
        vendor.faults.append(fault)
        error = await failing(provider, ask(4, timeout_s=0.5))
        (bill,) = vendor.billed
        assert error.usage.input == bill.input_tokens
        assert 0 < error.usage.output < bill.output_tokens
        assert all(choice.output_tokens for choice in error.choices)
        assert sum(choice.output_tokens for choice in error.choices) <= error.usage.output


@pytest.mark.parametrize("fault", [*faults.BROKEN_STREAMS, faults.NO_END], ids=str)
async def test_a_broken_stream_of_anthropic_tells_its_id_and_its_usage(fault, at_once):
    """Its sample is whole once its end is told, and then the usage is the final one; yet the stream is broken."""
    async with talking("messages", answer=several, cached_share=0.5) as (vendor, provider):
        vendor.faults.append(fault)
        error = await failing(provider, ask(timeout_s=0.5))
        (bill,) = vendor.billed
        assert isinstance(error, Lost)
        assert error.usage is not None
        assert error.request_id == bill.request_id
        assert (error.usage.input, error.usage.cached) == (bill.input_tokens, bill.cached_tokens)
        assert error.usage.output == bill.output_tokens
        assert [choice.text for choice in error.choices] == [several("", 0)]


@pytest.mark.parametrize("wire", ["messages", "responses"])
async def test_a_stream_that_breaks_early_tells_its_id(wire, at_once):
    async with talking(wire, answer=several) as (vendor, provider):
        vendor.faults.append(faults.HALF_BODY)  # no header with an id either
        error = await failing(provider, ask(timeout_s=0.5))
        assert error.request_id.endswith("req_00000001")
        assert error.choices == ()
        if wire == "messages":
            assert error.usage.input == vendor.billed[0].input_tokens
            assert error.usage.output == 1, "what message_start tells, and no more"
        else:
            assert error.usage is None


@pytest.mark.parametrize("wire", WIRES)
async def test_an_error_in_the_stream_is_said(wire, at_once):
    async with talking(wire) as (vendor, provider):
        vendor.faults.append(faults.ERROR_EVENT)
        error = await failing(provider, ask(timeout_s=5))
        assert isinstance(error, Lost)
        assert "an error in the stream" in error.message
        assert "EngineCore encountered an issue." in error.message


@pytest.mark.parametrize("wire", SEVERAL)
async def test_a_stream_without_its_closing_word_is_whole_where_all_is_there(wire, at_once):
    async with talking(wire, answer=several) as (vendor, provider):
        vendor.faults.append(faults.NO_END)
        reply = await provider.send(ask(3, timeout_s=5))
        assert len(reply.choices) == 3
        assert reply.usage.output == vendor.billed[0].output_tokens


@pytest.mark.parametrize("wire", WIRES)
async def test_a_whole_stream_is_a_reply_though_its_connection_stays_open(wire, at_once, monkeypatch):
    """And however that connection ends."""
    monkeypatch.setattr("providers.direct.exchange.LINGER_S", 0.05)
    monkeypatch.setattr("providers.sdk.http_client.LINGER_S", 0.05)
    async with talking(wire) as (vendor, provider):
        vendor.faults.append(faults.ENDLESS_STREAM)
        reply = await provider.send(ask(timeout_s=60))
        assert reply.usage is not None
        assert reply.latency_s < 5
        assert (await provider.send(ask(timeout_s=60))).usage is not None


# ---- servers that don't stream


@pytest.mark.parametrize("wire", WIRES)
async def test_a_server_that_refuses_to_stream_is_asked_without_from_then_on(wire, at_once):
    async with talking(wire, refused=frozenset({"stream"})) as (vendor, provider):
        error = await failing(provider, ask(timeout_s=5))
        assert type(error) is Overloaded
        assert error.retry_after_s == 0
        assert "does not stream" in error.message
        assert (await provider.send(ask(timeout_s=5))).usage is not None
        assert ["stream" in seen.body for seen in vendor.seen] == [True, False]


@pytest.mark.parametrize(
    ("status", "message"),
    [
        (400, "This model only support stream mode, please enable the stream parameter to access the model."),
        (400, "Requests with max_tokens > 4096 must have stream=true"),
        (422, "Non-streaming responses are not supported by this model"),
        (400, "Streaming is required for operations that may take longer than 10 minutes."),
    ],
)
@pytest.mark.parametrize("wire", WIRES)
async def test_a_server_that_only_streams_is_asked_for_streams_from_then_on(wire, status, message):
    """At any time-out, and learnt once."""
    async with talking(wire, answer=several) as (vendor, provider):
        refusing(vendor, status, message)
        error = await failing(provider, ask(timeout_s=5))
        assert type(error) is Overloaded
        assert (error.retry_after_s, "only streams" in error.message) == (0, True)
        for _ in range(2):
            reply = await provider.send(ask(timeout_s=5))
            assert reply.choices[0].text
            assert reply.usage is not None
        assert [seen.body.get("stream", False) for seen in vendor.seen] == [False, True, True]


@pytest.mark.parametrize("status", [200, 501])
@pytest.mark.parametrize(
    ("message", "streams"),
    [
        ("This model only supports streaming", True),
        ("streaming must be enabled", True),
        ("the stream from the backend broke, only part of it came", False),
        ("upstream is unsupported", False),
    ],
)
async def test_what_is_learnt_of_an_answer_that_may_have_been_billed_keeps_its_charge(
    status, message, streams
):
    async with talking("openai-compatible", answer=several) as (vendor, provider):
        refusing(vendor, status, message)
        error = await failing(provider, ask(timeout_s=5))
        assert error.outcome is MayHaveCost.UNKNOWN
        assert error.retry_after_s is None
        assert ("only streams" in error.message) is streams


def refusing(vendor: Any, status: int, message: str) -> None:
    """What is asked for whole is refused in these words."""
    error = {"message": message, "type": "invalid_request_error", "param": "max_tokens", "code": "bad"}
    vendor.says = lambda asked: None if asked.streamed else Said(status, {"error": error})


async def test_a_server_that_takes_neither_way_is_asked_each_way_once(at_once):
    async with talking("lean", refused=frozenset({"stream"})) as (vendor, provider):
        refusing(vendor, 400, "streaming is required")
        await failing(provider, ask(timeout_s=5))
        error = await failing(provider, ask(timeout_s=5))
        assert isinstance(error, Stopped)
        assert [seen.body.get("stream", False) for seen in vendor.seen] == [True, False]


@pytest.mark.parametrize("wire", WIRES)
async def test_a_stream_that_nobody_asked_for_is_read(wire):
    async with talking(wire, answer=several) as (vendor, provider):
        vendor.always_streams = True
        reply = await provider.send(ask(timeout_s=5))
        assert reply.choices[0].text == several("", 0)
        assert reply.usage is not None


@pytest.mark.parametrize("wire", WIRES)
async def test_a_stream_is_read_whatever_its_header_says(wire, at_once):
    async with talking(wire, answer=several) as (vendor, provider):
        vendor.stream_type = "application/json"
        reply = await provider.send(ask(timeout_s=5))
        assert reply.choices[0].text == several("", 0)


@pytest.mark.parametrize("wire", WIRES)
async def test_a_server_that_answers_in_one_piece_is_read_so(wire, at_once):
    async with talking(wire, answer=several) as (vendor, provider):
        vendor.streams = False
        reply = await provider.send(ask(timeout_s=5))
        assert reply.choices[0].text == several("", 0)
        assert reply.usage is not None


async def test_a_prompt_that_speaks_of_streams_is_not_taken_for_a_refusal_to_stream(at_once):
    async with talking("lean", refused=frozenset({"upstream_timeout"})) as (_, provider):
        error = await failing(provider, ask(timeout_s=5, extra={"upstream_timeout": 1}))
        assert "upstream_timeout" in error.message
        assert type(error) is not Overloaded


def several(prompt: str, index: int) -> str:
    return f"sample {index} " + "and so on " * (3 * index + 1)
