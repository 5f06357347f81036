"""The gateway of a run whose sweep has agents."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from functools import partial

from orchestrator.booking.cost_ratio import ONE
from orchestrator.gateway.gateway import Gateway
from orchestrator.gateway.model import GatewayModel, gateway_model
from orchestrator.ledger.writing.ledger import Ledger
from orchestrator.ledger.writing.rows import Settlement
from orchestrator.run.build_scheduler import DEFAULT_CONCURRENCY, call_lanes
from orchestrator.run.policies.works import rule_of
from orchestrator.run.prepare import Prepared
from orchestrator.run.sampling import Sampling
from orchestrator.scheduler.scheduler import Scheduler
from orchestrator.sending.agent_calls import CallSender
from orchestrator.sending.paid_servers import TimedServer
from orchestrator.sending.served_calls import ServedCalls
from orchestrator.sweep.types import Model
from providers.forward import Forwarder
from providers.transport.address import ANTHROPIC_URL, GOOGLE_URL, OPENAI_URL

NOWHERE = "http://127.0.0.1:9/v1"
"""In the place of a server that isn't there; nothing is sent to it."""


def build_gateway(
    prepared: Prepared,
    scheduler: Scheduler,
    ledger: Ledger,
    sampling: Sampling,
    *,
    servers: Mapping[tuple[str, int], TimedServer],
    called: dict[str, ServedCalls],
    judged: Callable[[Settlement], Settlement],
    clock: Callable[[], float],
    changed: Callable[[], None],
    on_warning: Callable[[str, str], None],
) -> Gateway:
    lanes = call_lanes(prepared, ledger.state, scheduler)
    models = {alias: _model(prepared, alias) for alias in lanes}
    forwarders = {alias: _forwarders(prepared, prepared.sweep.models[alias]) for alias in lanes}
    for alias, lane in lanes.items():
        model = prepared.sweep.models[alias]
        if model.serve is not None:
            called[alias] = ServedCalls(lane.endpoints, forwarders[alias], partial(_forwarder, model))
    sender = CallSender(
        scheduler,
        ledger,
        lanes,
        forwarders,
        servers=servers,
        clock=clock,
        learns=partial(_learns, prepared),
        costs_more=partial(_costs_more, prepared),
        changed=changed,
        on_warning=on_warning,
    )
    return Gateway(
        models,
        scheduler,
        ledger,
        sender,
        forwarders,
        prompt=sampling.prompt,
        judged=judged,
        stop_rule=lambda of: rule_of(prepared, of.alias, of.item),
        clock=clock,
        on_warning=on_warning,
    )


def _model(prepared: Prepared, alias: str) -> GatewayModel:
    model = prepared.sweep.models[alias]
    return gateway_model(
        model,
        prepared.prices[alias],
        overhead=lambda: max(model.prompt_overhead_tokens, prepared.overheads.get(alias, 0)),
        cost_ratio=lambda: prepared.cost_ratios.get(alias, ONE),
        expected_output=lambda: prepared.expected_output(alias),
    )


def _forwarders(prepared: Prepared, model: Model) -> list[Forwarder]:
    """In the order of the scheduler's endpoints."""
    if model.serve is not None:
        return [_forwarder(model, NOWHERE, None) for _ in range(prepared.copies(model.alias))]
    usual = {"openai": OPENAI_URL, "anthropic": ANTHROPIC_URL, "google": GOOGLE_URL}.get(model.provider, "")
    key = os.environ.get(model.api_key_env) if model.api_key_env else None
    return [_forwarder(model, url, key) for url in model.servers or (model.base_url or usual,)]


def _forwarder(model: Model, base_url: str, api_key: str | None) -> Forwarder:
    return Forwarder(
        base_url,
        api_key=api_key,
        own_host=model.own_host or model.provider == "vllm",
        free_5xx=model.free_5xx,
        concurrency=model.limits.concurrency or DEFAULT_CONCURRENCY,
        name=f"{model.provider} {model.model}",
        api_version=model.api_version,
    )


def _learns(prepared: Prepared, alias: str, extra_tokens: int) -> int | None:
    model = prepared.sweep.models[alias]
    overhead = extra_tokens + max(model.prompt_overhead_tokens, prepared.overheads.get(alias, 0))
    prepared.overheads[alias] = overhead
    return overhead


def _costs_more(prepared: Prepared, alias: str, cost_ratio: int) -> None:
    prepared.cost_ratios[alias] = max(prepared.cost_ratios.get(alias, ONE), cost_ratio)
