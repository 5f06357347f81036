"""Which keys go with which provider, and with each other."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from orchestrator.sweep.lines import dotted
from orchestrator.sweep.messages import is_like_a_key, suggestion
from orchestrator.sweep.schema import PARAMS, SamplingTable
from orchestrator.sweep.tables.serve import check_serve

if TYPE_CHECKING:
    from orchestrator.sweep.schema import ModelTable
    from orchestrator.sweep.source import SweepText

_ONLY: dict[str, tuple[str, ...]] = {
    "servers": ("vllm",),
    "serve": ("vllm", "openai-compatible"),
    "sequences": ("vllm",),
    "gpu_usd_per_hour": ("vllm",),
    "gpus": ("vllm",),
    "server_defaults": ("vllm",),
    "base_url": ("openai", "anthropic", "google", "openai-compatible"),
    "api_version": ("anthropic",),
    "inference_geo": ("anthropic",),
    "prompt_cache": ("anthropic",),
    "price_tiers": ("openai", "anthropic", "google", "openai-compatible"),
    "service_tier": ("openai", "anthropic", "google", "openai-compatible"),
    "tape": ("replay",),
    "speed": ("replay",),
}
_APIS: dict[str, tuple[str, ...]] = {
    "vllm": ("chat", "completions"),
    "openai": ("chat", "responses"),
    "openai-compatible": ("chat", "completions"),
    "anthropic": ("chat",),
    "google": ("chat",),
    "replay": ("chat", "completions", "responses"),
}
_MISSING = {
    ("vllm", "servers"): 'add servers = ["http://127.0.0.1:8000/v1"], or a table [models.ALIAS.serve]',
    ("openai-compatible", "base_url"): 'add base_url = "https://…/v1"',
    ("replay", "tape"): 'add tape = "quickstart" or the path of a tape',
}
_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_HOTTEST = {"openai": 2.0, "openai-compatible": 2.0, "google": 2.0, "anthropic": 1.0}


def check_model(source: SweepText, alias: str, model: ModelTable, sampling: SamplingTable) -> None:
    """Raises InputError for the first rule that `model`, with `sampling` applied, breaks."""
    _check_keys(source, alias, model)
    _check_money(source, alias, model)
    _check_api(source, alias, model)
    _check_sampling(source, alias, model, sampling)


def _check_keys(source: SweepText, alias: str, model: ModelTable) -> None:
    at = ("models", alias)
    if model.serve is not None:
        check_serve(source, alias, model)
    for key, providers in _ONLY.items():
        if key == "gpu_usd_per_hour" and model.serve is not None:
            continue
        if key in model.model_fields_set and model.provider not in providers:
            raise source.error(
                (*at, key), f"goes with provider {' or '.join(providers)}, not {model.provider}", "delete it"
            )
    for (provider, key), remedy in _MISSING.items():
        if model.provider == provider and getattr(model, key) is None and model.serve is None:
            raise source.error((*at, key), f"is missing: provider {provider} needs it", remedy)
    if model.model is None and model.provider != "replay":
        raise source.error(
            (*at, "model"), "is missing", 'add the vendor\'s name of it, such as model = "gpt-6-sol"'
        )
    variable = model.api_key_env
    if variable is not None and (not _VARIABLE.fullmatch(variable) or is_like_a_key(variable)):
        raise source.error(
            (*at, "api_key_env"),
            "is not the name of an environment variable",
            'such as "OPENAI_API_KEY"; never the key itself',
        )
    if model.batch:
        _check_batch(source, alias, model)


def _check_batch(source: SweepText, alias: str, model: ModelTable) -> None:
    """A batch has a price, a queue and a time of its own, so that keys of single requests say nothing of it."""
    at = ("models", alias)
    if model.provider not in ("openai", "anthropic", "google"):
        message = f"is true, and provider {model.provider} has no batch API here"
        raise source.error((*at, "batch"), message, "delete it, or use provider openai, anthropic or google")
    if model.service_tier is not None:
        raise source.error(
            (*at, "service_tier"),
            "can't be combined with batch = true: a batch is a tier of its own",
            "delete it",
        )
    for key in (
        "requests_per_minute",
        "tokens_per_minute",
        "input_tokens_per_minute",
        "output_tokens_per_minute",
    ):
        if getattr(model.limits, key) is not None:
            message = "is a limit of single requests, and a batch has a queue of its own"
            raise source.error(
                (*at, "limits", key), message, "delete it; concurrency bounds the requests in batches"
            )
    if model.limits.group is not None:
        message = "joins limits of single requests, and a batch has a queue of its own"
        raise source.error((*at, "limits", "group"), message, "delete it")


def _check_money(source: SweepText, alias: str, model: ModelTable) -> None:
    at = ("models", alias)
    stated = [key for key in ("gpu_usd_per_hour", "price", "price_as") if key in model.model_fields_set]
    if len(stated) > 1:
        raise source.error(
            (*at, stated[1]), f"can't be combined with {stated[0]}: a model has one price", "keep one of them"
        )
    if model.price_tiers is not None and model.price is None:
        raise source.error(
            (*at, "price_tiers"),
            "says what a stated price covers, and none is stated",
            "add price or delete it",
        )
    if model.gpus is not None and model.gpu_usd_per_hour is None:
        raise source.error(
            (*at, "gpus"), "has no effect without gpu_usd_per_hour", "add gpu_usd_per_hour or delete gpus"
        )


def _check_api(source: SweepText, alias: str, model: ModelTable) -> None:
    at = ("models", alias)
    apis = _APIS[model.provider]
    if model.api is not None and model.api not in apis:
        known = " or ".join(f'"{api}"' for api in apis)
        remedy = f"use {known}"
        if (model.provider, model.api) == ("openai", "completions"):
            remedy += ', or provider = "openai-compatible" with base_url = "https://api.openai.com/v1"'
        raise source.error((*at, "api"), f'provider {model.provider} has no api "{model.api}"', remedy)
    one = (
        "anthropic"
        if model.provider == "anthropic"
        else "the responses api"
        if model.api == "responses"
        else None
    )
    if one and model.max_n is not None and model.max_n > 1:
        raise source.error((*at, "max_n"), f"{one} takes one sample a request", "delete it")


def _check_sampling(source: SweepText, alias: str, model: ModelTable, sampling: SamplingTable) -> None:
    at = ("models", alias)
    for index, name in enumerate(model.unset):
        if name not in SamplingTable.model_fields:
            near = suggestion(name, SamplingTable.model_fields)
            raise source.error(
                (*at, "unset", index), "names no key of [sampling]", near or f"known: {', '.join(PARAMS)}"
            )
        if name in model.model_fields_set:
            raise source.error(
                (*at, "unset", index), f"drops {name}, which the model states itself", "keep one of them"
            )
    if sampling.max_tokens is None:
        raise source.error(
            (*at, "max_tokens"),
            "is missing: it bounds the worst case",
            "add max_tokens = 512 to [sampling] or to this model",
        )
    hottest = _HOTTEST.get(model.provider)
    if hottest is not None and (sampling.temperature or 0) > hottest:
        key = (*at, "temperature") if "temperature" in model.model_fields_set else ("sampling", "temperature")
        message = f"is above {hottest:g}, the most that {model.provider} takes, and holds for {dotted(at)}"
        raise source.error(key, message, f"state temperature in that model, at most {hottest:g}")
