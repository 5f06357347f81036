"""Anthropic's wire on the loopback: /v1/messages, with its versions, refusals, headers and bill.

    async with anthropic_vendor(answer=lambda prompt, i: "#### 4", key="sk-ant-test") as vendor:
        provider = AnthropicProvider(model="claude-sonnet-4-6", base_url=vendor.root_url, api_key="sk-ant-test", ...)

The base URL is `vendor.root_url`: Anthropic's doesn't end in /v1. What can be set and read of any vendor is told in
tests/loopback/vendor.py; here also:
    written_share, written_1h_share   the shares of the prompt that are written to the cache, for 5 minutes and an hour
    inference_geo, speed              what usage names
    thinking                          "text" shows it, "redacted" hides it, "counted" only counts it
Sample.finish_reason takes OpenAI's words or Anthropic's own; Sample.refusal makes a refusal.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from aiohttp import web

from tests.loopback.faults import Fault
from tests.loopback.streams import Event, message_events
from tests.loopback.vendor import Vendor, key_of
from tests.loopback.work import Asked, Job

VERSIONS = ("2023-06-01", "2026-10-21")
_KNOWN = (
    "model messages max_tokens system stop_sequences metadata stream temperature top_p top_k tools "
    "tool_choice thinking service_tier inference_geo container output_config cache_control speed "
    "diagnostics "
)
FIELDS = frozenset(_KNOWN.split())
ERRORS = {
    400: "invalid_request_error",
    401: "authentication_error",
    402: "billing_error",
    403: "permission_error",
    404: "not_found_error",
    413: "request_too_large",
    429: "rate_limit_error",
    504: "timeout_error",
    529: "overloaded_error",
}
STOPS = {"stop": "end_turn", "length": "max_tokens"}
NO_CREDIT = (
    "Your credit balance is too low to access the Anthropic API. "
    "Please go to Plans & Billing to upgrade or purchase credits."
)
_REFUSES = re.compile(r"claude-(?:opus-4-[7-9]|[a-z]+-[5-9]|mythos-preview)")

Refusal = tuple[int, str, str, str | None, str | None]


class MessagesWire:
    path = "/v1/messages"

    def read(self, body: dict[str, Any]) -> Asked:
        system = body.get("system") or ""
        texts = [system] if isinstance(system, str) else [block["text"] for block in system]
        for message in body.get("messages") or ():
            content = message.get("content")
            texts.append("\n".join(b["text"] for b in content) if isinstance(content, list) else str(content))
        return Asked(
            model=str(body.get("model")),
            prompt="\n".join(filter(None, texts)),
            n=1,
            max_tokens=body.get("max_tokens") or 0,
            body=body,
        )

    def write(self, job: Job, vendor: Vendor) -> dict[str, Any]:
        assert isinstance(vendor, AnthropicVendor)
        sample = job.samples[0] if job.samples else None
        reason = "end_turn" if sample is None else STOPS.get(sample.finish_reason, sample.finish_reason)
        if sample is not None and sample.refusal is not None:
            reason = "refusal"
        details = {"type": "refusal", "category": None, "explanation": sample and sample.refusal}
        return {
            "id": f"msg_01{job.request_id}",
            "type": "message",
            "role": "assistant",
            "model": job.asked.model,
            "content": vendor.blocks(job),
            "stop_reason": reason,
            "stop_sequence": None,
            "stop_details": details if reason == "refusal" else None,
            "container": None,
            "usage": vendor.usage(job),
        }

    def events(self, body: dict[str, Any], job: Job, vendor: Vendor) -> list[Event]:
        del job
        return message_events(body, vendor.random)

    def error(
        self, status: int, message: str, *, kind: str, code: str | None, param: str | None
    ) -> dict[str, Any]:
        del kind, param
        error: dict[str, Any] = {"type": ERRORS.get(status, "api_error"), "message": message}
        if code is not None:
            error["details"] = {"error_code": code}
        return {"type": "error", "error": error}


@dataclass
class AnthropicVendor(Vendor):
    prices: dict[str, str] = field(
        default_factory=lambda: {"input": "3", "cached_input": "0.3", "output": "15"}
    )
    service_tier: str | None = "standard"
    written_share: float = 0.0
    written_1h_share: float = 0.0
    inference_geo: str | None = "global"
    speed: str | None = "standard"
    thinking: str = "text"
    caches: bool = False
    """Keeps a cache as Anthropic does: prompts that ask for it, of 1,024 tokens or more, are written once their reply
    is made, and read by those that come after."""
    _cached: set[str] = field(default_factory=set[str], init=False)
    _reads: set[int] = field(default_factory=set[int], init=False)
    """Requests, by id of what they ask, whose prompt was in the cache when they came."""
    _kept_asked: list[Asked] = field(default_factory=list[Asked], init=False)
    """So that no id is given out again."""

    def _asks_for_cache(self, asked: Asked) -> bool:
        return (
            self.caches and "cache_control" in json.dumps(asked.body) and self._prompt_tokens(asked) >= 1024
        )

    def _work(self, asked: Asked, request_id: str, fault: Fault | None) -> Job:
        job = super()._work(asked, request_id, fault)
        if id(asked) in self._reads:
            return replace(job, cached_tokens=job.input_tokens - 5)
        return job

    def written(self, job: Job) -> tuple[int, int]:
        """Tokens written to the cache for 5 minutes and for an hour; parts of the input, as what is read is."""
        if self._asks_for_cache(job.asked):
            self._cached.add(job.asked.prompt)
            return (0 if job.cached_tokens else job.input_tokens - 5), 0
        return int(job.input_tokens * self.written_share), int(job.input_tokens * self.written_1h_share)

    def blocks(self, job: Job) -> list[dict[str, Any]]:
        blocks: list[dict[str, Any]] = []
        for sample in job.samples[:1]:
            if sample.reasoning is not None and self.thinking == "text":
                blocks.append({"type": "thinking", "thinking": sample.reasoning, "signature": "c2ln"})
            if sample.reasoning is not None and self.thinking == "redacted":
                blocks.append({"type": "redacted_thinking", "data": "b3BhcXVl"})
            if sample.refusal is None:
                blocks.append({"type": "text", "text": sample.text, "citations": None})
        return blocks

    def usage(self, job: Job) -> dict[str, Any]:
        brief, long = self.written(job)
        thought = sum(sample.reasoning_tokens for sample in job.samples)
        return {
            "input_tokens": job.input_tokens - job.cached_tokens - brief - long,
            "cache_creation_input_tokens": brief + long,
            "cache_read_input_tokens": job.cached_tokens,
            "cache_creation": {"ephemeral_5m_input_tokens": brief, "ephemeral_1h_input_tokens": long},
            "output_tokens": job.output_tokens,
            "output_tokens_details": {"thinking_tokens": thought} if thought else None,
            "server_tool_use": None,
            "service_tier": self.service_tier,
            "inference_geo": self.inference_geo,
            "speed": self.speed,
        }

    def _bill(self, job: Job, fault: Fault | None) -> None:
        """Cache writes cost 1.25 times the input for 5 minutes, twice for an hour."""
        super()._bill(job, fault)
        rate = int(Decimal(self.prices["input"]) * 10**6)
        brief, long = self.written(job)
        bill = self.billed.pop()
        self.billed.append(replace(bill, pico=bill.pico + brief * rate // 4 + long * rate))

    def _refusal(self, request: web.Request, asked: Asked) -> Refusal | None:
        if self._asks_for_cache(asked) and asked.prompt in self._cached:
            self._reads.add(id(asked))
            self._kept_asked.append(asked)
        return _bad_key(request, self.key) or _bad_request(request, asked) or super()._refusal(request, asked)

    def refuse(self, wire: Any, request_id: str, status: int, message: str, **more: Any) -> web.Response:
        """In Anthropic's words: its types by status, its id of the request in the body."""
        if more.get("kind") == "insufficient_quota":
            status, message, more = 400, NO_CREDIT, {}
        if "maximum context length" in message:
            message = f"prompt is too long: {self.context + 1} tokens > {self.context} maximum"
        if status == 404:
            message = f"model: {message.split('`')[1]}"
        more = {**more, "code": more.get("code") if (more.get("code") or "").endswith("_reached") else None}
        response = super().refuse(wire, request_id, status, message, **more)
        assert isinstance(response.body, bytes)
        response.body = json.dumps({**json.loads(response.body), "request_id": request_id}).encode()
        return response

    def headers(self, request_id: str) -> dict[str, str]:
        reset = (datetime.now(UTC) + timedelta(seconds=1)).strftime("%Y-%m-%dT%H:%M:%SZ")
        headers = {
            "request-id": request_id,
            "anthropic-organization-id": "00000000-0000-4000-8000-000000000000",
        }
        for name, limit in (
            ("requests", 60_000),
            ("input-tokens", 60_000_000),
            ("output-tokens", 60_000_000),
        ):
            headers[f"anthropic-ratelimit-{name}-limit"] = str(limit)
            headers[f"anthropic-ratelimit-{name}-remaining"] = str(limit - 1)
            headers[f"anthropic-ratelimit-{name}-reset"] = reset
        return headers


def anthropic_vendor(**settings: Any) -> AnthropicVendor:
    """A vendor with /v1/messages."""
    return AnthropicVendor((MessagesWire(),), **settings)


def _bad_key(request: web.Request, key: str | None) -> Refusal | None:
    if not key_of(request):
        return 401, "x-api-key header is required", "", None, None
    if key is not None and key_of(request) != key:
        return 401, f"invalid x-api-key: {key_of(request)}", "", None, None
    return None


def _bad_request(request: web.Request, asked: Asked) -> Refusal | None:
    message = _complaint(request.headers.get("anthropic-version"), asked)
    return (400, message, "", None, None) if message else None


def _complaint(version: str | None, asked: Asked) -> str:
    body = asked.body
    stated = [name for name in ("temperature", "top_p", "top_k") if name in body]
    if version is None:
        return "anthropic-version: header is required"
    if version not in VERSIONS:
        return f'anthropic-version: "{version}" is not a valid version'
    for name in ("model", "max_tokens", "messages"):
        if name not in body:
            return f"{name}: Field required"
    for name in body:
        if name not in FIELDS or (name in stated and version == "2026-10-21"):
            return f"{name}: Extra inputs are not permitted"
    if not isinstance(body["max_tokens"], int) or body["max_tokens"] < 1:
        return "max_tokens: Input should be greater than or equal to 1"
    if not body["messages"]:
        return "messages: at least one message is required"
    if any(message.get("role") not in ("user", "assistant") for message in body["messages"]):
        return 'messages.0.role: Input should be "user" or "assistant"'
    if body.get("service_tier") not in (None, "auto", "standard_only"):
        return "service_tier: Input should be 'auto' or 'standard_only'"
    if stated and _REFUSES.search(asked.model):
        return f"`{stated[0]}` is deprecated for this model."
    if {"temperature", "top_p"} <= set(stated):
        return "`temperature` and `top_p` cannot both be specified for this model. Please use only one."
    return ""
