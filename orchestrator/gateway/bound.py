"""The most that an agent's call can cost, and the most output that what is left pays for. Pure.

The input is bounded by the bytes of the body. Where the conversation begins with one whose tokens are known, by those
and the bytes of what is new: a long transcript is then held at about what it costs.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any, cast

import msgspec

from orchestrator.booking.counts import TOKENS_A_MESSAGE
from orchestrator.gateway.body import CallBody, Refusal

SLACK = 64
"""Tokens, beside a hundredth: where a conversation is cut into tokens may change by what follows."""
TOKENS_A_NAMED_TOOL = 1024
"""The most that a vendor puts in for a tool that it knows by name."""
SMALLEST = 512
"""A reply is not cut shorter than this to fit what is left, unless the agent asks for less."""
_NO_INPUT = """
    stream stream_options max_tokens max_completion_tokens max_output_tokens temperature top_p top_k min_p seed stop
    stop_sequences n presence_penalty frequency_penalty repetition_penalty user metadata safety_identifier
    prompt_cache_key service_tier store
"""
_COUNTS_NOT = frozenset(_NO_INPUT.split())
"""Fields that put nothing into the input."""
AGGREGATORS = (
    "openrouter.ai",
    "huggingface.co",
    "together.",
    "vercel.",
    "portkey.ai",
    "requesty.ai",
    "litellm",
)
"""Hosts where one model's name may be served by several vendors, with tokenizers of their own."""


class Settled(msgspec.Struct, frozen=True):
    """A call of this attempt whose usage is known and sound."""

    request_id: int
    wire: str
    turns: list[Any]
    frame: dict[str, Any]
    """All else that counts as input."""
    input_tokens: int


def frame_of(body: CallBody) -> dict[str, Any]:
    """What of a body counts as input beside its turns."""
    return {
        name: value
        for name, value in body.fields.items()
        if name not in _COUNTS_NOT and name != body.wire.turns
    }


def settled(body: CallBody, request_id: int, input_tokens: int) -> Settled:
    """What a later call may begin with."""
    return Settled(request_id, body.wire.name, body.turns, frame_of(body), input_tokens)


def input_bound(
    body: CallBody,
    *,
    overhead: int,
    earlier: Iterable[Settled] = (),
    brought: Mapping[str, int] | None = None,
) -> int:
    """Tokens. `earlier`: calls whose input may be this one's beginning, none where prefixes can't be trusted;
    `brought`: by the id of an item that the vendor keeps, the output tokens of the call that brought it. Raises
    Refusal for an item that none brought."""
    kept = _kept_items(body, brought or {})
    tools = TOKENS_A_NAMED_TOOL * sum(
        tool.get("type") not in (None, "function", "custom") for tool in body.tools
    )
    turns = body.turns
    by_bytes = len(body.raw) + TOKENS_A_MESSAGE * (len(turns) + 1) + overhead + kept + tools
    best, frame = by_bytes, None
    for call in earlier:
        known = len(call.turns)
        if call.wire != body.wire.name or known > len(turns):
            continue
        frame = frame_of(body) if frame is None else frame
        if call.frame != frame or turns[:known] != call.turns:
            continue
        new = turns[known:]
        rest = len(msgspec.json.encode(new)) + TOKENS_A_MESSAGE * len(new) if new else 0
        best = min(best, call.input_tokens + -(-call.input_tokens // 100) + SLACK + rest + kept)
    return best


def _kept_items(body: CallBody, brought: Mapping[str, int]) -> int:
    """Output tokens of items that stand in the input by their id alone."""
    if body.wire.name != "responses":
        return 0
    total = 0
    for item in body.turns:
        if not isinstance(item, dict):
            continue
        part = cast("dict[str, Any]", item)
        by_id = part.get("type") == "item_reference"
        by_id = by_id or (part.get("type") == "reasoning" and not part.get("encrypted_content"))
        if not by_id:
            continue
        tokens = brought.get(str(part.get("id")))
        if tokens is None:
            raise Refusal(
                f"manyfew refuses the item {str(part.get('id'))[:60]!r}: no call of this attempt brought it, so its "
                "length isn't known"
            )
        total += tokens
    return total


def writes_asked_for(body: CallBody) -> tuple[str, ...]:
    """The vendor's cache that the body asks to write."""
    if b'"cache_control"' not in body.raw:
        return ()
    return ("cache_write", "cache_write_1h") if b'"ttl"' in body.raw else ("cache_write",)


class TooLittle(Exception):  # noqa: N818 - reads as what it is
    """What is left doesn't pay for the call. `needs`: pico-dollars that would."""

    def __init__(self, needs: int) -> None:
        super().__init__(needs)
        self.needs = needs


def affordable(
    stated: int | None,
    *,
    ceiling: int,
    room: int | None,
    shrink: bool,
    worst: Callable[[int], int],
) -> int:
    """max_tokens to send: what is stated, at most the ceiling and what `room` pays for. `worst`: the worst case in
    pico-dollars by max_tokens. Raises TooLittle."""
    wanted = ceiling if stated is None else min(stated, ceiling)
    if room is None or worst(wanted) <= room:
        return wanted
    least = min(wanted, SMALLEST) if shrink else wanted
    if worst(least) > room:
        raise TooLittle(worst(least))
    low, high = least, wanted
    while low < high:
        middle = (low + high + 1) // 2
        low, high = (middle, high) if worst(middle) <= room else (low, middle - 1)
    return low
