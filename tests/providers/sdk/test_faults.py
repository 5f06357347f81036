"""Both SDKs against real HTTP servers: every fault gets its class and its cost, and is one request on the wire."""

import asyncio
import socket
import subprocess
import sys
from importlib import import_module
from typing import Any

import httpx2
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
)
from providers.sdk.failures import NEVER_SENT, failure_of
from providers.sdk.http_client import SdkExchange, SecondAttempt, WitnessedTransport, open_client
from tests.loopback import faults
from tests.loopback.faults import Fault
from tests.loopback.vendor import Said
from tests.providers.sdk.sdk_ends import KEY, MODELS, ask, failing, four, make, talking

pytestmark = pytest.mark.slow

ENDS = tuple(MODELS)


@pytest.fixture(params=ENDS)
def end(request):
    return request.param


@pytest.fixture(params=["openai", "anthropic"])
def sdk(request):
    """Imported here: each takes half a second, in every process that only collects."""
    return import_module(request.param)


def root_of(sdk: Any) -> Any:
    return sdk.OpenAIError if sdk.__name__ == "openai" else sdk.AnthropicError


# ---- refusals are free


@pytest.mark.parametrize(
    ("fault", "kind", "wait"),
    [
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
async def test_a_refusal_is_free_and_one_request(end, fault, kind, wait):
    async with talking(end) as (vendor, provider):
        vendor.faults.append(fault)
        error = await failing(provider)
        assert type(error) is kind
        assert error.outcome is MayHaveCost.FREE
        if wait is not None:
            assert error.retry_after_s == pytest.approx(wait, abs=1.1)
        assert error.request_id == "req_00000001"
        assert len(vendor.seen) == 1
        assert vendor.billed_pico == 0


@pytest.mark.parametrize("fault", [faults.ERROR_500, faults.ERROR_503], ids=str)
async def test_a_gateways_5xx_is_unknown_unless_the_user_says_free(end, fault):
    for free_5xx, kind in ((False, Lost), (True, Overloaded)):
        async with talking(end, provider={"own_host": False, "free_5xx": free_5xx}) as (vendor, provider):
            vendor.faults.append(fault)
            assert type(await failing(provider)) is kind
            assert len(vendor.seen) == 1


async def test_a_wrong_key_is_not_repeated_in_the_message(end):
    async with talking(end, provider={"api_key": "sk-wrong-9876543210zyxwvu"}) as (vendor, provider):
        error = await failing(provider)
        assert type(error) is Stopped
        assert "9876543210" not in error.message
        assert len(vendor.seen) == 1


async def test_a_half_body_of_an_error_still_says_its_status(end):
    """The status of a refusal is enough: a 429 whose body breaks off did no work."""

    async def half(reader, writer):
        await reader.readuntil(b"\r\n\r\n")
        writer.write(
            b'HTTP/1.1 429 Too Many Requests\r\nContent-Length: 999\r\nRetry-After: 7\r\n\r\n{"error"'
        )
        await writer.drain()
        writer.close()

    async with await asyncio.start_server(half, "127.0.0.1") as server:
        port = server.sockets[0].getsockname()[1]
        provider = make(end, f"http://127.0.0.1:{port}")
        error = await failing(provider)
        await provider.aclose()
    assert type(error) is RateLimited
    assert error.retry_after_s == 7


# ---- everything else may have been billed


@pytest.mark.parametrize("fault", faults.LOST, ids=str)
async def test_an_answer_that_does_not_say_is_lost_after_one_request(end, fault):
    async with talking(end) as (vendor, provider):
        vendor.faults.append(fault)
        error = await failing(provider)
        assert isinstance(error, Lost)
        assert error.outcome is MayHaveCost.UNKNOWN
        assert len(vendor.seen) == 1
        assert (await provider.send(ask())).usage is not None  # the next one is well


async def test_a_kept_alive_connection_that_breaks_is_lost_and_not_asked_again(end):
    async with talking(end) as (vendor, provider):
        await provider.send(ask())
        vendor.faults.append(faults.RESET_BILLED)
        assert isinstance(await failing(provider), Lost)
        assert len(vendor.seen) == 2


PAID = {
    "chat": {"choices": [{"index": 0, "message": {"content": "four"}, "finish_reason": "stop"}]},
    "responses": {
        "status": "completed",
        "output": [{"type": "message", "content": [{"type": "output_text", "text": "four"}]}],
    },
    "messages": {"content": [{"type": "text", "text": "four"}], "stop_reason": "end_turn"},
}


async def test_a_wrong_content_encoding_costs_one_reply(end):
    count = ("prompt_tokens", "completion_tokens") if end == "chat" else ("input_tokens", "output_tokens")
    body = {**PAID[end], "usage": dict.fromkeys(count, 3)}
    async with talking(end) as (vendor, provider):
        vendor.says = lambda asked: Said(200, body, {"Content-Encoding": "gzip"})
        assert "not encoded as its Content-Encoding header says" in (await failing(provider)).message
        reply = await provider.send(ask())
        assert [choice.text for choice in reply.choices] == ["four"]
        assert [seen.headers["Accept-Encoding"] == "identity" for seen in vendor.seen] == [False, True]


async def test_a_redirect_is_not_followed(end):
    async with talking(end) as (vendor, provider):
        vendor.faults.append(faults.REDIRECT)
        error = await failing(provider)
        assert type(error) is Stopped
        assert error.outcome is MayHaveCost.UNKNOWN
        assert len(vendor.seen) == 1


async def test_a_reply_larger_than_it_can_be_is_lost(end):
    async with talking(end) as (vendor, provider):
        vendor.faults.append(faults.HUGE)
        error = await failing(provider, ask(timeout_s=20))
        assert isinstance(error, Lost)
        assert "bytes" in error.message


async def test_a_slow_reply_ends_at_the_time_out_though_bytes_keep_coming(end):
    async with talking(end) as (vendor, provider):
        vendor.faults.append(Fault("drip", billed=True, value=0.2))  # ten pieces, two seconds
        error = await failing(provider, ask(timeout_s=0.5))
        assert isinstance(error, Lost)
        assert "no whole reply within 0.5 s" in error.message


@pytest.mark.parametrize("fault", [faults.NO_USAGE, faults.WRONG_USAGE], ids=str)
async def test_a_reply_without_sound_usage_keeps_its_sample(end, fault):
    async with talking(end, answer=four) as (vendor, provider):
        vendor.faults.append(fault)
        reply = await provider.send(ask())
        assert reply.usage is None
        assert [choice.text for choice in reply.choices] == ["four"]


async def test_a_reply_with_more_output_than_was_asked_tells_it(end):
    async with talking(end) as (vendor, provider):
        vendor.faults.append(faults.TOO_MUCH_OUTPUT)
        reply = await provider.send(ask(max_tokens=5))
        assert reply.usage.output == 6


# ---- never sent


async def test_a_refused_connection_is_not_sent(end):
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        provider = make(end, f"http://127.0.0.1:{closed.getsockname()[1]}")
        error = await failing(provider)
    assert type(error) is NotSent
    assert error.outcome is MayHaveCost.FREE
    assert "connection refused" in error.message
    await provider.aclose()


async def test_an_unknown_host_is_not_sent(end):
    provider = make(end, "http://no-such-host.invalid")
    assert type(await failing(provider, ask(timeout_s=20))) is NotSent
    await provider.aclose()


async def test_a_server_that_speaks_no_tls_is_not_sent(end):
    async with talking(end) as (vendor, _):
        provider = make(end, vendor.root_url.replace("http:", "https:"))
        error = await failing(provider, ask(timeout_s=5))
        await provider.aclose()
        assert type(error) is NotSent
        assert vendor.seen == []


@pytest.mark.parametrize("key", ["sk-\N{SNOWMAN}-0123456789", "sk-a\nX-Evil: 1"])
async def test_a_key_that_no_header_can_carry_stops_the_model(end, key):
    async with talking(end, provider={"api_key": key}) as (vendor, provider):
        assert type(await failing(provider)) is Stopped
        assert vendor.seen == []


@pytest.mark.parametrize("key", [None, "", "  "])
def test_no_key_is_said_when_the_provider_is_made(end, key):
    with pytest.raises(Stopped, match="api_key_env"):
        make(end, "http://127.0.0.1:9", api_key=key)


async def test_a_prompt_that_no_json_can_hold_is_a_bad_request(end):
    async with talking(end) as (vendor, provider):
        error = await failing(provider, ask(prompt="\ud800"))
        assert type(error) is BadRequest
        assert vendor.seen == []


# ---- connections, cancellation, time


async def test_waiting_for_a_connection_costs_no_time_of_the_request(end):
    async with talking(end, provider={"concurrency": 1}, latency=0.2) as (vendor, provider):
        replies = await asyncio.gather(*(provider.send(ask(timeout_s=0.5)) for _ in range(4)))
        assert vendor.most_in_flight == 1
        assert vendor.connections == 1
    assert all(0.2 <= reply.latency_s < 0.5 for reply in replies)


async def test_as_many_connections_as_requests_may_be_in_flight(end):
    async with talking(end, provider={"concurrency": 40}) as (vendor, provider):
        vendor.held.set()
        async with asyncio.TaskGroup() as asking:
            for _ in range(40):
                asking.create_task(provider.send(ask()))
            while vendor.in_flight < 40:  # noqa: ASYNC110  it works in another thread
                await asyncio.sleep(0.01)
            vendor.held.clear()
        assert vendor.most_in_flight == 40


async def test_cancellation_passes_through(end):
    async with talking(end) as (vendor, provider):
        vendor.faults.append(faults.SILENCE)
        task = asyncio.create_task(provider.send(ask()))
        while not vendor.seen:  # noqa: ASYNC110
            await asyncio.sleep(0.01)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert len(vendor.seen) == 1
        assert (await provider.send(ask())).usage is not None


async def test_an_outer_time_out_is_the_callers(end):
    async with talking(end) as (vendor, provider):
        vendor.faults.append(faults.SILENCE)
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.2):
                await provider.send(ask())


async def test_idle_connections_are_probed(end):
    async with talking(end) as (_, provider):
        await provider.send(ask())
        transport = provider._account.client._client._transport._inner._pools[0].transport
        (connection,) = transport._pool.connections
        sock = connection._connection._network_stream.get_extra_info("socket")
        assert sock.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE)


# ---- the environment


async def test_the_environment_changes_neither_the_host_nor_the_key(end, monkeypatch):
    for name, value in {
        "OPENAI_BASE_URL": "http://127.0.0.1:9/v1",
        "ANTHROPIC_BASE_URL": "http://127.0.0.1:9",
        "OPENAI_API_KEY": "sk-other",
        "OPENAI_ADMIN_KEY": "sk-admin",
        "ANTHROPIC_API_KEY": "sk-other",
        "ANTHROPIC_AUTH_TOKEN": "sk-token",
        "ANTHROPIC_PROFILE": "none-such",
        "OPENAI_CUSTOM_HEADERS": "Authorization: Bearer other\nX-Team: blue",
        "ANTHROPIC_CUSTOM_HEADERS": "Authorization: Bearer other\nX-Team: blue",
    }.items():
        monkeypatch.setenv(name, value)
    async with talking(end) as (vendor, provider):
        await provider.send(ask())
        (seen,) = vendor.seen
        lower = {name.lower(): value for name, value in seen.headers.items()}
        assert lower["authorization"] == f"Bearer {KEY}"
        assert lower["x-team"] == "blue"
        assert provider.server.startswith(vendor.root_url)


async def test_a_key_in_custom_headers_is_scrubbed_too(monkeypatch):
    secret = "gateway-pass-55aa55aa"
    monkeypatch.setenv("OPENAI_CUSTOM_HEADERS", f"X-Gateway-Key: {secret}")
    async with talking("chat") as (vendor, provider):
        vendor.models = ("another",)
        error = await failing(provider, ask(model=f"asked with {secret}"))
        assert secret not in error.message


async def test_no_proxy_is_used_for_this_machine(end, monkeypatch):
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    monkeypatch.setenv("ALL_PROXY", "http://127.0.0.1:9")
    async with talking(end) as (_, provider):
        assert (await provider.send(ask())).usage is not None


@pytest.mark.parametrize("end", ENDS)
async def test_build_makes_them_from_a_models_keys(end):
    async with talking(end) as (vendor, _):
        settings: dict[str, Any] = {
            "provider": "anthropic" if end == "messages" else "openai",
            "model": MODELS[end],
            "api": "responses" if end == "responses" else "chat",
            "servers": (),
            "base_url": vendor.root_url if end == "messages" else vendor.base_url,
            "own_host": False,
            "api_version": "2023-06-01" if end == "messages" else None,
            "free_5xx": False,
            "server_defaults": False,
            "service_tier": "standard_only" if end == "messages" else "flex",
            "inference_geo": "us" if end == "messages" else None,
            "concurrency": 4,
            "tape": None,
            "speed": 1.0,
            "params": {},
        }
        (provider,) = build(**settings, api_key=KEY)
        await provider.send(ask())
        await provider.aclose()
        (seen,) = vendor.seen
        assert seen.body["service_tier"] == settings["service_tier"]
        if end == "messages":
            assert seen.headers["anthropic-version"] == "2023-06-01"
            assert seen.body["inference_geo"] == "us"
        with pytest.raises(Stopped):
            build(**settings, api_key=None)


def test_importing_the_providers_imports_no_sdk():
    code = "import sys, providers.build, providers.known_refusals; print({'openai', 'anthropic'} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"


# ---- every class of the SDKs


def tree(root):
    """The class and all below it."""
    yield root
    for child in root.__subclasses__():
        yield from tree(child)


def made(kind, status):
    """An instance as the SDK would hold it, without running each class's own constructor."""
    request = httpx2.Request("POST", "http://127.0.0.1/v1")
    body = b'{"error": {"message": "it says no", "type": "invalid_request_error"}}'
    response = httpx2.Response(status, content=body, request=request)
    error = kind.__new__(kind)
    Exception.__init__(error, "it says no")
    error.message, error.request, error.body, error.request_id = "it says no", request, None, None
    error.response, error.status_code = response, status
    return error


def test_every_exception_of_an_sdk_has_its_class_and_cost(sdk):
    kinds = list(dict.fromkeys(tree(root_of(sdk))))
    assert len(kinds) > 10
    for kind in kinds:
        exchange = SdkExchange(ask())
        exchange.attempts, exchange.left_at = 1, 0.0
        own = getattr(kind, "status_code", None)
        status = own if isinstance(own, int) else 500
        error = failure_of(
            made(kind, status),
            exchange,
            sdk=sdk,
            what="it",
            server="x",
            own_host=True,
            free_5xx=False,
            secrets=(KEY,),
        )
        assert isinstance(error, ProviderError)
        if issubclass(kind, sdk.APIStatusError):
            free = status in (500, 503, 529) or (
                400 <= status < 500 and status not in (408, 409, 424, 425, 499)
            )
            assert error.status == status, kind
            assert (error.outcome is MayHaveCost.FREE) == free, kind
        else:
            assert isinstance(error, Lost)  # it had left, and nobody said no


@pytest.mark.parametrize("kind", list(dict.fromkeys(tree(httpx2.HTTPError))), ids=lambda kind: kind.__name__)
@pytest.mark.parametrize("left", [True, False], ids=["left", "not left"])
def test_only_what_never_had_a_connection_is_free(sdk, kind, left):
    exchange = SdkExchange(ask())
    exchange.attempts, exchange.left_at = 1, 0.0 if left else None
    error = sdk.APIConnectionError(request=httpx2.Request("POST", "http://127.0.0.1/v1"))
    cause = kind.__new__(kind)
    Exception.__init__(cause, "down")
    error.__cause__ = cause
    found = failure_of(
        error, exchange, sdk=sdk, what="it", server="x", own_host=True, free_5xx=False, secrets=()
    )
    assert type(found) is (NotSent if issubclass(kind, NEVER_SENT) and not left else Lost)


def test_what_the_sdk_would_not_send_stops_the_model(sdk):
    error = failure_of(
        root_of(sdk)(f"no credentials like {KEY}"),
        SdkExchange(ask()),
        sdk=sdk,
        what="it",
        server="x",
        own_host=True,
        free_5xx=False,
        secrets=(KEY,),
    )
    assert type(error) is Stopped
    assert KEY not in error.message


async def test_a_second_attempt_of_an_sdk_never_reaches_the_wire():
    """Should an SDK retry by itself one day, the transport refuses it, and the first stays charged."""
    async with talking("chat") as (vendor, provider):
        vendor.faults.extend([faults.ERROR_500, faults.ERROR_500])
        provider._account.client = import_module("openai").AsyncOpenAI(
            api_key=KEY, base_url=vendor.base_url, http_client=open_client(vendor.base_url, 1)
        )
        original: Any = provider._account.client.post

        def retrying(path: str, **more: Any) -> Any:
            return original(path, **{**more, "options": {**more["options"], "max_retries": 1}})

        provider._account.client.post = retrying
        error = await failing(provider)
        assert len(vendor.seen) == 1
        assert isinstance(error, Lost)  # an SDK that asks again drops what the vendor said
        await provider._account.client.close()


async def test_the_transport_sends_nothing_outside_an_exchange():
    transport = WitnessedTransport(httpx2.MockTransport(lambda request: httpx2.Response(200)))
    with pytest.raises(LookupError):
        await transport.handle_async_request(httpx2.Request("GET", "http://127.0.0.1"))
    exchange = SdkExchange(ask())
    exchange.begin()
    with pytest.raises(SecondAttempt):
        exchange.begin()
