"""From a model's keys to its providers: one for each server. Each wire's module is imported only if it is used."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from providers.errors import Stopped

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from providers.batch import BatchProvider
    from providers.types import Provider

OPENAI_URL = "https://api.openai.com/v1"


def build(
    *,
    provider: str,
    model: str,
    api: str,
    servers: Sequence[str],
    base_url: str | None,
    own_host: bool,
    api_key: str | None,
    api_version: str | None,
    free_5xx: bool,
    server_defaults: bool,
    service_tier: str | None,
    inference_geo: str | None,
    concurrency: int,
    tape: Path | str | None,
    speed: float,
    params: Mapping[str, Any],
) -> list[Provider]:
    """The providers of one model, in the order of `servers` (one if there are none). `concurrency`: the most
    requests in flight at one of them; `params`: the stated sampling parameters, which no wire needs to know yet.
    Raises Stopped if a key that this wire needs is missing."""
    if provider == "vllm":
        return _vllm(
            servers, base_url, api=api, api_key=api_key, concurrency=concurrency, neutral=not server_defaults
        )
    if provider == "openai-compatible":
        from providers.openai_compatible import openai_compatible

        one = openai_compatible(
            _needed(base_url, "base_url"),
            api=_lean_api(api),
            api_key=api_key,
            own_host=own_host,
            free_5xx=free_5xx,
            concurrency=concurrency,
            service_tier=service_tier,
            name=f"openai-compatible {model}",
        )
        return [one]
    if provider == "openai" and api == "completions":
        from providers.openai_compatible import openai_compatible

        # The old wire: max_tokens, no tiers, and nothing that the SDK would add.
        legacy = openai_compatible(
            base_url or OPENAI_URL,
            api="completions",
            api_key=_needed(api_key, "the key (api_key_env)"),
            own_host=own_host,
            free_5xx=free_5xx,
            concurrency=concurrency,
            name=f"openai {model}",
        )
        return [legacy]
    if provider == "openai":
        from providers.openai import OpenAIProvider

        openai = OpenAIProvider(
            model=model,
            api=_sdk_api(api),
            api_key=api_key,
            base_url=base_url,
            own_host=own_host,
            free_5xx=free_5xx,
            service_tier=service_tier,
            concurrency=concurrency,
        )
        return [openai]
    if provider == "anthropic":
        from providers.anthropic import AnthropicProvider

        anthropic = AnthropicProvider(
            model=model,
            api_key=api_key,
            base_url=base_url,
            own_host=own_host,
            free_5xx=free_5xx,
            service_tier=service_tier,
            inference_geo=inference_geo,
            api_version=api_version,
            concurrency=concurrency,
        )
        return [anthropic]
    if provider == "google":
        from providers.google import google

        gemini = google(
            model=model,
            api_key=_needed(api_key, "the key (api_key_env)"),
            base_url=base_url,
            own_host=own_host,
            free_5xx=free_5xx,
            service_tier=service_tier,
            concurrency=concurrency,
        )
        return [gemini]
    if provider == "replay":
        from providers.replay import ReplayProvider

        return [ReplayProvider(Path(_needed(tape, "tape")), speed=speed)]
    raise Stopped(f"no provider is called {provider!r}")


def build_batches(
    *,
    provider: str,
    model: str,
    api: str,
    base_url: str | None,
    own_host: bool,
    api_key: str | None,
    api_version: str | None,
    free_5xx: bool,
    inference_geo: str | None,
) -> BatchProvider:
    """The batch API of one model. Raises Stopped if its key is missing, or if there is none."""
    if provider == "openai":
        from providers.openai_batch import OpenAIBatches

        return OpenAIBatches(
            model=model,
            api=_sdk_api(api),
            api_key=api_key,
            base_url=base_url,
            own_host=own_host,
            free_5xx=free_5xx,
        )
    if provider == "anthropic":
        from providers.anthropic_batch import AnthropicBatches

        return AnthropicBatches(
            model=model,
            api_key=api_key,
            base_url=base_url,
            own_host=own_host,
            free_5xx=free_5xx,
            inference_geo=inference_geo,
            api_version=api_version,
        )
    if provider == "google":
        from providers.google_batch import GoogleBatches

        return GoogleBatches(
            model=model, api_key=api_key, base_url=base_url, own_host=own_host, free_5xx=free_5xx
        )
    raise Stopped(f"provider {provider} has no batch API here")


def _vllm(
    servers: Sequence[str],
    base_url: str | None,
    *,
    api: str,
    api_key: str | None,
    concurrency: int,
    neutral: bool,
) -> list[Provider]:
    from providers.vllm import vllm

    return [
        vllm(
            server,
            api=_lean_api(api),
            api_key=api_key,
            concurrency=concurrency,
            server_defaults=not neutral,
            name=f"vllm {server}",
        )
        for server in servers or [_needed(base_url, "servers")]
    ]


def _lean_api(api: str) -> Literal["chat", "completions"]:
    if api not in ("chat", "completions"):
        raise Stopped(f'api = "{api}" works with provider = "openai" only')
    return api


def _sdk_api(api: str) -> Literal["chat", "responses"]:
    if api not in ("chat", "responses"):
        raise Stopped(f'provider = "openai" has no api = "{api}"')
    return api


def _needed(value: Path | str | None, key: str) -> str:
    if not value:
        raise Stopped(f"{key} is missing")
    return str(value)
