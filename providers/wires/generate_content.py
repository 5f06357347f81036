"""Gemini's own wire, models.generateContent, in the words of chat/completions. Pure; no I/O.

Only batches use it: single requests go through Google's OpenAI-compatible endpoint. So a request is put in this wire's
words, and its reply into the other's, and is then read as any other.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, cast

from providers.reading.lenient_json import as_object, as_objects, as_text

if TYPE_CHECKING:
    from collections.abc import Mapping

    from providers.types import Request

PARAMS = {
    "temperature": "temperature",
    "top_p": "topP",
    "top_k": "topK",
    "seed": "seed",
    "presence_penalty": "presencePenalty",
    "frequency_penalty": "frequencyPenalty",
}
BUDGETS = {"none": 0, "minimal": 1024, "low": 1024, "medium": 8192, "high": 24_576}
"""Tokens of thinking that Gemini 2.5 is given for a reasoning_effort, as Google's other endpoint translates it."""
ENDS = {"STOP": "stop", "MAX_TOKENS": "length"}
BLOCKED = frozenset(
    (
        "SAFETY",
        "RECITATION",
        "LANGUAGE",
        "BLOCKLIST",
        "PROHIBITED_CONTENT",
        "SPII",
        "IMAGE_SAFETY",
    )
)


class Unknown(ValueError):  # noqa: N818 - reads as what it is
    """A field that this wire has no word for."""


def generate_payload(request: Request) -> dict[str, Any]:
    """The body of POST models/M:generateContent. Raises Unknown."""
    prompt, contents, system = request.prompt, list[dict[str, Any]](), list[dict[str, str]]()
    for message in prompt.messages:
        if message.role == "system":
            system.append({"text": message.content})
        else:
            role = "model" if message.role == "assistant" else "user"
            contents.append({"role": role, "parts": [{"text": message.content}]})
    if prompt.text is not None:
        contents.append({"role": "user", "parts": [{"text": prompt.text}]})
    config = _config(request)
    config["maxOutputTokens"] = request.max_tokens  # what bounds the cost is never overridden
    if request.n != 1:
        config["candidateCount"] = request.n
    payload: dict[str, Any] = {"contents": contents, "generationConfig": config}
    if system:
        payload["systemInstruction"] = {"parts": system}
    return payload


def _config(request: Request) -> dict[str, Any]:
    config: dict[str, Any] = {}
    for name, value in (*request.params.items(), *request.extra.items()):
        if name in PARAMS:
            config.setdefault(PARAMS[name], value)
        elif name == "stop":
            config["stopSequences"] = [value] if isinstance(value, str) else value
        elif name == "reasoning_effort" and value in BUDGETS:
            config["thinkingConfig"] = _thinking(request.model, value)
        elif name == "extra_body" and (thinking := _thinking_config(value)):
            config["thinkingConfig"] = thinking
        else:
            raise Unknown(name)
    return config


def _thinking(model: str, effort: str) -> dict[str, Any]:
    if re.search(r"gemini-2\.", model):
        return {"thinkingBudget": BUDGETS[effort]}
    return {"thinkingLevel": "minimal" if effort == "none" else effort}


def _thinking_config(extra_body: object) -> dict[str, Any]:
    """Of {"google": {"thinking_config": {"thinking_budget": 0}}}, as the other endpoint takes it."""
    google = as_object(as_object(extra_body).get("google"))
    given = as_object(google.get("thinking_config"))
    return {re.sub(r"_(\w)", lambda at: at.group(1).upper(), name): value for name, value in given.items()}


def as_chat(response: Mapping[str, Any]) -> dict[str, Any]:
    """A GenerateContentResponse as the body of a chat/completions reply."""
    choices = [_choice(candidate, at) for at, candidate in enumerate(as_objects(response.get("candidates")))]
    if not choices and as_object(response.get("promptFeedback")).get("blockReason"):
        choices = [{"index": 0, "message": {"content": ""}, "finish_reason": "content_filter"}]
    fields = {
        "id": as_text(response.get("responseId")),
        "model": as_text(response.get("modelVersion")),
        "choices": choices,
        "usage": _usage(response.get("usageMetadata"), answered=bool(as_objects(response.get("candidates")))),
    }
    return {name: value for name, value in fields.items() if value is not None}


def _choice(candidate: dict[str, Any], at: int) -> dict[str, Any]:
    parts = as_objects(as_object(candidate.get("content")).get("parts"))
    text = "".join(as_text(part.get("text")) or "" for part in parts if not part.get("thought"))
    thought = "".join(as_text(part.get("text")) or "" for part in parts if part.get("thought"))
    said = as_text(candidate.get("finishReason")) or ""
    ended = ENDS.get(said) or ("content_filter" if said in BLOCKED else said.lower() or None)
    message = {"role": "assistant", "content": text, "reasoning_content": thought or None}
    return {"index": candidate.get("index", at), "message": message, "finish_reason": ended}


def _usage(given: object, *, answered: bool) -> dict[str, Any] | None:
    """Thinking is billed as output, and is no part of what the candidates hold. Where their count is missing, only a
    total tells what the output came to."""
    if not isinstance(given, dict):
        return None
    counts = cast("dict[str, Any]", given)

    def count(name: str) -> int:
        value = counts.get(name)
        return value if isinstance(value, int) and not isinstance(value, bool) else 0

    usage: dict[str, Any] = {
        "prompt_tokens": counts.get("promptTokenCount", 0),
        "completion_tokens_details": {"reasoning_tokens": counts.get("thoughtsTokenCount")},
    }
    if counts.get("candidatesTokenCount") is not None or not answered:
        usage["completion_tokens"] = count("candidatesTokenCount") + count("thoughtsTokenCount")
    if "totalTokenCount" in counts:
        usage["total_tokens"] = counts["totalTokenCount"]
    if "cachedContentTokenCount" in counts:
        usage["prompt_tokens_details"] = {"cached_tokens": counts["cachedContentTokenCount"]}
    return usage
