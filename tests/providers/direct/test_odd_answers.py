"""Answers that an HTTP server of ours can't write, as endpoints were reported to send them: what was paid is read."""

from __future__ import annotations

import asyncio
import json
from contextlib import asynccontextmanager
from functools import partial
from typing import Any, NamedTuple

import pytest

from providers.errors import Lost, MayHaveCost, ProviderError, RateLimited, Stopped, Unusable
from providers.openai_compatible import openai_compatible
from providers.types import Message, Prompt, Request, Usage

TEXT = "The answer is 5"
CHOICE = {"index": 0, "finish_reason": "stop", "message": {"role": "assistant", "content": TEXT}}
COUNTS = {"prompt_tokens": 20, "completion_tokens": 10, "total_tokens": 30}
REPLY: dict[str, Any] = {
    "id": "c",
    "object": "chat.completion",
    "model": "m",
    "choices": [CHOICE],
    "usage": COUNTS,
}
BODY = json.dumps(REPLY).encode()
CLOSED = b"Connection: close\r\n"


def http(
    body: bytes | dict[str, Any], more: bytes = b"", *, length: int | None = None, status: str = "200 OK"
) -> bytes:
    sent = body if isinstance(body, bytes) else json.dumps(body).encode()
    head = f"HTTP/1.1 {status}\r\nContent-Type: application/json\r\nContent-Length: {length or len(sent)}\r\n"
    return head.encode() + CLOSED + more + b"\r\n" + sent


def chunks(*pieces: bytes, kind: str = "application/json", end: bytes = b"0\r\n\r\n") -> bytes:
    head = (
        f"HTTP/1.1 200 OK\r\nContent-Type: {kind}\r\nTransfer-Encoding: chunked\r\n".encode()
        + CLOSED
        + b"\r\n"
    )
    return head + b"".join(f"{len(piece):x}\r\n".encode() + piece + b"\r\n" for piece in pieces) + end


def delta(text: str | None = None, reason: str | None = None, **more: Any) -> dict[str, Any]:
    choice = {"index": 0, "delta": {} if text is None else {"content": text}, "finish_reason": reason, **more}
    return {"id": "c", "object": "chat.completion.chunk", "model": "m", "choices": [choice]}


def events(*data: list[dict[str, Any]]) -> bytes:
    lines = [
        "".join(map(json.dumps, objects))
        for objects in [*data, [{"id": "c", "choices": [], "usage": COUNTS}]]
    ]
    return chunks(
        "".join(f"data: {line}\n\n" for line in [*lines, "[DONE]"]).encode(), kind="text/event-stream"
    )


def request(timeout_s: float = 5.0) -> Request:
    prompt = Prompt(messages=(Message("user", "2 + 3?"),))
    return Request(model="m", prompt=prompt, n=1, max_tokens=64, timeout_s=timeout_s, problem="p")


WIRES = {"plain": ("", "sk-odd"), "aiohttp": ("user:word@", "")}
"""What stands before the host, and the key: an address with a password is asked over aiohttp, as https is."""


@pytest.fixture(params=WIRES)
def answering(request):
    return partial(_answering, *WIRES[request.param])


@asynccontextmanager
async def _answering(before: str, key: str, *answers: bytes):
    """Gives a provider of a server that answers so, the last answer again and again, and what it was sent."""
    heads: list[bytes] = []

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        length = next(line for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:"))
        await reader.readexactly(int(length.split(b":")[1]))
        heads.append(head)
        writer.write(answers[min(len(heads), len(answers)) - 1])
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    provider = openai_compatible(
        f"http://{before}127.0.0.1:{server.sockets[0].getsockname()[1]}/v1", api_key=key
    )
    try:
        yield provider, heads
    finally:
        await provider.aclose()
        server.close()


class Read(NamedTuple):
    where: str
    answer: bytes
    text: str = TEXT


WHOLE = [
    Read("bentoml/BentoML#4346: a header of 16 KB", http(REPLY, b"x-meta: " + b"a" * 16_176 + b"\r\n")),
    Read("200 headers", http(REPLY, b"".join(b"x-%d: a\r\n" % n for n in range(200)))),
    Read("npuichigo/openai_trtllm#31: no last chunk", chunks(BODY, end=b"")),
    Read("a length that is too large", http(BODY, length=len(BODY) + 9)),
    Read("zhayujie/CowAgent#1743: a byte order mark", http(b"\xef\xbb\xbf" + BODY)),
    Read("UTF-16", http(BODY.decode().encode("utf-16"))),
    Read(
        "comet-ml/opik#2518: a line end in a text",
        http(BODY.replace(b"The a", b"The\na")),
        "The\nanswer is 5",
    ),
    Read("googleapis/python-genai#1162: twice", http(BODY + BODY)),
    Read("something after it", http(BODY + b"\n<!-- cached -->")),
    Read("NousResearch/hermes-agent#66750: an envelope", http({"data": REPLY, "success": True})),
    Read("a chunk as the body", http({**delta(TEXT, "stop"), "usage": COUNTS})),
    Read("counts as texts", http({**REPLY, "usage": {name: str(count) for name, count in COUNTS.items()}})),
    Read("openai/openai-python#663: two in one event", events([delta("The answer"), delta(" is 5", "stop")])),
    Read("the same piece twice in one event", events([delta("5"), delta("5")], [delta(None, "stop")]), "55"),
    Read("CherryHQ/cherry-studio#8065: a message", events([delta("", "stop", message=CHOICE["message"])])),
    Read("it goes on after its end", events([delta("The answer", "stop")], [delta(" is 5")])),
    Read("all of it again at its end", events([delta(TEXT, "stop")], [delta(TEXT)])),
]


@pytest.mark.parametrize("read", WHOLE, ids=lambda read: read.where)
async def test_a_reply_that_came_is_read(answering, read):
    async with answering(read.answer) as (provider, _):
        reply = await provider.send(request())
    assert [(choice.text, choice.finish_reason) for choice in reply.choices] == [(read.text, "stop")]
    assert reply.usage == Usage(input=20, output=10)


async def test_a_wrong_content_encoding_costs_one_reply(answering):
    """langgenius/dify#9275"""
    async with answering(http(REPLY, b"Content-Encoding: gzip\r\n")) as (provider, heads):
        with pytest.raises(Lost, match="not encoded as its Content-Encoding header says"):
            await provider.send(request())
        reply = await provider.send(request())
    assert reply.usage == Usage(input=20, output=10)
    assert b"Accept-Encoding: identity" in heads[1]


HTML = b"<!doctype html><html><head><title>Open WebUI</title></head></html>"
NONE = [
    (
        http({"error": "Unexpected endpoint or method. (POST /chat/completions)"}),
        Stopped,
        "check the base URL",
    ),
    (http(HTML), Unusable, "a web page .'Open WebUI'. in place of a reply: check the base URL"),
    (http({"choices": None, "usage": None}), Unusable, "a reply without choices"),
    (http({"data": {"task": "queued"}, "success": True}), Unusable, "a reply without choices"),
    (
        http(b"\n".join(json.dumps(delta(text)).encode() for text in ("a", "b"))),
        Unusable,
        "not a JSON object",
    ),
    (
        http(b"\n".join(json.dumps({"created_at": "now", "done": done}).encode() for done in (False, True))),
        Stopped,
        "a reply of Ollama's own API in place of OpenAI's: end base_url in /v1",
    ),
    (http({"created_at": "now", "done": True}), Stopped, "Ollama's own API"),
    (http({"candidates": [], "usageMetadata": {}}), Stopped, "Gemini's own API.*provider = .google."),
    (http(b'[{"generated_text": "5"}]'), Stopped, "TGI's own API"),
    (chunks(BODY[:60], end=b""), Lost, "ended before its stated length"),
]
"""lmstudio-ai/lmstudio-bug-tracker#618 is the first, langchain-ai/langchain#35236 the third."""


@pytest.mark.parametrize(("answer", "kind", "says"), NONE)
async def test_an_answer_that_holds_none_may_have_been_billed(answering, answer, kind, says):
    async with answering(answer) as (provider, _):
        with pytest.raises(ProviderError, match=says) as found:
            await provider.send(request())
    assert type(found.value) is kind
    assert found.value.outcome is MayHaveCost.UNKNOWN
    assert "<" not in found.value.message


async def test_a_refusal_that_breaks_off_says_what_came_of_it(answering):
    said = b"Rate limit reached, try again in 7s."
    async with answering(http(said, length=400, status="429 Too Many")) as (provider, _):
        with pytest.raises(RateLimited) as found:
            await provider.send(request())
    assert found.value.retry_after_s == 7


async def test_a_vendor_at_its_capacity_is_waited_for_whatever_its_status(answering):
    """Groq's 498."""
    full = {"error": {"message": "Flex tier capacity exceeded", "type": "capacity_exceeded"}}
    async with answering(http(full, status="498 Custom")) as (provider, _):
        with pytest.raises(RateLimited):
            await provider.send(request())
