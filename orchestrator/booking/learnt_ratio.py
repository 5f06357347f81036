"""How much more than its price a model has billed so far, by what the ledger has of its stated costs. Pure."""

from __future__ import annotations

from collections.abc import Iterable

from orchestrator.booking.cost_ratio import LARGEST, ONE, cost_ratio
from orchestrator.ledger.writing.proven_bounds import StatedRequest
from pricing.cost import cost_pico
from pricing.tiers import tier_price
from pricing.types import Price, Unpriceable


def learnt_ratio(requests: Iterable[StatedRequest], price: Price, provider: str) -> int:
    """The largest ratio in millionths, at the price that holds now: one that was corrected needs no such margin."""
    ratio = ONE
    for request in requests:
        try:
            found = tier_price(
                price,
                provider=provider,
                service_tier=request.service_tier,
                inference_geo=request.inference_geo,
                batch=request.batch,
            )
            own = cost_pico(found, request.tokens)
        except (Unpriceable, ValueError):
            continue
        if own:
            ratio = max(ratio, cost_ratio(request.settled_pico, own) or LARGEST)
    return ratio
