"""The lean wire against a real HTTP server: every fault gets its class and its cost, one attempt each."""

import asyncio
import socket
from contextlib import asynccontextmanager
from typing import Any

import aiohttp
import pytest

from providers.build import build
from providers.errors import (
    BadRequest,
    Lost,
    MayHaveCost,
    NotSent,
    Overloaded,
    ProviderError,
    RateLimited,
    Stopped,
    TooManySamples,
)
from providers.openai_compatible import openai_compatible
from providers.types import Message, Prompt, Request, Usage
from providers.vllm import NEUTRAL, vllm
from tests.loopback import faults
from tests.loopback.openai_wire import openai_vendor
from tests.loopback.vendor import Sample

KEY = "sk-loopback-0123456789abcdef"


def ask(n=1, *, timeout_s=5.0, max_tokens=100, prompt="What is 2+2?", **more):
    messages = Prompt(messages=(Message("user", prompt),))
    return Request(
        model="m", prompt=messages, n=n, max_tokens=max_tokens, timeout_s=timeout_s, problem="p", **more
    )


async def failing(provider: Any, request: Request | None = None) -> Any:
    with pytest.raises(ProviderError) as caught:
        await provider.send(request or ask(timeout_s=0.3))
    assert KEY not in caught.value.message
    assert "\n" not in caught.value.message
    return caught.value


def with_number(prompt: str, index: int) -> str:
    return f"{prompt} #### {index}"


def numbered(prompt: str, index: int) -> str:
    return f"sample {index}"


def four(prompt: str, index: int) -> str:
    return " 4"


def words(prompt: str, index: int) -> str:
    return "word " * 50


def thinking(prompt: str, index: int) -> Sample:
    return Sample(text="4", reasoning="two and two", reasoning_tokens=3)


@pytest.fixture
async def vendor():
    async with openai_vendor(key=KEY) as made:
        yield made


@pytest.fixture
async def provider(vendor):
    made = openai_compatible(vendor.base_url, api_key=KEY, own_host=True)
    yield made
    await made.aclose()


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


# ---- never sent


def unused_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@pytest.mark.parametrize(
    ("url", "word"),
    [
        (lambda: f"http://127.0.0.1:{unused_port()}/v1", "refused"),
        (lambda: "http://no-such-host.invalid/v1", "name"),
    ],
)
async def test_a_connection_never_made_is_free(url, word):
    provider = openai_compatible(url(), api_key=KEY)
    error = await failing(provider, ask(timeout_s=30))
    await provider.aclose()
    assert type(error) is NotSent
    assert error.outcome is MayHaveCost.FREE
    assert word in error.message


async def test_a_failed_tls_handshake_is_free(vendor):
    provider = openai_compatible(vendor.base_url.replace("http:", "https:"), api_key=KEY)
    error = await failing(provider)
    await provider.aclose()
    assert type(error) is NotSent
    assert vendor.seen == []


@pytest.mark.parametrize("url", ["127.0.0.1/v1", "http:///v1", "ftp://127.0.0.1/v1", "http://[::1/v1"])
async def test_an_address_that_can_never_be_asked_stops(url):
    error = await failing(openai_compatible(url))
    assert type(error) is Stopped
    assert error.outcome is MayHaveCost.FREE


@pytest.mark.parametrize("key", ["sk-with\nnewline", "sk-ключ"])
async def test_a_key_that_no_header_can_carry_stops(vendor, key):
    error = await failing(openai_compatible(vendor.base_url, api_key=key))
    assert type(error) is Stopped
    assert key not in error.message
    assert vendor.seen == []


async def test_a_key_read_with_its_line_end_works(vendor):
    provider = openai_compatible(vendor.base_url, api_key=f"{KEY}\n")
    assert (await provider.send(ask())).usage is not None
    await provider.aclose()


async def test_what_json_cannot_hold_is_this_prompts_failure(vendor, provider):
    error = await failing(provider, ask(prompt="\ud800"))
    assert type(error) is BadRequest
    assert vendor.seen == []


# ---- time and connections


async def test_waiting_for_a_connection_is_not_part_of_the_time(vendor):
    vendor.latency = 0.2
    narrow = openai_compatible(vendor.base_url, api_key=KEY, concurrency=1)
    replies = await asyncio.gather(*(narrow.send(ask(timeout_s=0.4)) for _ in range(5)))
    await narrow.aclose()
    assert vendor.most_in_flight == 1
    assert all(0.2 <= reply.latency_s < 0.4 for reply in replies)


async def test_as_many_connections_as_requests_in_flight_and_no_more(vendor):
    vendor.latency = 0.1
    wide = openai_compatible(vendor.base_url, api_key=KEY, concurrency=150)
    for _ in range(3):
        await asyncio.gather(*(wide.send(ask()) for _ in range(150)))
    await wide.aclose()
    assert vendor.most_in_flight == 150
    assert vendor.connections == 150


async def test_cancellation_passes_through_and_leaves_no_connection_behind(vendor, provider):
    vendor.faults.append(faults.SILENCE)
    task = asyncio.create_task(provider.send(ask(timeout_s=60)))
    while not vendor.seen:  # noqa: ASYNC110 - the vendor has no event for it
        await asyncio.sleep(0.01)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert (await provider.send(ask())).usage is not None
    assert vendor.connections == 2


async def test_an_outer_deadline_is_a_cancellation_not_our_timeout(vendor, provider):
    vendor.faults.append(faults.SILENCE)
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.1):
            await provider.send(ask(timeout_s=60))


async def test_it_can_be_closed_twice_and_used_again(vendor, provider):
    await provider.send(ask())
    await provider.aclose()
    await provider.aclose()
    await provider.send(ask())


@asynccontextmanager
async def speaking(reply: bytes, *, hang: bool = False):
    """A server that answers every request with these bytes; then it closes, or hangs. Gives its base URL."""
    done = asyncio.Event()

    async def speak(reader: asyncio.StreamReader, writer: asyncio.StreamWriter):
        await reader.readuntil(b"\r\n\r\n")
        writer.write(reply)
        if hang:
            await done.wait()
        writer.close()

    server = await asyncio.start_server(speak, "127.0.0.1", 0)
    yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/v1"
    done.set()
    server.close()
    await asyncio.sleep(0.02)


async def test_a_refusal_whose_body_never_comes_is_still_a_refusal():
    reply = b"HTTP/1.1 429 Too Many\r\nRetry-After: 3\r\nContent-Length: 500\r\n\r\n{"
    async with speaking(reply, hang=True) as url:
        provider = openai_compatible(url)
        error = await failing(provider, ask(timeout_s=0.2))
        await provider.aclose()
    assert type(error) is RateLimited
    assert error.retry_after_s == 3


@pytest.mark.parametrize(
    "reply",
    [
        b"HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n{}",
        b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 2\r\n\r\n{}",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n{}",
        b"HTTP/1.1 200 OK\r\nX-A: " + b"a" * 100_000 + b"\r\n\r\n",
        b"SSH-2.0-OpenSSH_9.2\r\n",
        b"HTTP/1.1 99999 What\r\n\r\n",
        b"\x00" * 4000,
    ],
)
async def test_what_is_no_http_is_lost(reply):
    async with speaking(reply) as url:
        provider = openai_compatible(url)
        error = await failing(provider, ask(timeout_s=2))
        await provider.aclose()
    assert isinstance(error, Lost)


async def test_a_gzipped_reply_is_read():
    async def compress(request, response):
        response.enable_compression()

    vendor = openai_vendor(answer=words)
    vendor.app.on_response_prepare.append(compress)
    async with vendor:
        provider = openai_compatible(vendor.base_url)
        reply = await provider.send(ask(max_tokens=500))
        await provider.aclose()
    assert reply.choices[0].text == "word " * 50


# ---- the address


@pytest.mark.parametrize(
    ("url", "told"),
    [
        ("http://127.0.0.1:8000/v1/", "http://127.0.0.1:8000/v1"),
        ("https://user:secret@host.example/v1?key=secret", "https://host.example/v1"),
    ],
)
def test_the_servers_name_holds_no_secret(url, told):
    assert openai_compatible(url).server == told


async def test_a_dead_proxy_is_not_sent(monkeypatch):
    monkeypatch.setenv("HTTP_PROXY", f"http://user:hunter2hunter2@127.0.0.1:{unused_port()}")
    monkeypatch.delenv("NO_PROXY", raising=False)
    monkeypatch.delenv("no_proxy", raising=False)
    provider = openai_compatible("http://far.example/v1")
    error = await failing(provider)
    await provider.aclose()
    assert type(error) is NotSent
    assert "hunter2" not in error.message


# ---- vllm


@pytest.fixture
async def server():
    async with openai_vendor(flavour="vllm") as made:
        yield made


@pytest.fixture
async def vllm_provider(server):
    made = vllm(server.base_url)
    yield made
    await made.aclose()


async def test_vllm_gets_neutral_values_for_what_is_not_stated(server, vllm_provider):
    await vllm_provider.send(ask(params={"temperature": 0.6, "top_k": 20}))
    sent = server.seen[0].body
    assert {key: sent[key] for key in NEUTRAL} == {**NEUTRAL, "temperature": 0.6, "top_k": 20}


async def test_server_defaults_leaves_them_to_the_server(server):
    provider = vllm(server.base_url, server_defaults=True)
    await provider.send(ask())
    await provider.aclose()
    assert not set(NEUTRAL) & set(server.seen[0].body)


async def test_vllm_tells_each_samples_tokens(server, vllm_provider):
    reply = await vllm_provider.send(ask(8))
    tokens = [c.output_tokens for c in reply.choices]
    assert sum(tokens) == reply.usage.output
    assert len(set(tokens)) > 1


async def test_a_server_that_knows_no_token_ids_is_asked_without_them_from_then_on(server, vllm_provider):
    server.refused = frozenset({"return_token_ids"})
    error = await failing(vllm_provider, ask(2))
    assert type(error) is Overloaded
    assert error.retry_after_s == 0
    assert "return_token_ids" in error.message
    reply = await vllm_provider.send(ask(2))
    assert [c.output_tokens for c in reply.choices] == [None, None]
    assert "return_token_ids" not in server.seen[-1].body


async def test_a_refused_neutral_value_names_the_key_that_leaves_it_out(server, vllm_provider):
    server.refused = frozenset({"min_p"})
    error = await failing(vllm_provider)
    assert type(error) is Stopped
    assert "server_defaults = true" in error.message


@pytest.mark.parametrize("fault", [faults.ERROR_500, faults.ERROR_503])
async def test_vllms_own_5xx_is_free(server, vllm_provider, fault):
    server.faults.append(fault)
    assert type(await failing(vllm_provider)) is Overloaded


async def test_a_probe_costs_nothing_and_tells_models_and_version(server, vllm_provider):
    server.models = ("a", "b")
    probe = await vllm_provider.probe()
    assert (probe.models, probe.version, probe.context_tokens["a"]) == (("a", "b"), "0.32.0", 2048)
    assert server.seen == []
    server.models = None
    assert (await vllm_provider.send(ask())).server_version == "vllm 0.32.0"


async def test_any_endpoint_can_be_probed_for_its_models(vendor, provider):
    vendor.models = ("a", "b")
    assert (await provider.probe()).models == ("a", "b")
    assert vendor.billed_pico == 0


async def test_a_probe_of_a_dead_server_says_so():
    provider = vllm(f"http://127.0.0.1:{unused_port()}/v1")
    with pytest.raises(NotSent, match="refused"):
        await provider.probe()
    await provider.aclose()


# ---- build


def keys(**more: Any) -> Any:
    stated: dict[str, Any] = {
        "provider": "vllm",
        "model": "m",
        "api": "chat",
        "servers": (),
        "base_url": None,
        "own_host": False,
        "api_key": None,
        "api_version": None,
        "free_5xx": False,
        "server_defaults": False,
        "service_tier": None,
        "inference_geo": None,
        "concurrency": 8,
        "tape": None,
        "speed": 60.0,
        "params": {},
    }
    return {**stated, **more}


def test_vllm_has_a_provider_for_each_server():
    servers = ("http://a:1/v1", "http://b:2/v1")
    assert [one.server for one in build(**keys(servers=servers))] == list(servers)


def test_openai_compatible_has_one():
    made = build(**keys(provider="openai-compatible", base_url="http://a/v1", api="completions"))
    assert [one.server for one in made] == ["http://a/v1"]


@pytest.mark.parametrize(
    ("more", "server"),
    [
        ({"provider": "openai"}, "https://api.openai.com/v1"),
        ({"provider": "openai", "api": "responses", "base_url": "http://a/v1"}, "http://a/v1"),
        ({"provider": "openai", "api": "completions"}, "https://api.openai.com/v1"),
        ({"provider": "anthropic"}, "https://api.anthropic.com"),
    ],
)
async def test_the_vendors_have_one(more, server):
    (made,) = build(**keys(api_key=KEY, **more))
    assert made.server.rstrip("/") == server
    await made.aclose()


async def test_openais_old_wire_goes_out_as_it_was():
    async with openai_vendor(answer=four, key=KEY) as vendor:
        (made,) = build(**keys(provider="openai", api="completions", base_url=vendor.base_url, api_key=KEY))
        raw = Request(model="m", prompt=Prompt(text="Q"), n=2, max_tokens=9, timeout_s=5, problem="p")
        assert [c.text for c in (await made.send(raw)).choices] == [" 4", " 4"]
        await made.aclose()
    assert vendor.seen[0].body == {"model": "m", "prompt": "Q", "max_tokens": 9, "n": 2}


def test_replay_plays_a_tape(tmp_path):
    (made,) = build(**keys(provider="replay", tape=tmp_path / "tape.jsonl.gz"))
    assert made.server == "tape:tape.jsonl.gz"


@pytest.mark.parametrize(
    "wrong",
    [
        {"provider": "nobody"},
        {"provider": "openai"},
        {"provider": "anthropic"},
        {"provider": "replay"},
        {"provider": "openai-compatible"},
        {"provider": "vllm"},
        {"api": "responses"},
    ],
)
def test_what_cannot_be_built_says_why(wrong):
    with pytest.raises(Stopped):
        build(**keys(**({"servers": ("http://a/v1",)} if "api" in wrong else {}), **wrong))


def test_aiohttp_makes_no_post_twice():
    """What `one send, one attempt` rests on: aiohttp asks again only with methods that may be repeated."""
    assert "POST" not in aiohttp.client.IDEMPOTENT_METHODS
