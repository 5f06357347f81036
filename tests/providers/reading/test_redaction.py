"""A key that a vendor echoes, wherever it can, is in nothing that a provider hands on. On every wire."""

import traceback

import msgspec
import pytest
from aiohttp import web

from providers.errors import BadRequest, Lost, ProviderError
from providers.reading.redaction import clean_error, clean_reply
from providers.transport import streaming
from providers.types import Choice, Reply
from tests.loopback.vendor import Sample
from tests.providers.sdk.sdk_ends import KEY, ask
from tests.providers.wires.wires import WIRES, talking


def all_of(error: BaseException) -> str:
    """Whatever a log could show of an error."""
    told = "".join(traceback.format_exception(error))
    return told + repr(error) + repr({k: v for k, v in vars(error).items() if not k.startswith("__")})


async def failed(provider) -> str:
    with pytest.raises(ProviderError) as caught:
        await provider.send(ask(timeout_s=5))
    return all_of(caught.value)


@pytest.fixture(params=[False, True], ids=["whole", "streamed"])
def streamed(request, monkeypatch):
    if request.param:
        monkeypatch.setattr(streaming, "STREAM_ABOVE_S", 0.0)
    return request.param


def answering(vendor, response) -> None:
    """Puts `response` in the place of the vendor's own replies."""

    async def answer(request, wire):
        await request.read()
        return response()

    vendor._handle = answer


@pytest.mark.parametrize("status", [400, 401, 403, 404, 413, 422, 429, 500, 502, 503, 529])
@pytest.mark.parametrize("wire", WIRES)
async def test_a_key_in_an_errors_body_and_headers(wire, status):
    body = {"error": {"message": f"bad key {KEY}", "type": KEY, "code": KEY, "param": KEY}, "request_id": KEY}
    headers = {"x-request-id": KEY, "request-id": KEY, "x-ratelimit-limit-requests": KEY, "Retry-After": KEY}
    async with talking(wire) as (vendor, provider):
        answering(vendor, lambda: web.json_response(body, status=status, headers=headers))
        assert KEY not in await failed(provider)


@pytest.mark.parametrize("wire", WIRES)
async def test_a_key_in_a_redirect(wire):
    async with talking(wire) as (vendor, provider):
        answering(
            vendor, lambda: web.Response(status=307, headers={"Location": f"http://x.invalid/{KEY}?k={KEY}"})
        )
        assert KEY not in await failed(provider)


@pytest.mark.parametrize("sent", [f"you sent {KEY}", f'{{"error": {{"message": "{KEY}"}}}}', f"{KEY}" * 9])
@pytest.mark.parametrize("wire", WIRES)
async def test_a_key_in_a_reply_that_is_none(wire, sent, streamed):
    async with talking(wire) as (vendor, provider):
        answering(vendor, lambda: web.Response(text=sent))
        assert KEY not in await failed(provider)


@pytest.mark.parametrize(
    "sent",
    [
        f"data: you sent {KEY}\n\n",
        f'data: {{"type": "error", "error": {{"message": "bad key {KEY}", "type": "{KEY}"}}}}\n\n',
        f'event: error\ndata: {{"type": "error", "code": "x", "message": "bad key {KEY}"}}\n\n',
        f'data: {{"id": "{KEY}", "model": "{KEY}", "choices": []}}\n\n',
        f'data: {{"type": "message_start", "message": {{"id": "{KEY}", "model": "{KEY}"}}}}\n\n',
        f'data: {{"type": "response.created", "response": {{"id": "{KEY}", "model": "{KEY}"}}}}\n\n',
    ],
)
@pytest.mark.parametrize("wire", WIRES)
async def test_a_key_in_a_stream_that_breaks(wire, sent, monkeypatch):
    monkeypatch.setattr(streaming, "STREAM_ABOVE_S", 0.0)
    async with talking(wire) as (vendor, provider):
        answering(vendor, lambda: web.Response(text=sent, content_type="text/event-stream"))
        assert KEY not in await failed(provider)


@pytest.mark.parametrize("wire", WIRES)
async def test_a_key_in_a_good_reply(wire, streamed):
    async with talking(wire, service_tier=KEY) as (vendor, provider):
        vendor.answer = lambda prompt, index: Sample(text=f"your key is {KEY}.", reasoning=f"hm, {KEY}")
        vendor.headers = lambda request_id: {"x-request-id": KEY, "x-ratelimit-limit-requests": KEY}
        reply = await provider.send(ask(model=KEY, timeout_s=5))
        assert KEY not in msgspec.json.encode(reply).decode()
        assert reply.choices[0].text == "your key is [key]."
        assert reply.usage is not None


def test_what_holds_no_key_stays_as_it_is():
    choices = (Choice(index=0, text="sk-1234567890123456 is no key of ours", reasoning=None),)
    reply = Reply(choices=choices, usage=None, model="m", request_id="r", notes=("n",))
    assert clean_reply(reply, (KEY,)) == reply
    assert clean_reply(reply, ()) == reply


def test_a_short_secret_is_not_taken_out_of_texts():
    reply = Reply(choices=(Choice(index=0, text="the cat"),), usage=None)
    assert clean_reply(reply, ("cat",)) == reply


def test_causes_are_kept_unless_they_name_a_key():
    for said, kept in (("refused", True), (f"bad key {KEY}", False)):
        error = Lost("it broke", request_id=KEY, choices=(Choice(index=0, text=KEY),))
        try:
            try:
                raise ValueError(said)
            except ValueError as cause:
                raise error from cause
        except Lost:
            clean_error(error, (KEY,))
        assert (error.__cause__ is not None) == kept
        assert KEY not in all_of(error)
        assert error.choices[0].text == "[key]"


def test_an_error_without_a_key_is_only_scrubbed():
    error = BadRequest("no", request_id="r", rate_headers={"retry-after": "1"})
    clean_error(error, (KEY,))
    assert (error.message, error.request_id, error.rate_headers) == ("no", "r", {"retry-after": "1"})
