"""The lean wire against a real HTTP server: every fault gets its class and its cost, one attempt each."""

import asyncio

import pytest

from providers.errors import (
    BadRequest,
    Lost,
    MayHaveCost,
    Overloaded,
    RateLimited,
    Stopped,
    TooManySamples,
)
from providers.openai_compatible import openai_compatible
from providers.types import Prompt, Request, Usage
from tests.loopback import faults
from tests.loopback.openai_wire import openai_vendor
from tests.providers.direct.asking import (
    KEY,
    ask,
    failing,
    four,
    numbered,
    thinking,
    with_number,
)

# ---- what goes out and comes back


async def test_samples_come_back_as_the_vendor_made_and_billed_them(vendor, provider):
    vendor.answer = with_number
    reply = await provider.send(ask(3))
    assert [(c.index, c.text) for c in reply.choices] == [(i, f"What is 2+2? #### {i}") for i in range(3)]
    (bill,) = vendor.billed
    assert reply.usage == Usage(input=bill.input_tokens, output=bill.output_tokens)
    assert reply.request_id == bill.request_id
    assert vendor.billed_pico == bill.input_tokens * 5_000_000 + bill.output_tokens * 15_000_000
    assert 0 < reply.latency_s < 5


async def test_only_what_is_stated_is_sent(vendor, provider):
    await provider.send(ask(2, params={"temperature": 0.5}, extra={"reasoning_effort": "low"}))
    (seen,) = vendor.seen
    assert seen.body == {
        "model": "m",
        "messages": [{"role": "user", "content": "What is 2+2?"}],
        "max_tokens": 100,
        "n": 2,
        "temperature": 0.5,
        "reasoning_effort": "low",
    }
    assert seen.headers["Authorization"] == f"Bearer {KEY}"
    assert seen.headers["User-Agent"].startswith("manyfew")


async def test_the_completions_wire_sends_raw_text():
    async with openai_vendor(answer=four) as vendor:
        provider = openai_compatible(vendor.base_url, api="completions")
        raw = Request(model="m", prompt=Prompt(text="Q"), n=2, max_tokens=9, timeout_s=5, problem="p")
        reply = await provider.send(raw)
        await provider.aclose()
    assert [c.text for c in reply.choices] == [" 4", " 4"]
    assert vendor.seen[0].path == "/v1/completions"
    assert vendor.seen[0].body["prompt"] == "Q"
    assert "Authorization" not in vendor.seen[0].headers


async def test_cached_and_reasoning_tokens_arrive(vendor, provider):
    vendor.cached_share = 0.5
    vendor.answer = thinking
    reply = await provider.send(ask())
    assert reply.choices[0].reasoning == "two and two"
    assert reply.usage.cached == vendor.billed[0].cached_tokens > 0
    assert reply.usage.reasoning == 3


async def test_a_service_tier_is_sent_and_the_replys_is_told():
    async with openai_vendor(service_tier="flex") as vendor:
        provider = openai_compatible(vendor.base_url, service_tier="flex")
        reply = await provider.send(ask())
        await provider.aclose()
    assert vendor.seen[0].body["service_tier"] == "flex"
    assert reply.service_tier == "flex"


# ---- faults


@pytest.mark.parametrize(
    ("fault", "kind", "wait"),
    [
        (faults.RATE_LIMITED, RateLimited, None),
        (faults.RATE_LIMITED_2S, RateLimited, 2),
        (faults.RATE_LIMITED_DATE, RateLimited, 2),
        (faults.NO_CREDIT, Stopped, None),
        (faults.BAD_KEY, Stopped, None),
        (faults.OVERLOADED_529, Overloaded, None),
        (faults.ERROR_500, Overloaded, None),
        (faults.ERROR_503, Overloaded, None),
        (faults.CONTENT_POLICY, BadRequest, None),
    ],
    ids=str,
)
async def test_a_refusal_is_free_and_unbilled(vendor, provider, fault, kind, wait):
    vendor.faults.append(fault)
    error = await failing(provider)
    assert type(error) is kind
    assert error.outcome is MayHaveCost.FREE
    assert error.retry_after_s == (pytest.approx(wait, abs=1.1) if wait else None)
    assert vendor.billed_pico == 0
    assert len(vendor.seen) == 1


@pytest.mark.parametrize("fault", faults.LOST, ids=str)
async def test_an_answer_that_does_not_say_is_lost_after_one_attempt(vendor, provider, fault):
    vendor.faults.append(fault)
    error = await failing(provider)
    assert isinstance(error, Lost)
    assert error.outcome is MayHaveCost.UNKNOWN
    assert len(vendor.seen) == 1
    assert (await provider.send(ask())).usage is not None  # the next one is well


@pytest.mark.parametrize("fault", faults.LOST, ids=str)
async def test_a_kept_alive_connection_that_breaks_is_lost_too_and_not_asked_again(vendor, provider, fault):
    await provider.send(ask())
    vendor.faults.append(fault)
    assert isinstance(await failing(provider), Lost)
    assert len(vendor.seen) == 2


@pytest.mark.parametrize("fault", [faults.ERROR_500, faults.ERROR_503])
async def test_a_gateways_5xx_is_unknown_unless_the_user_says_free(vendor, fault):
    vendor.faults.extend([fault, fault])
    for free_5xx, kind in ((False, Lost), (True, Overloaded)):
        gateway = openai_compatible(vendor.base_url, api_key=KEY, free_5xx=free_5xx)
        assert type(await failing(gateway)) is kind
        await gateway.aclose()


async def test_a_redirect_is_not_followed(vendor, provider):
    vendor.faults.append(faults.REDIRECT)
    error = await failing(provider)
    assert type(error) is Stopped
    assert error.outcome is MayHaveCost.UNKNOWN
    assert "/elsewhere" in error.message
    assert len(vendor.seen) == 1


async def test_a_huge_reply_is_cut_off(vendor, provider):
    vendor.faults.append(faults.HUGE)
    error = await failing(provider, ask(timeout_s=20))
    assert isinstance(error, Lost)
    assert "bytes" in error.message


async def test_a_slow_reply_arrives_where_the_time_allows(vendor, provider):
    vendor.faults.extend([faults.DRIP, faults.DRIP])
    assert len((await provider.send(ask())).choices) == 1
    assert isinstance(await failing(provider, ask(timeout_s=0.05)), Lost)


@pytest.mark.parametrize(
    ("fault", "indices", "notes"),
    [
        (faults.DUPLICATE, [0, 1, 2], 1),
        (faults.SHUFFLED, [0, 1, 2], 0),
        (faults.SURPLUS, [0, 1, 2], 1),
        (faults.MISSING, [0, 1], 0),
    ],
    ids=str,
)
async def test_choices_are_neither_doubled_nor_lost(vendor, provider, fault, indices, notes):
    vendor.answer = numbered
    vendor.faults.append(fault)
    reply = await provider.send(ask(3))
    assert [c.index for c in reply.choices] == indices
    assert [c.text for c in reply.choices] == [f"sample {i}" for i in indices]
    assert len(reply.notes) == notes


@pytest.mark.parametrize("fault", [faults.NO_USAGE, faults.WRONG_USAGE], ids=str)
async def test_samples_without_usage_are_kept(vendor, provider, fault):
    vendor.faults.append(fault)
    reply = await provider.send(ask(2))
    assert reply.usage is None
    assert len(reply.choices) == 2


async def test_more_output_than_asked_is_told_as_billed(vendor, provider):
    vendor.faults.append(faults.TOO_MUCH_OUTPUT)
    reply = await provider.send(ask(2))
    assert reply.usage.output == vendor.billed[0].output_tokens > 2 * 100


async def test_a_wrong_key_is_echoed_by_the_vendor_and_not_by_us(vendor):
    other = openai_compatible(vendor.base_url, api_key="sk-wrong-9876543210zyxwvu")
    error = await failing(other)
    await other.aclose()
    assert type(error) is Stopped
    assert "wrong" not in error.message
    assert "[key]" in error.message


async def test_n_above_the_limit_tells_the_limit(vendor, provider):
    vendor.n_limit = 4
    error = await failing(provider, ask(8))
    assert isinstance(error, TooManySamples)
    assert error.max_n == 4


async def test_a_refused_parameter_an_unknown_model_and_a_long_prompt(vendor, provider):
    vendor.refused = frozenset({"temperature"})
    error = await failing(provider, ask(params={"temperature": 1.0}))
    assert 'unset = ["temperature"]' in error.message
    vendor.context = 120
    assert type(await failing(provider, ask(prompt="long " * 100))) is BadRequest
    vendor.models = ("other",)
    assert type(await failing(provider)) is Stopped


async def test_the_rate_limiter_says_when(vendor, provider):
    vendor.rate = (1, 0.2)
    reply = await provider.send(ask())
    assert reply.rate_headers["x-ratelimit-remaining-requests"] == "0"
    error = await failing(provider)
    assert type(error) is RateLimited
    assert error.retry_after_s is not None
    assert 0 < error.retry_after_s <= 0.2
    await asyncio.sleep(error.retry_after_s + 0.05)
    await provider.send(ask())
