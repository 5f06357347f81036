"""How much more than its price a model has billed so far, by what the ledger has of stated costs, and of replies at a
tier or a place that costs more than was reserved. Pure."""

from __future__ import annotations

from collections.abc import Iterable

from orchestrator.booking.cost_ratio import LARGEST, ONE, cost_ratio
from orchestrator.ledger.writing.proven_bounds import BilledMore
from pricing.cost import cost_pico
from pricing.tiers import tier_price
from pricing.types import Price, Unpriceable


def learnt_ratio(requests: Iterable[BilledMore], price: Price, provider: str) -> int:
    """The largest ratio in millionths, at the price that holds now: one that was corrected needs no such margin."""
    ratio = ONE
    for request in requests:
        try:
            found = tier_price(
                price,
                provider=provider,
                # What it states is more than its own tier costs; else its tier costs more than the one asked for.
                service_tier=request.service_tier if request.is_stated else None,
                inference_geo=request.inference_geo if request.is_stated else None,
                batch=request.batch,
            )
            own = cost_pico(found, request.tokens)
        except (Unpriceable, ValueError):
            continue
        if own:
            ratio = max(ratio, cost_ratio(request.settled_pico, own) or LARGEST)
    return ratio
