"""OpenAI's newer wire on the loopback: /v1/responses, as OpenAI serves it.

    async with responses_vendor(answer=lambda prompt, i: "#### 4", key="sk-test") as vendor:
        provider = OpenAIProvider(model="m", api="responses", base_url=vendor.base_url, api_key="sk-test", ...)

What can be set and read is told in tests/loopback/vendor.py. Of Sample.finish_reason, "length" and "content_filter"
make the status `incomplete`, "failed", "in_progress" … that status; Sample.refusal makes a refusal.
/v1/chat/completions is there too and answers 404: these models are served by /v1/responses alone.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Any

from aiohttp import web

from tests.loopback.openai_wire import ENDLESS, ChatWire
from tests.loopback.streams import Event, response_events
from tests.loopback.vendor import Vendor
from tests.loopback.work import Asked, Job, Sample

_KNOWN = (
    "model input max_output_tokens instructions temperature top_p store service_tier reasoning text "
    "metadata include truncation user stream tools tool_choice parallel_tool_calls "
    "previous_response_id prompt_cache_key safety_identifier top_logprobs max_tool_calls background "
)
FIELDS = frozenset(_KNOWN.split())
ONLY_RESPONSES = "This model is only supported in v1/responses and not in v1/chat/completions."

Refusal = tuple[int, str, str, str | None, str | None]


class ResponsesWire:
    path = "/v1/responses"

    def read(self, body: dict[str, Any]) -> Asked:
        asked = body.get("input") or ""
        text = asked if isinstance(asked, str) else "\n".join(str(item.get("content")) for item in asked)
        return Asked(
            model=str(body.get("model")),
            prompt=text,
            n=1,
            max_tokens=body.get("max_output_tokens") or ENDLESS,
            body=body,
        )

    def write(self, job: Job, vendor: Vendor) -> dict[str, Any]:
        sample = job.samples[0] if job.samples else Sample(text="", finish_reason="failed")
        body = job.asked.body
        status, error, incomplete = _status(sample)
        return {
            "id": f"resp_{job.request_id}",
            "object": "response",
            "created_at": int(time.time()),
            "status": status,
            "error": error,
            "incomplete_details": incomplete,
            "instructions": body.get("instructions"),
            "max_output_tokens": body.get("max_output_tokens"),
            "model": job.asked.model,
            "output": [] if status == "failed" else _output(sample, job, status),
            "parallel_tool_calls": True,
            "previous_response_id": None,
            "reasoning": {"effort": None, "summary": None},
            "service_tier": vendor.service_tier,
            "store": body.get("store", True),
            "temperature": body.get("temperature", 1.0),
            "text": {"format": {"type": "text"}},
            "tool_choice": "auto",
            "tools": [],
            "top_p": body.get("top_p", 1.0),
            "truncation": "disabled",
            "usage": {
                "input_tokens": job.input_tokens,
                "input_tokens_details": {"cached_tokens": job.cached_tokens, "cache_write_tokens": 0},
                "output_tokens": job.output_tokens,
                "output_tokens_details": {
                    "reasoning_tokens": sum(one.reasoning_tokens for one in job.samples)
                },
                "total_tokens": job.input_tokens + job.output_tokens,
            },
            "user": None,
            "metadata": {},
        }

    def events(self, body: dict[str, Any], job: Job, vendor: Vendor) -> list[Event]:
        del job
        return response_events(body, vendor.random)

    def error(
        self, status: int, message: str, *, kind: str, code: str | None, param: str | None
    ) -> dict[str, Any]:
        return {"error": {"message": message, "type": kind, "param": param, "code": code}}


@dataclass
class ResponsesVendor(Vendor):
    service_tier: str | None = "default"

    def _refusal(self, request: web.Request, asked: Asked) -> Refusal | None:
        invalid = "invalid_request_error"
        if request.path == ChatWire.path:
            return 404, ONLY_RESPONSES, invalid, None, "model"
        if "model" not in asked.body:
            return 400, "Missing required parameter: 'model'.", invalid, "missing_required_parameter", "model"
        for name in asked.body:
            if name not in FIELDS:
                return 400, f"Unknown parameter: '{name}'.", invalid, "unknown_parameter", name
        return super()._refusal(request, asked)


def responses_vendor(**settings: Any) -> ResponsesVendor:
    """A vendor with /v1/responses, and a /v1/chat/completions that has none of its models."""
    return ResponsesVendor((ResponsesWire(), ChatWire()), **settings)


def _status(sample: Sample) -> tuple[str, dict[str, str] | None, dict[str, str] | None]:
    """(status, error, incomplete_details) for how the sample ended."""
    match sample.finish_reason:
        case "stop":
            return "completed", None, None
        case "length":
            return "incomplete", None, {"reason": "max_output_tokens"}
        case "content_filter":
            return "incomplete", None, {"reason": "content_filter"}
        case "failed":
            message = "An error occurred while processing your request."
            return "failed", {"code": "server_error", "message": message}, None
        case other:
            return other, None, None


def _output(sample: Sample, job: Job, status: str) -> list[dict[str, Any]]:
    items: list[dict[str, Any]] = []
    if sample.reasoning is not None:
        summary = [{"type": "summary_text", "text": sample.reasoning}]
        items.append({"id": f"rs_{job.request_id}", "type": "reasoning", "summary": summary})
    part: dict[str, Any] = {"type": "output_text", "text": sample.text, "annotations": [], "logprobs": []}
    if sample.refusal is not None:
        part = {"type": "refusal", "refusal": sample.refusal}
    message = {"id": f"msg_{job.request_id}", "type": "message", "role": "assistant", "status": status}
    return [*items, {**message, "content": [part]}]
