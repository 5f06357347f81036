"""The sweep's models as provider objects, one an endpoint, with their keys from the environment."""

from __future__ import annotations

import asyncio
import contextlib
import os
from collections.abc import Collection
from dataclasses import replace
from typing import TYPE_CHECKING, cast

from orchestrator.ledger.writing.run_state import RunState
from orchestrator.run.build_scheduler import DEFAULT_CONCURRENCY
from orchestrator.sweep.types import Model, Sweep
from providers.batch import BatchProvider
from providers.build import build, build_batches
from providers.errors import ProviderError
from providers.types import Provider

if TYPE_CHECKING:
    from providers.vllm import VllmProvider

LONGEST_PROBE_S = 3.0


def build_providers(sweep: Sweep, only: Collection[str] | None = None) -> dict[str, list[Provider]]:
    """By alias, in the order of the scheduler's endpoints; none for models that are left out, nor for those whose
    servers the run starts itself."""
    return {
        alias: []
        if model.batch or model.serve is not None or (only is not None and alias not in (*only, sweep.judge))
        else providers_of(model)
        for alias, model in sweep.models.items()
    }


def has_batches(model: Model) -> bool:
    """Whether its provider has a batch API that is spoken here."""
    return model.provider in ("openai", "anthropic", "google") and model.api != "completions"


def build_batch_providers(sweep: Sweep, state: RunState) -> dict[str, BatchProvider]:
    """By alias: of models with batch = true, and of those that an earlier run has open batches of."""
    return {
        alias: _build_batches(model)
        for alias, model in sweep.models.items()
        if model.batch or state.models[alias].open_jobs
    }


def _build_batches(model: Model) -> BatchProvider:
    return build_batches(
        provider=model.provider,
        model=model.model,
        api=model.api,
        base_url=model.base_url,
        own_host=model.own_host,
        api_key=os.environ.get(model.api_key_env) if model.api_key_env else None,
        api_version=model.api_version,
        free_5xx=model.free_5xx,
        inference_geo=model.inference_geo,
    )


async def ask_versions(sweep: Sweep, providers: dict[str, list[Provider]]) -> None:
    """Asks vllm servers for their version, once and without cost, so that the ledger can name it. One that does not
    answer now is no error: the first request will say what is wrong."""
    servers = [
        p
        for alias, model in sweep.models.items()
        if model.provider == "vllm" and model.serve is None
        for p in providers[alias]
    ]
    async with asyncio.TaskGroup() as group:
        for server in servers:
            group.create_task(ask_version(cast("VllmProvider", server)))


async def ask_version(server: VllmProvider) -> None:
    with contextlib.suppress(ProviderError, TimeoutError):
        async with asyncio.timeout(LONGEST_PROBE_S):
            await server.probe()


def build_served(model: Model, url: str, key: str) -> Provider:
    """Of a model whose server the run has started at `url`."""
    (provider,) = _build(replace(model, servers=(url,), base_url=url), key)
    return provider


def providers_of(model: Model) -> list[Provider]:
    """Of one model, one for each of its endpoints."""
    return _build(model, os.environ.get(model.api_key_env) if model.api_key_env else None)


def _build(model: Model, api_key: str | None) -> list[Provider]:
    concurrency = model.limits.concurrency or (
        model.sequences if model.provider == "vllm" else DEFAULT_CONCURRENCY
    )
    return build(
        provider=model.provider,
        model=model.model,
        api=model.api,
        servers=model.servers,
        base_url=model.base_url,
        own_host=model.own_host,
        api_key=api_key,
        api_version=model.api_version,
        free_5xx=model.free_5xx,
        server_defaults=model.server_defaults,
        service_tier=model.service_tier,
        inference_geo=model.inference_geo,
        concurrency=concurrency,
        tape=_tape(model),
        speed=model.speed,
        params=model.params,
    )


def _tape(model: Model) -> str | None:
    """The shipped tape's path for "quickstart", else the path as resolved."""
    if model.tape != "quickstart":
        return model.tape
    from orchestrator.quickstart import tape_path

    return str(tape_path())
