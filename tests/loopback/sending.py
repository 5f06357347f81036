"""How each fault is sent: by HTTP where the vendor still speaks it, else by what happens to the socket."""

from __future__ import annotations

import asyncio
import json
from email.utils import formatdate
from time import time
from typing import TYPE_CHECKING, Any

from aiohttp import web

from tests.loopback.streams import Event

if TYPE_CHECKING:
    from tests.loopback.faults import Fault
    from tests.loopback.vendor import Job, Vendor, Wire

HUGE_BYTES = 80 << 20
ENGINE_DIED = "EngineCore encountered an issue."
GATEWAY = b"<html><head><title>Bad gateway</title></head><body>cloud</body></html>"


async def send_fault(
    vendor: Vendor, wire: Wire, request: web.Request, fault: Fault, request_id: str, job: Job | None
) -> web.StreamResponse:
    """The reply to a request that the fault hit; `job` is the work done, where it is billed."""
    refusal = _refusal(vendor, wire, request, fault, request_id)
    if refusal is not None:
        return refusal
    spoilt = _spoilt(fault.kind, vendor.reply_body(wire, job)) if job is not None else {}
    streamed = job is not None and job.asked.streamed
    events = wire.events(spoilt, job, vendor) if job is not None and streamed else []
    body = b"".join(event.sent for event in events) if streamed else json.dumps(spoilt).encode()
    kind = "text/event-stream" if streamed else "application/json"
    headers = vendor.headers(request_id)
    match fault.kind:
        case "bare 500" | "bare 503":
            return web.Response(status=int(fault.kind[-3:]), headers=headers)
        case "502" | "504":
            return web.Response(status=int(fault.kind), body=GATEWAY, content_type="text/html")
        case "408":
            return vendor.refuse(wire, request_id, 408, "Request timed out.", kind="timeout", code=None)
        case "redirect":
            return web.Response(status=307, headers={"Location": f"{vendor.root_url}/elsewhere"})
        case "half json":
            return web.Response(body=body[: len(body) // 2], content_type=kind, headers=headers)
        case "not json":
            return web.Response(body=b"upstream said nothing", content_type="text/plain")
        case "huge":
            return await _stream_huge(request, kind)
        case "drip":
            return await _drip(request, body, {**headers, "Content-Type": kind}, float(fault.value or 0.02))
        case "reset" | "closed" | "half headers" | "half body" | "silence":
            return await _break(vendor, request, fault.kind, body, kind)
        case "cut stream" | "stalled stream" | "error event" | "endless stream" | "no end" if streamed:
            return await _spoil_stream(vendor, wire, request, fault.kind, events, headers)
        case "cut stream" | "stalled stream" | "error event" | "no end":
            return await _break(vendor, request, "half body", body, kind)
        case _:
            return web.Response(body=body, content_type=kind, headers=headers)


async def send_stream(
    vendor: Vendor, wire: Wire, request: web.Request, request_id: str, job: Job
) -> web.StreamResponse:
    """A whole reply as a stream, in pieces that end anywhere."""
    reply = vendor.reply_body(wire, job)
    events = wire.events(reply, job, vendor)
    late = [] if vendor.late_events is None else vendor.late_events(reply, job)
    events[-1:-1] = [Event(json.dumps(one), name=one.get("type")) for one in late]
    body = b"".join(event.sent for event in events)
    response = web.StreamResponse(headers={**vendor.headers(request_id), "Content-Type": vendor.stream_type})
    await response.prepare(request)
    at = 0
    while at < len(body):
        size = vendor.random.randint(1, 4096)
        await response.write(body[at : at + size])
        at += size
    return response


async def _spoil_stream(
    vendor: Vendor,
    wire: Wire,
    request: web.Request,
    kind: str,
    events: list[Event],
    headers: dict[str, str],
) -> web.StreamResponse:
    """The events up to a sample's end where the stream has several (else up to the last event), and then what `kind`
    says."""
    upto = len(events)
    if kind == "no end":
        upto -= 1
    elif kind != "endless stream":
        upto = min(upto - 1, next((i + 1 for i, event in enumerate(events) if event.ends), 0))
    response = web.StreamResponse(headers={**headers, "Content-Type": "text/event-stream"})
    await response.prepare(request)
    await response.write(b"".join(event.sent for event in events[:upto]))
    if kind == "error event":
        error = wire.error(503, ENGINE_DIED, kind="server_error", code=None, param=None)
        await response.write(b"event: error\ndata: " + json.dumps(error).encode() + b"\n\n")
    if kind in ("stalled stream", "endless stream"):
        await vendor.closing.wait()
    if kind == "cut stream":
        await asyncio.sleep(0.05)  # so that the events are read before the reset drops them
        hang_up(request)
    return response


def hang_up(request: web.Request) -> None:
    """A reset, unless the client has gone by itself."""
    if request.transport is not None:
        request.transport.abort()


def _refusal(
    vendor: Vendor, wire: Wire, request: web.Request, fault: Fault, request_id: str
) -> web.StreamResponse | None:
    match fault.kind:
        case "429":
            headers: dict[str, str] = {}
            if fault.value is not None:
                soon = formatdate(time() + 2, usegmt=True)
                headers["Retry-After"] = soon if fault.value == "date" else str(fault.value)
            message = "Rate limit reached for requests."
            return vendor.refuse(
                wire, request_id, 429, message, kind="requests", code="rate_limit_exceeded", headers=headers
            )
        case "status":
            status = int(fault.value or 0)
            return vendor.refuse(wire, request_id, status, f"No: {status}.", kind="refused", headers={})
        case "no credit":
            message = "You exceeded your current quota, please check your plan and billing details."
            code = "insufficient_quota"
            return vendor.refuse(wire, request_id, 429, message, kind=code, code=code, headers={})
        case "bad key":
            key = request.headers.get("Authorization", "").removeprefix("Bearer ") or request.headers.get(
                "x-api-key"
            )
            message = f"Incorrect API key provided: {key}."
            return vendor.refuse(wire, request_id, 401, message, code="invalid_api_key")
        case "529":
            return vendor.refuse(wire, request_id, 529, "Overloaded", kind="overloaded_error")
        case "500" | "503":
            message = "The server had an error while processing your request. Sorry about that!"
            return vendor.refuse(wire, request_id, int(fault.kind), message, kind="server_error")
        case "content policy":
            message = "Your request was rejected as a result of our safety system."
            return vendor.refuse(wire, request_id, 400, message, code="content_policy_violation")
        case _:
            return None


def _spoilt(kind: str, body: dict[str, Any]) -> dict[str, Any]:
    choices: list[dict[str, Any]] = body.get("choices", [])
    match kind:
        case "no usage":
            body.pop("usage", None)
        case "wrong usage":
            for name in ("completion_tokens", "output_tokens"):
                if name in body.get("usage", {}):
                    body["usage"][name] = -5
        case "zero usage":
            usage = body.get("usage", {})
            usage.update({name: 0 for name, count in usage.items() if isinstance(count, int)})
        case "index zero":
            for choice in choices:
                choice["index"] = 0
        case "duplicate" if choices:
            choices.insert(1, choices[0])
        case "shuffled":
            choices.reverse()
        case _:
            pass
    return body


async def _stream_huge(request: web.Request, kind: str) -> web.StreamResponse:
    """A text without end; of a stream, in one event without end."""
    response = web.StreamResponse(headers={"Content-Type": kind})
    await response.prepare(request)
    start = b"data: " if kind == "text/event-stream" else b""
    await response.write(start + b'{"choices": [{"index": 0, "message": {"content": "')
    block = b"x" * (1 << 20)
    try:
        for _ in range(HUGE_BYTES >> 20):
            await response.write(block)
    except ConnectionError:
        pass  # the client has had enough, as it should
    return response


async def _drip(
    request: web.Request, body: bytes, headers: dict[str, str], pause_s: float
) -> web.StreamResponse:
    response = web.StreamResponse(headers=headers)
    response.content_length = len(body)
    await response.prepare(request)
    size = max(1, len(body) // 10)
    try:
        for at in range(0, len(body), size):
            await response.write(body[at : at + size])
            await asyncio.sleep(pause_s)
    except ConnectionError:
        pass
    return response


async def _break(
    vendor: Vendor, request: web.Request, kind: str, body: bytes, content_type: str
) -> web.StreamResponse:
    transport = request.transport
    if transport is None:
        return web.Response()  # the client has gone by itself
    assert isinstance(transport, asyncio.Transport)
    if kind == "silence":
        await vendor.closing.wait()
    elif kind == "half headers":
        transport.write(b"HTTP/1.1 200 OK\r\nContent-Type: appl")
    elif kind == "half body":
        head = f"HTTP/1.1 200 OK\r\nContent-Type: {content_type}\r\nContent-Length: {len(body)}\r\n\r\n"
        transport.write(head.encode() + body[: len(body) // 2])
    if kind == "reset":
        transport.abort()
    else:
        transport.close()
    return web.Response()
