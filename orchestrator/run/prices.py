"""The price of each model of a sweep."""

from __future__ import annotations

from datetime import UTC, datetime

from orchestrator.errors import InputError
from orchestrator.sweep.source import SweepText, where
from orchestrator.sweep.types import Model, Sweep
from pricing.types import Price


def price_of(sweep: Sweep | SweepText, model: Model) -> Price:
    """The price of one model, as of today. Raises InputError."""
    from pricing.resolve import resolve
    from pricing.types import Unpriceable

    try:
        return resolve(
            provider=model.provider,
            model=model.model,
            stated=model.price,
            price_as=model.price_as,
            gpu_usd_per_hour=model.gpu_usd_per_hour,
            gpus=model.gpus,
            base_url=model.base_url,
            service_tier=model.service_tier,
            price_tiers=model.price_tiers,
            inference_geo=model.inference_geo,
            batch=model.batch,
            on=datetime.now(UTC).date(),
        )
    except Unpriceable as error:
        key = "models", model.alias
        place = where(sweep, *key) if isinstance(sweep, Sweep) else sweep.where(key)
        raise InputError(place, error.message, error.remedy) from error
