"""Any endpoint that speaks OpenAI's wire: the lean wire, and nothing sent that the sweep file doesn't state."""

from __future__ import annotations

from typing import Literal

from providers.direct.provider import DirectProvider


def openai_compatible(
    base_url: str,
    *,
    api: Literal["chat", "completions"] = "chat",
    api_key: str | None = None,
    own_host: bool = False,
    free_5xx: bool = False,
    concurrency: int = 64,
    service_tier: str | None = None,
    name: str = "openai-compatible",
) -> DirectProvider:
    """A provider for one endpoint. Its 500/503 count as unknown, since a gateway answers so when it lost a billed
    reply, unless `own_host` or `free_5xx` says otherwise."""
    return DirectProvider(
        base_url,
        api=api,
        api_key=api_key,
        own_host=own_host,
        free_5xx=free_5xx,
        concurrency=concurrency,
        service_tier=service_tier,
        name=name,
    )
