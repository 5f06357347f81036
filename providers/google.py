"""Google's Gemini through its OpenAI-compatible endpoint: the lean wire. Thinking is billed as output, though only the
total of a reply's usage counts it; a model that takes one candidate per request is learnt from its refusal."""

from __future__ import annotations

from providers.direct.provider import DirectProvider
from providers.transport.address import GOOGLE_URL


def google(
    *,
    model: str,
    api_key: str,
    base_url: str | None = None,
    own_host: bool,
    free_5xx: bool = False,
    service_tier: str | None = None,
    concurrency: int = 64,
) -> DirectProvider:
    """A provider for one model; `base_url` None is Google's own."""
    return DirectProvider(
        base_url or GOOGLE_URL,
        api_key=api_key,
        own_host=own_host,
        free_5xx=free_5xx,
        service_tier=service_tier,
        concurrency=concurrency,
        name=f"google {model}",
    )
