"""OpenRouter's GET /generation?id=: what a reply cost that broke off on its way. Pure; no I/O.

It has no text, so samples that did not arrive whole are still to be asked for. Its `native_tokens_…` are those that
the provider behind it bills by; `total_cost` is in dollars, and with a key of the user's own (`is_byok`) the provider's
bill comes on top.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from providers.reading.lenient_json import as_object, as_text, decode_object
from providers.types import Reply
from providers.wires.openai_usage import read_usage
from providers.wires.stated_cost import read_cost

if TYPE_CHECKING:
    from providers.errors import Lost

PREFIX = "gen-"
"""Its ids begin so, also behind a proxy."""


class _Body(msgspec.Struct):
    data: Any = None


def parse_generation(body: bytes, lost: Lost) -> Reply | None:
    """The reply with the samples of it that arrived whole; None if its cost isn't told."""
    decoded = decode_object(body, _Body)
    fields = as_object(None if decoded is None else decoded.data)
    cost = fields.get("total_cost")
    if cost is None or fields.get("id") != lost.reply_id:
        return None

    def tokens(name: str) -> Any:
        native = fields.get(f"native_tokens_{name}")
        return native if native is not None else fields.get(f"tokens_{name}")

    usage = {
        "prompt_tokens": tokens("prompt"),
        "completion_tokens": tokens("completion"),
        "prompt_tokens_details": {"cached_tokens": fields.get("native_tokens_cached")},
        "completion_tokens_details": {"reasoning_tokens": fields.get("native_tokens_reasoning")},
    }
    upstream = {"upstream_inference_cost": fields.get("upstream_inference_cost")}
    return Reply(
        choices=lost.choices,
        usage=read_usage(usage),
        model=as_text(fields.get("model")),
        request_id=lost.reply_id,
        service_tier=as_text(fields.get("service_tier")),
        stated_cost=read_cost({"cost": cost, "is_byok": fields.get("is_byok"), "cost_details": upstream}),
        rate_headers=lost.rate_headers,
        notes=("its reply broke off; what it cost was looked up by its id",),
    )
