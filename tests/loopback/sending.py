"""How each fault is sent: by HTTP where the vendor still speaks it, else by what happens to the socket."""

from __future__ import annotations

import asyncio
import json
from email.utils import formatdate
from time import time
from typing import TYPE_CHECKING, Any

from aiohttp import web

if TYPE_CHECKING:
    from tests.loopback.faults import Fault
    from tests.loopback.vendor import Job, Vendor, Wire

HUGE_BYTES = 80 << 20
GATEWAY = b"<html><head><title>Bad gateway</title></head><body>cloud</body></html>"


async def send_fault(
    vendor: Vendor, wire: Wire, request: web.Request, fault: Fault, request_id: str, job: Job | None
) -> web.StreamResponse:
    """The reply to a request that the fault hit; `job` is the work done, where it is billed."""
    refusal = _refusal(vendor, wire, request, fault, request_id)
    if refusal is not None:
        return refusal
    body = json.dumps(_spoilt(fault.kind, wire.write(job, vendor))).encode() if job is not None else b""
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
            return web.Response(body=body[: len(body) // 2], content_type="application/json", headers=headers)
        case "not json":
            return web.Response(body=b"upstream said nothing", content_type="text/plain")
        case "huge":
            return await _stream_huge(request)
        case "drip":
            return await _drip(request, body, headers, float(fault.value or 0.02))
        case "reset" | "closed" | "half headers" | "half body" | "silence":
            return await _break(vendor, request, fault.kind, body)
        case _:
            return web.Response(body=body, content_type="application/json", headers=headers)


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
        case "duplicate" if choices:
            choices.insert(1, choices[0])
        case "shuffled":
            choices.reverse()
        case _:
            pass
    return body


async def _stream_huge(request: web.Request) -> web.StreamResponse:
    response = web.StreamResponse(headers={"Content-Type": "application/json"})
    await response.prepare(request)
    await response.write(b'{"choices": [{"index": 0, "message": {"content": "')
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
    response = web.StreamResponse(headers={**headers, "Content-Type": "application/json"})
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


async def _break(vendor: Vendor, request: web.Request, kind: str, body: bytes) -> web.StreamResponse:
    transport = request.transport
    assert isinstance(transport, asyncio.Transport)
    if kind == "silence":
        await vendor.closing.wait()
    elif kind == "half headers":
        transport.write(b"HTTP/1.1 200 OK\r\nContent-Type: appl")
    elif kind == "half body":
        head = f"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
        transport.write(head.encode() + body[: len(body) // 2])
    if kind == "reset":
        transport.abort()
    else:
        transport.close()
    return web.Response()
