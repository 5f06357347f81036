"""The two batch APIs through the real SDKs: what is sent, how a batch is found again, what its results mean."""

from __future__ import annotations

import json
import time

import pytest

from providers.anthropic_batch import AnthropicBatches
from providers.batch import BatchState, ResultLine, custom_id, is_of
from providers.errors import BadRequest, Lost, ProviderError, RateLimited, Stopped, Undone, Unusable
from providers.google_batch import GoogleBatches
from providers.openai_batch import OpenAIBatches
from providers.types import Message, Prompt, Request
from tests.loopback.batch_wire import (
    CUSTOM_ID,
    AnthropicDesk,
    GoogleDesk,
    anthropic_batches,
    google_batches,
    openai_batches,
)

KEY = "sk-secret-0123456789"
DESKS = {
    "openai": lambda: openai_batches(key=KEY),
    "responses": lambda: openai_batches(api="responses", key=KEY),
    "anthropic": lambda: anthropic_batches(key=KEY),
    "google": lambda: google_batches(key=KEY),
}


@pytest.fixture(params=DESKS)
def desk(request):
    return DESKS[request.param]()


def provider_of(desk, key=KEY):
    if isinstance(desk, AnthropicDesk):
        return AnthropicBatches(model="m", api_key=key, base_url=desk.vendor.root_url, own_host=False)
    if isinstance(desk, GoogleDesk):
        url = f"{desk.vendor.root_url}/v1beta/openai"
        return GoogleBatches(model="m", api_key=key, base_url=url, own_host=False)
    api = "responses" if desk.wire.path == "/v1/responses" else "chat"
    return OpenAIBatches(model="m", api=api, api_key=key, base_url=desk.vendor.base_url, own_host=False)


def ask(text="What is 2 + 2?", **keys):
    prompt = Prompt(messages=(Message("system", "Be brief."), Message("user", text)))
    return Request(model="m", prompt=prompt, n=1, max_tokens=16, timeout_s=5, problem="p", **keys)


async def make(provider, marker="mfaa", count=3, **keys):
    requests = [ask(f"What is {i} + {i}?", **keys) for i in range(count)]
    lines = [provider.line(custom_id(marker, i), request) for i, request in enumerate(requests)]
    uploaded = await provider.upload(lines, marker)
    return await provider.create(uploaded, lines, marker, requests[0])


async def test_from_requests_to_replies(desk):
    async with desk.vendor:
        provider = provider_of(desk)
        batch = await make(provider, params={"temperature": 0.5})
        assert batch.state is BatchState.WORKING
        batch = await provider.look(batch.id)
        assert (batch.state, batch.refusal) == (BatchState.ENDED, None)
        lines = list(await provider.results(batch, lenient=False))
        await provider.aclose()
    assert sorted(line.custom_id for line in lines) == ["mfaa-0", "mfaa-1", "mfaa-2"]
    for line in lines:
        reply = provider.read(line, 1)
        assert reply.usage is not None
        assert reply.usage.output > 0
        (choice,) = reply.choices
        assert "####" in choice.text
        assert reply.model == "m"
    assert all(body["temperature"] == 0.5 for _, body in desk.asked)
    assert all("service_tier" not in body for _, body in desk.asked)
    assert sum(bill.output_tokens for bill in desk.vendor.billed) > 0


@pytest.mark.parametrize("vendor", ["openai", "google"])
async def test_several_samples_a_request(vendor):
    desk = DESKS[vendor]()
    async with desk.vendor:
        provider = provider_of(desk)
        request = Request(
            model="m", prompt=Prompt(text="2 + 2"), n=3, max_tokens=16, timeout_s=5, problem="p"
        )
        lines = [provider.line("mf-1", request)]
        made = await provider.create(await provider.upload(lines, "mf"), lines, "mf", request)
        batch = await provider.look(made.id)
        (line,) = await provider.results(batch, lenient=False)
        await provider.aclose()
    assert len(provider.read(line, 3).choices) == 3


async def test_found_by_its_marker_among_many(desk):
    """More than a page of others, of the same size, made before and after."""
    async with desk.vendor:
        provider = provider_of(desk)
        since = time.time()
        body = {"model": "m", "max_tokens": 1, "messages": [], "input": "x"}
        for i in range(130):
            desk.make([(f"other{i}-{j}", body) for j in range(3)], {"manyfew": f"other{i}"})
        made = await make(provider, marker="mfours")
        for i in range(130):
            desk.make([(f"more{i}-{j}", body) for j in range(3)], None)
        found = await provider.find("mfours", size=3, since=since, known=())
        assert found.batch is not None
        assert found.batch.id == made.id
        nothing = await provider.find("mfnone", size=3, since=since, known=())
        assert (nothing.batch, nothing.undecided) == (None, False)
        await provider.aclose()


async def test_one_that_still_works_can_not_be_told_at_anthropic():
    desk = anthropic_batches(key=KEY)
    desk.held.set()
    async with desk.vendor:
        provider = provider_of(desk)
        made = await make(provider)
        found = await provider.find("mfaa", size=3, since=time.time(), known=())
        assert (found.batch, found.undecided) == (None, True)
        assert not (await provider.find("mfaa", size=4, since=time.time(), known=())).undecided
        assert not (await provider.find("mfaa", size=3, since=time.time(), known={made.id})).undecided
        assert not (await provider.find("mfaa", size=3, since=time.time() + 7200, known=())).undecided
        await provider.aclose()


async def test_results_that_broke_off(desk):
    async with desk.vendor:
        provider = provider_of(desk)
        made = await make(provider, count=20)
        batch = await provider.look(made.id)
        desk.results.extend(["half", "cut", "cut"])
        with pytest.raises(Lost):
            await provider.results(batch, lenient=False)
        with pytest.raises(Lost, match="broke off"):
            list(await provider.results(batch, lenient=False))
        read = len(list(await provider.results(batch, lenient=True)))
        assert read == 0 if isinstance(desk, GoogleDesk) else 0 < read < 20
        await provider.aclose()


async def test_a_key_is_never_in_what_is_said(desk):
    desk.vendor.key = "another"
    async with desk.vendor:
        provider = provider_of(desk)
        for call in (provider.look("batch_0000"), make(provider)):
            with pytest.raises(ProviderError) as caught:
                await call
            assert isinstance(caught.value, Stopped) or caught.value.status == 404
            assert KEY not in str(caught.value)
        await provider.aclose()


async def test_a_call_is_made_once(desk):
    desk.create.extend([500, 429, "lost"])
    async with desk.vendor:
        provider = provider_of(desk)
        with pytest.raises(Lost):  # from another's host a 500 may have lost what it did
            await make(provider)
        with pytest.raises(RateLimited):
            await make(provider)
        with pytest.raises(Lost):
            await make(provider)
        assert desk.created == 0
        assert not desk.create
        await provider.aclose()


@pytest.mark.parametrize(
    ("fields", "kind"),
    [
        ({"response": None, "error": {"code": "batch_expired", "message": "too late"}}, Undone),
        ({"response": None, "error": {"code": "batch_cancelled", "message": "too late"}}, Undone),
        ({"response": None, "error": {"code": "request_timeout", "message": "timed out"}}, Lost),
        ({"response": None, "error": {"code": "internal_error", "message": "oh"}}, Lost),
        ({"response": {"status_code": 429, "body": {"error": {"message": "busy"}}}}, Undone),
        ({"response": {"status_code": 500, "body": {"error": {"message": "oh"}}}}, Lost),
        (
            {"response": {"status_code": 400, "body": {"error": {"message": "prompt is too long"}}}},
            BadRequest,
        ),
        ({"response": {"status_code": 401, "body": {"error": {"message": "key"}}}}, Stopped),
        ({"response": {"status_code": 200, "body": {"error": {"message": "oh"}}}}, Unusable),
        ({}, Lost),
        ({"response": "nonsense", "error": "nonsense"}, Lost),
    ],
)
def test_what_an_openai_line_means(fields, kind):
    provider = OpenAIBatches(model="m", api_key=KEY, base_url="http://127.0.0.1:9/v1", own_host=False)
    with pytest.raises(ProviderError) as caught:
        provider.read(ResultLine(custom_id="mf-1", fields=fields), 1)
    assert type(caught.value) is kind


@pytest.mark.parametrize(
    ("fields", "kind"),
    [
        ({"type": "expired"}, Undone),
        ({"type": "canceled"}, Undone),
        ({"type": "errored", "error": {"type": "error", "error": {"type": "overloaded_error"}}}, Undone),
        (
            {"type": "errored", "error": {"type": "error", "error": {"type": "api_error", "message": "x"}}},
            Undone,
        ),
        (
            {
                "type": "errored",
                "error": {"error": {"type": "invalid_request_error", "message": "prompt is too long: 9 > 8"}},
            },
            BadRequest,
        ),
        ({"type": "errored", "error": {"error": {"type": "permission_error", "message": "no"}}}, Stopped),
        ({"type": "succeeded", "message": {"error": {"message": "?"}}}, Unusable),
        ({}, Lost),
        ({"type": 7, "error": []}, Lost),
    ],
)
def test_what_an_anthropic_line_means(fields, kind):
    provider = AnthropicBatches(model="m", api_key=KEY, base_url="http://127.0.0.1:9", own_host=False)
    with pytest.raises(ProviderError) as caught:
        provider.read(ResultLine(custom_id="mf-1", fields=fields), 1)
    assert type(caught.value) is kind


@pytest.mark.parametrize(
    ("fields", "kind"),
    [
        ({"error": {"code": 1, "message": "cancelled"}}, Undone),
        ({"error": {"code": 8, "message": "quota"}}, Undone),
        ({"error": {"code": 14, "message": "overloaded"}}, Undone),
        ({"error": {"code": 4, "message": "deadline"}}, Lost),
        ({"error": {"code": 13, "message": "internal"}}, Lost),
        ({"error": {"code": 3, "message": "The input token count exceeds the maximum"}}, BadRequest),
        ({"error": {"code": 7, "message": "no"}}, Stopped),
        ({"error": {"code": "3"}}, Lost),
        ({}, Lost),
        ({"response": [], "error": "nonsense"}, Lost),
    ],
)
def test_what_a_google_line_means(fields, kind):
    provider = GoogleBatches(model="m", api_key=KEY, base_url="http://127.0.0.1:9", own_host=False)
    with pytest.raises(ProviderError) as caught:
        provider.read(ResultLine(custom_id="mf-1", fields=fields), 1)
    assert type(caught.value) is kind


def test_what_a_google_request_and_reply_say():
    provider = GoogleBatches(
        model="gemini-3.5-flash", api_key=KEY, base_url="http://127.0.0.1:9", own_host=False
    )
    extra = {"extra_body": {"google": {"thinking_config": {"thinking_budget": 0, "include_thoughts": True}}}}
    sent = json.loads(provider.line("mf-1", ask(params={"stop": "x", "top_k": 3}, extra=extra)))
    assert sent["metadata"] == {"key": "mf-1"}
    assert sent["request"]["systemInstruction"] == {"parts": [{"text": "Be brief."}]}
    assert sent["request"]["generationConfig"] == {
        "maxOutputTokens": 16,
        "stopSequences": ["x"],
        "topK": 3,
        "thinkingConfig": {"thinkingBudget": 0, "includeThoughts": True},
    }
    with pytest.raises(BadRequest, match="logprobs can't be sent in a batch"):
        provider.line("mf-1", ask(extra={"logprobs": True}))
    thinking = {"text": "hm", "thought": True}
    candidate = {"content": {"parts": [thinking, {"text": "4"}]}, "finishReason": "MAX_TOKENS"}
    counts = {
        "promptTokenCount": 10,
        "candidatesTokenCount": 1,
        "thoughtsTokenCount": 15,
        "cachedContentTokenCount": 4,
        "totalTokenCount": 26,
    }
    line = ResultLine(
        custom_id="mf-1", fields={"response": {"candidates": [candidate], "usageMetadata": counts}}
    )
    reply = provider.read(line, 1)
    assert (reply.choices[0].text, reply.choices[0].reasoning) == ("4", "hm")
    assert reply.choices[0].finish_reason == "length"
    assert reply.usage is not None
    assert (reply.usage.output, reply.usage.reasoning, reply.usage.cached) == (16, 15, 4)
    blocked = {"promptFeedback": {"blockReason": "SAFETY"}, "usageMetadata": {"promptTokenCount": 10}}
    reply = provider.read(ResultLine(custom_id="mf-1", fields={"response": blocked}), 1)
    assert reply.choices[0].finish_reason == "content_filter"
    assert reply.usage is not None
    assert (reply.usage.input, reply.usage.output) == (10, 0)


def test_custom_ids_are_what_both_vendors_take():
    name = custom_id("mf" + "0" * 20, 2**62)
    assert CUSTOM_ID.fullmatch(name)
    assert is_of("mf" + "0" * 20, name)
    assert not is_of("mf" + "0" * 19, name)
