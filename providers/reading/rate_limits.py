"""What a vendor's headers say of its rate limits: OpenAI's x-ratelimit-… and Anthropic's anthropic-ratelimit-…"""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from providers.reading.headers import exact_s, number, seconds_until

if TYPE_CHECKING:
    from collections.abc import Mapping

Kind = Literal["requests", "tokens", "input_tokens", "output_tokens"]
KINDS: tuple[Kind, ...] = ("requests", "tokens", "input_tokens", "output_tokens")


@dataclass(frozen=True, slots=True, kw_only=True)
class VendorLimit:
    """One limit as a reply stated it."""

    kind: Kind
    limit: int
    """What the vendor's bucket holds when full."""
    remaining: int | None = None
    reset_s: float | None = None
    """Seconds until it is full again."""
    reset_exact_s: float = 0.001
    """`reset_s` may be wrong by so much."""


def vendor_limits(headers: Mapping[str, str], *, now: float | None = None) -> tuple[VendorLimit, ...]:
    """The limits in `headers` (names in lower case); what makes no sense is left out. `now`: Unix seconds."""
    if not headers:
        return ()
    at = time.time() if now is None else now
    found = (_one(headers, kind, at) for kind in KINDS)
    return tuple(limit for limit in found if limit is not None)


def _one(headers: Mapping[str, str], kind: Kind, now: float) -> VendorLimit | None:
    name = kind.replace("_", "-")
    for limit_at, remaining_at, reset_at in (
        tuple(f"x-ratelimit-{what}-{name}" for what in ("limit", "remaining", "reset")),
        tuple(f"anthropic-ratelimit-{name}-{what}" for what in ("limit", "remaining", "reset")),
    ):
        limit = number(headers.get(limit_at))
        if limit is None or limit < 1:
            continue
        remaining, reset = number(headers.get(remaining_at)), headers.get(reset_at)
        return VendorLimit(
            kind=kind,
            limit=int(limit),
            remaining=None if remaining is None else min(int(remaining), int(limit)),
            reset_s=None if reset is None else seconds_until(reset, now),
            reset_exact_s=0.001 if reset is None else exact_s(reset),
        )
    return None
