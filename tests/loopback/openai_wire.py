"""OpenAI's wire on the loopback: /v1/chat/completions, /v1/completions and /v1/models, as OpenAI or vLLM serve them.

    async with openai_vendor(answer=lambda prompt, i: "#### 4", key="sk-test") as vendor:
        provider = openai_compatible(vendor.base_url, api_key="sk-test")

`openai_vendor(flavour="vllm")` answers as a vLLM server does (token ids, error bodies, /health, /version). What can
be set and read is told in tests/loopback/vendor.py; the faults are in tests/loopback/faults.py.
"""

from __future__ import annotations

import json
import time
from typing import Any

from aiohttp import web

from tests.loopback.streams import Event, chat_events
from tests.loopback.vendor import Asked, Job, Sample, Vendor

ENDLESS = 1 << 20
"""Tokens of a sample where the request states no bound."""


class ChatWire:
    path = "/v1/chat/completions"

    def read(self, body: dict[str, Any]) -> Asked:
        prompt = "\n".join(message["content"] for message in body["messages"])
        return Asked(
            model=body["model"], prompt=prompt, n=body.get("n") or 1, max_tokens=max_tokens(body), body=body
        )

    def write(self, job: Job, vendor: Vendor) -> dict[str, Any]:
        choices = [self._choice(i, sample, job, vendor) for i, sample in enumerate(job.samples)]
        return envelope("chatcmpl", "chat.completion", choices, job, vendor)

    def _choice(self, index: int, sample: Sample, job: Job, vendor: Vendor) -> dict[str, Any]:
        message: dict[str, Any] = {"role": "assistant", "content": sample.text, "refusal": sample.refusal}
        if sample.refusal is not None:
            message["content"] = None
        if sample.reasoning is not None:
            message["reasoning" if vendor.flavour == "vllm" else "reasoning_content"] = sample.reasoning
        if vendor.flavour == "openai":
            message["annotations"] = []
        choice = {"index": index, "message": message, "logprobs": None, "finish_reason": sample.finish_reason}
        return with_token_ids(choice, sample, job, vendor)

    def events(self, body: dict[str, Any], job: Job, vendor: Vendor) -> list[Event]:
        return streamed(body, job, vendor)

    def error(
        self, status: int, message: str, *, kind: str, code: str | None, param: str | None
    ) -> dict[str, Any]:
        return {"error": {"message": message, "type": kind, "param": param, "code": code}}


class CompletionsWire:
    path = "/v1/completions"

    def read(self, body: dict[str, Any]) -> Asked:
        return Asked(
            model=body["model"],
            prompt=body["prompt"],
            n=body.get("n") or 1,
            max_tokens=max_tokens(body),
            body=body,
        )

    def write(self, job: Job, vendor: Vendor) -> dict[str, Any]:
        choices = [
            with_token_ids(
                {"text": sample.text, "index": i, "logprobs": None, "finish_reason": sample.finish_reason},
                sample,
                job,
                vendor,
            )
            for i, sample in enumerate(job.samples)
        ]
        return envelope("cmpl", "text_completion", choices, job, vendor)

    def events(self, body: dict[str, Any], job: Job, vendor: Vendor) -> list[Event]:
        return streamed(body, job, vendor)

    def error(
        self, status: int, message: str, *, kind: str, code: str | None, param: str | None
    ) -> dict[str, Any]:
        return {"error": {"message": message, "type": kind, "param": param, "code": code}}


class VllmErrors:
    """vLLM's error bodies: the status as code, and its own words for the type."""

    def error(
        self, status: int, message: str, *, kind: str, code: str | None, param: str | None
    ) -> dict[str, Any]:
        words = {400: "BadRequestError", 404: "NotFoundError", 429: "TooManyRequestsError"}
        name = words.get(status, "InternalServerError")
        return {"error": {"message": message, "type": name, "param": param, "code": status}}


class VllmChatWire(VllmErrors, ChatWire):
    pass


class VllmCompletionsWire(VllmErrors, CompletionsWire):
    pass


def openai_vendor(**settings: Any) -> Vendor:
    """A vendor with both wires and /v1/models. With flavour="vllm" it knows token ids, /health and /version too."""
    vllm = settings.get("flavour") == "vllm"
    if vllm:
        settings.setdefault("token_ids", True)
        settings.setdefault("n_limit", 16384)
    wires = (VllmChatWire(), VllmCompletionsWire()) if vllm else (ChatWire(), CompletionsWire())
    vendor = Vendor(wires, **settings)

    async def models(_: web.Request) -> web.Response:
        names = vendor.models or ("loopback",)
        data = [{"id": name, "object": "model", "created": 1, "owned_by": "loopback"} for name in names]
        if vllm:
            data = [{**one, "max_model_len": 2048} for one in data]
        return web.json_response({"object": "list", "data": data})

    async def version(_: web.Request) -> web.Response:
        return web.json_response({"version": "0.32.0"})

    async def health(_: web.Request) -> web.Response:
        return web.Response()

    vendor.app.router.add_get("/v1/models", models)
    if vllm:
        vendor.app.router.add_get("/version", version)
        vendor.app.router.add_get("/health", health)
    return vendor


def max_tokens(body: dict[str, Any]) -> int:
    return body.get("max_completion_tokens") or body.get("max_tokens") or ENDLESS


def with_token_ids(choice: dict[str, Any], sample: Sample, job: Job, vendor: Vendor) -> dict[str, Any]:
    if vendor.token_ids:
        asked = job.asked.body.get("return_token_ids")
        choice["token_ids"] = list(range(sample.tokens)) if asked else None
    return choice


def streamed(body: dict[str, Any], job: Job, vendor: Vendor) -> list[Event]:
    """As the request's stream_options ask; vLLM's first event names the prompt's token ids where it is asked for."""
    asked = job.asked.body
    options = asked.get("stream_options") or {"include_usage": vendor.always_streams}
    events = chat_events(body, vendor.random, options)
    if vendor.token_ids and asked.get("return_token_ids"):
        first = {**json.loads(events[0].data), "prompt_token_ids": list(range(job.input_tokens))}
        events[0] = Event(json.dumps(first), ends=events[0].ends)
    return events


def envelope(
    prefix: str, kind: str, choices: list[dict[str, Any]], job: Job, vendor: Vendor
) -> dict[str, Any]:
    usage: dict[str, Any] = {
        "prompt_tokens": job.input_tokens,
        "completion_tokens": job.output_tokens,
        "total_tokens": job.input_tokens + job.output_tokens,
    }
    if vendor.flavour == "vllm":
        usage["prompt_tokens_details"] = {"cached_tokens": job.cached_tokens} if job.cached_tokens else None
    else:
        usage["prompt_tokens_details"] = {"cached_tokens": job.cached_tokens, "audio_tokens": 0}
        usage["completion_tokens_details"] = {
            "reasoning_tokens": sum(sample.reasoning_tokens for sample in job.samples),
            "audio_tokens": 0,
            "accepted_prediction_tokens": 0,
            "rejected_prediction_tokens": 0,
        }
    body: dict[str, Any] = {
        "id": f"{prefix}-{job.request_id}",
        "object": kind,
        "created": int(time.time()),
        "model": job.asked.model,
        "choices": choices,
        "usage": usage,
        "system_fingerprint": None if vendor.flavour == "vllm" else "fp_loopback",
    }
    if vendor.service_tier is not None:
        body["service_tier"] = vendor.service_tier
    return body
