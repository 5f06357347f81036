"""What the gateway needs to know of a model that agents' calls may ask."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

import msgspec

from orchestrator.gateway.bound import AGGREGATORS
from orchestrator.gateway.wires import Wire, wires_of
from orchestrator.sweep.types import Agent, Model
from pricing.types import Price


@dataclass(frozen=True, slots=True, kw_only=True)
class GatewayModel:
    """`overhead` and `cost_ratio` as they are by now."""

    alias: str
    provider: str
    name: str
    """The vendor's name of it."""
    price: Price
    cost_basis: str
    max_tokens: int
    """The ceiling of one call."""
    max_tokens_key: str | None
    params: Mapping[str, Any]
    """What the sweep file states, in place of the agent's own."""
    service_tier: str | None
    inference_geo: str | None
    timeout_s: float | None
    is_time_paid: bool
    trusts_prefixes: bool
    wires: tuple[Wire, ...]
    overhead: Callable[[], int]
    cost_ratio: Callable[[], int]
    expected_output: Callable[[], float]
    agent: Agent | None = None
    max_wait_s: float = 600.0
    others: Mapping[str, str] = field(default_factory=dict[str, str])
    """Other names that its agent may ask for, and the alias that answers."""


def gateway_model(
    model: Model,
    price: Price,
    *,
    overhead: Callable[[], int],
    cost_ratio: Callable[[], int],
    expected_output: Callable[[], float],
) -> GatewayModel:
    tier = model.service_tier
    if tier is None and model.own_host:
        # As for plain requests: the unset one is a setting of the project.
        tier = {"openai": "default", "anthropic": "standard_only"}.get(model.provider)
    return GatewayModel(
        alias=model.alias,
        provider=model.provider,
        name=model.model,
        price=price,
        cost_basis="usage" if model.gpu_usd_per_hour is None else "gpu_time",
        max_tokens=model.max_tokens,
        max_tokens_key="max_completion_tokens" if model.provider == "openai" else None,
        params={**model.params, **model.extra},
        service_tier=tier,
        inference_geo=model.inference_geo,
        timeout_s=model.timeout_s,
        is_time_paid=model.gpu_usd_per_hour is not None,
        trusts_prefixes=sells_one_vendor(model.base_url),
        wires=wires_of(model.provider, model.api),
        overhead=overhead,
        cost_ratio=cost_ratio,
        expected_output=expected_output,
        agent=model.agent,
        max_wait_s=model.max_wait_s,
        others={} if model.agent is None else model.agent.other_models,
    )


def listed(model: GatewayModel) -> bytes:
    """The models that an attempt may ask for, on either vendor's wire."""
    names = [model.name, *model.others]
    data = [
        {
            "id": name,
            "object": "model",
            "type": "model",
            "display_name": name,
            "created": 0,
            "owned_by": "manyfew",
        }
        for name in names
    ]
    return msgspec.json.encode(
        {"object": "list", "data": data, "has_more": False, "first_id": names[0], "last_id": names[-1]}
    )


def sells_one_vendor(base_url: str | None) -> bool:
    """Whether one name means one tokenizer there, whenever it is asked."""
    host = (urlsplit(base_url).hostname or "") if base_url else ""
    return not any(name in host for name in AGGREGATORS)
