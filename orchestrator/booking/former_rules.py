"""What manyfew 0.1 settled too low, by today's rules. Pure: who reads and raises it is the ledger's business
(orchestrator/ledger/writing/rebooking/under_booked.py).

0.1 took counts of zero for counts, took a write to a cache for plain input if the sweep file's price did not say
what it costs, and did not know what OpenAI's regional hosts cost more.
"""

from __future__ import annotations

from dataclasses import replace

from orchestrator.booking.counts import contradiction
from orchestrator.ledger.writing.rebooking.under_booked import Raised, Rules, SettledRequest
from pricing.book import GENAI
from pricing.cache_writes import write_rates
from pricing.cost import cost_and_input_pico
from pricing.regions import costs_more, regional
from pricing.resolve import GPU_TIME
from pricing.tiers import tier_price
from pricing.types import Band, Price, Unpriceable


def raised(request: SettledRequest) -> Raised | None:
    """None if today's rules book no more than is settled."""
    wrong = contradiction(
        input_tokens=request.tokens.input,
        output_tokens=request.tokens.output,
        texts=request.texts,
        text_bytes=request.text_bytes,
    )
    if wrong is not None:
        if request.reserved_pico <= request.settled_pico:
            return None
        return Raised(0, 0, request.reserved_pico, f"its counts contradict its texts ({wrong})")
    today = price_of_today(request.price, request.provider, request.model, request.server)
    try:
        before, _ = _cost(request.price, request)
        total, input_pico = _cost(today, request)
    except (Unpriceable, ValueError):
        return None  # it was settled by what no longer can be told
    if total <= max(before, request.settled_pico):
        return None
    if request.settled_pico < before:  # its price was lower then: it lacks the same share
        total, input_pico = (-(-pico * request.settled_pico // before) for pico in (total, input_pico))
    why = (
        "OpenAI's regional hosts cost more"
        if today.region
        else "what it wrote to a cache costs more than input"
    )
    return Raised(total, input_pico, 0, why)


def _cost(price: Price, request: SettledRequest) -> tuple[int, int]:
    """(all, of it input) at a price."""
    moved = tier_price(
        price,
        provider=request.provider,
        service_tier=request.service_tier,
        inference_geo=request.inference_geo,
        batch=request.batch,
    )
    return cost_and_input_pico(moved, request.tokens)


def price_of_today(price: Price, provider: str, model: str, server: str | None) -> Price:
    """The price with what 0.1 left out of it."""
    if price.source == GENAI:
        return price if price.region or not costs_more(server, model) else regional(price)
    if price.source == GPU_TIME or price.derived:
        return price
    rates = write_rates(provider, model, server)
    if rates is None:
        return price
    bands: list[Band] = []
    for band in price.bands:
        old = band.rates
        # As much as input: that is what was taken where nothing was stated, and what no vendor with writes takes.
        brief = old.input * rates.brief if old.cache_write == old.input else old.cache_write
        is_left_out = old.cache_write_1h == max(old.input, old.cache_write)
        long = max(old.input * rates.long, brief) if is_left_out else old.cache_write_1h
        bands.append(replace(band, rates=replace(old, cache_write=brief, cache_write_1h=long)))
    return replace(price, bands=tuple(bands))


FORMER = Rules(raised, price_of_today)
