"""What the gateway changes in a call's body, and nothing else: every other field keeps its bytes. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, cast

import msgspec

from orchestrator.gateway.body import CallBody


def edited(
    body: CallBody,
    *,
    model: str,
    max_tokens: int,
    max_tokens_key: str | None = None,
    params: Mapping[str, Any],
    service_tier: str | None,
    inference_geo: str | None = None,
    includes_usage: bool = True,
) -> bytes:
    """The body to send. `max_tokens_key`: the field that this vendor's chat wire takes, if not the
    usual one. `params`: what the
    sweep file states, in place of the agent's own. `includes_usage`: whether a chat stream may be asked for its
    usage."""
    fields: dict[str, Any] = dict(body.raw_fields)
    fields["model"] = model
    names = [name for name in body.wire.max_tokens if fields.get(name) is not None and name in body.fields]
    for name in names[1:]:
        del fields[name]
    usual = max_tokens_key if body.wire.name == "chat" and max_tokens_key else body.wire.max_tokens[0]
    fields[names[0] if names else usual] = max_tokens
    for name, value in params.items():
        if name == "stop" and body.wire.name == "messages":
            name, value = "stop_sequences", [value] if isinstance(value, str) else value
        fields[name] = value
    fields.pop("service_tier", None)
    if service_tier is not None:
        fields["service_tier"] = service_tier
    if inference_geo is not None:
        fields["inference_geo"] = inference_geo
    if body.wire.name == "chat" and body.streams and includes_usage and not body.asks_usage:
        options = body.fields.get("stream_options")
        stated = cast("dict[str, Any]", options) if isinstance(options, dict) else {}
        fields["stream_options"] = {**stated, "include_usage": True}
    return msgspec.json.encode(fields)


def replaced(body: CallBody, params: Mapping[str, Any]) -> dict[str, Any]:
    """What of the agent's own the sweep file's parameters replace."""
    return {
        name: body.fields[name]
        for name in params
        if name in body.fields and body.fields[name] != params[name]
    }
