"""What the gateway refuses before any money is held: what can't be bounded, and what isn't this model's. Pure."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from typing import Any, cast

from orchestrator.gateway.body import CallBody, Refusal
from orchestrator.sweep.extra_fields import KNOWN

_NEVER = {
    "previous_response_id": "it continues a conversation that the vendor keeps, whose length isn't known here: send "
    "the whole input",
    "conversation": "it continues a conversation that the vendor keeps, whose length isn't known here: send the whole "
    "input",
    "prompt": "a prompt that the vendor keeps has a length that isn't known here: send it in the input",
    "best_of": "it makes more output than is returned",
    "mcp_servers": "tools that the vendor runs cost what nobody can bound",
    "container": "code that the vendor runs costs what nobody can bound",
    "web_search_options": "tools that the vendor runs cost what nobody can bound",
    "plugins": "tools that the vendor runs cost what nobody can bound",
    "search_parameters": "tools that the vendor runs cost what nobody can bound",
    "speed": "another speed has another price",
    "inference_geo": "the sweep file states where it runs",
    "modalities": "only text is priced",
    "audio": "only text is priced",
    "prediction": "rejected predictions are billed on top of the output",
}
_MEDIA = frozenset(
    {
        "image",
        "image_url",
        "input_image",
        "audio",
        "audio_url",
        "input_audio",
        "video",
        "video_url",
        "input_video",
    }
)
_FILES = frozenset({"file", "input_file", "document", "container_upload"})
IMAGE = "manyfew refuses images and other media, whose tokens it can't bound: send text"


def check(
    body: CallBody,
    *,
    provider: str,
    service_tier: str | None,
    inference_geo: str | None = None,
    allowed: Collection[str] = (),
) -> None:
    """Raises Refusal. `allowed`: further fields that the sweep file allows; `service_tier`: what is sent."""
    fields = body.fields
    for name, why in _NEVER.items():
        if fields.get(name) is not None and not (name == "inference_geo" and fields[name] == inference_geo):
            raise Refusal(f"manyfew refuses {name}: {why}")
    if fields.get("background"):
        raise Refusal("manyfew refuses background: its reply would be billed after the call has ended")
    if not body.turns:
        raise Refusal(f"{body.wire.turns} must be there")
    if body.wire.name != "responses" and not isinstance(fields[body.wire.turns], list):
        raise Refusal(f"{body.wire.turns} must be a list")
    _check_tier(fields, service_tier)
    known = body.wire.fields | KNOWN.get(provider, frozenset()) | set(allowed)
    for name in fields:
        if name not in known and name not in _NEVER:
            raise Refusal(f"manyfew doesn't know the field {name[:60]!r}, which may change what a call costs")
    _check_tools(body)
    for part in _parts(body):
        _check_part(part)
    _check_thinking(fields)


def _check_tier(fields: Mapping[str, Any], stated: str | None) -> None:
    tier = fields.get("service_tier")
    # What goes out is the sweep file's own, or the vendor's cheapest; "auto" leaves the choice to it.
    if tier is not None and tier not in (stated, "auto", "default", "standard_only"):
        raise Refusal(f"manyfew refuses service_tier {str(tier)[:40]!r}: the sweep file states the tier")


def _check_tools(body: CallBody) -> None:
    tools = body.fields.get("tools")
    if tools is not None and not isinstance(tools, list):
        raise Refusal("tools must be a list")
    wire = body.wire
    for tool in body.tools:
        kind = tool.get("type")
        if kind is None and wire.name == "messages":
            continue
        if not isinstance(kind, str) or not (
            kind in wire.tools or kind.startswith(wire.tool_prefixes or "\0")
        ):
            raise Refusal(
                f"manyfew refuses the tool {str(kind)[:60]!r}: what the vendor runs itself (search, code, files, MCP) "
                "costs what nobody can bound"
            )


def _parts(body: CallBody) -> Iterator[dict[str, Any]]:
    """Every object inside the conversation that may be a part with a type, however deep."""
    stack: list[Any] = [*body.turns, body.fields.get("system"), body.fields.get("instructions")]
    while stack:
        one = stack.pop()
        if isinstance(one, list):
            stack.extend(cast("list[Any]", one))
        elif isinstance(one, dict):
            part = cast("dict[str, Any]", one)
            yield part
            # A tool's own input is the agent's data, whatever words stand in it.
            stack.extend(part[name] for name in ("content", "output", "source") if name in part)


def _check_part(part: Mapping[str, Any]) -> None:
    kind = part.get("type")
    if kind in _MEDIA or "image_url" in part:
        raise Refusal(IMAGE)
    if kind in _FILES and not _is_text(part):
        raise Refusal(
            "manyfew refuses files: what the vendor keeps or converts has a length that isn't known here"
        )
    if kind == "item_reference" and not isinstance(part.get("id"), str):
        raise Refusal("an item_reference must have an id")


def _is_text(part: Mapping[str, Any]) -> bool:
    source = part.get("source")
    kind = cast("dict[str, Any]", source).get("type") if isinstance(source, dict) else None
    return part.get("type") == "document" and kind in ("text", "content")


def _check_thinking(fields: Mapping[str, Any]) -> None:
    thinking = fields.get("thinking")
    budget = cast("dict[str, Any]", thinking).get("budget_tokens") if isinstance(thinking, dict) else None
    if budget is not None and (not isinstance(budget, int) or isinstance(budget, bool) or budget < 0):
        raise Refusal("thinking.budget_tokens must be a whole number")


def thinking_budget(body: CallBody) -> int:
    """Tokens that must fit below max_tokens."""
    thinking = body.fields.get("thinking")
    budget = cast("dict[str, Any]", thinking).get("budget_tokens") if isinstance(thinking, dict) else None
    return budget if isinstance(budget, int) else 0
