"""The two batch APIs through the real SDKs: what is sent, how a batch is found again, what its results mean."""

from __future__ import annotations

import time

import pytest

from providers.anthropic_batch import AnthropicBatches
from providers.batch import BatchState, ResultLine, custom_id, is_of
from providers.errors import BadRequest, Lost, ProviderError, RateLimited, Stopped, Undone
from providers.openai_batch import OpenAIBatches
from providers.types import Message, Prompt, Request
from tests.loopback.batch_wire import CUSTOM_ID, AnthropicDesk, anthropic_batches, openai_batches

KEY = "sk-secret-0123456789"
DESKS = {
    "openai": lambda: openai_batches(key=KEY),
    "responses": lambda: openai_batches(api="responses", key=KEY),
    "anthropic": lambda: anthropic_batches(key=KEY),
}


@pytest.fixture(params=DESKS)
def desk(request):
    return DESKS[request.param]()


def provider_of(desk, key=KEY):
    if isinstance(desk, AnthropicDesk):
        return AnthropicBatches(model="m", api_key=key, base_url=desk.vendor.root_url, own_host=False)
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


async def test_several_samples_a_request():
    desk = openai_batches(key=KEY)
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
        assert 0 < len(list(await provider.results(batch, lenient=True))) < 20
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
        ({"response": {"status_code": 200, "body": {"error": {"message": "oh"}}}}, Lost),
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
        ({"type": "succeeded", "message": {"error": {"message": "?"}}}, Lost),
        ({}, Lost),
        ({"type": 7, "error": []}, Lost),
    ],
)
def test_what_an_anthropic_line_means(fields, kind):
    provider = AnthropicBatches(model="m", api_key=KEY, base_url="http://127.0.0.1:9", own_host=False)
    with pytest.raises(ProviderError) as caught:
        provider.read(ResultLine(custom_id="mf-1", fields=fields), 1)
    assert type(caught.value) is kind


def test_custom_ids_are_what_both_vendors_take():
    name = custom_id("mf" + "0" * 20, 2**62)
    assert CUSTOM_ID.fullmatch(name)
    assert is_of("mf" + "0" * 20, name)
    assert not is_of("mf" + "0" * 19, name)
