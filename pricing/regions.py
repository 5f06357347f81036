"""OpenAI's regional hosts (eu.api.openai.com …): a tenth more for every model released since 2026-03-05.

Source: https://developers.openai.com/api/docs/guides/data-residency, read on 2026-11-29. Which models are older is a
list of ours, by the release dates of https://developers.openai.com/api/docs/changelog: a model that is not in it is
taken for a newer one.
"""

from __future__ import annotations

import datetime
from dataclasses import replace
from decimal import Decimal
from urllib.parse import urlsplit

from pricing.bands import times
from pricing.names import snapshot_of
from pricing.types import Price

UPLIFT = Decimal("1.1")
SINCE = datetime.date(2026, 3, 5)
GOOGLE_HOST = "generativelanguage.googleapis.com"
OPENAI_HOST = "api.openai.com"
OLDER = frozenset(
    {
        "ada",
        "babbage",
        "curie",
        "davinci",
        "babbage-002",
        "davinci-002",
        "text-davinci-002",
        "text-davinci-003",
        "gpt-3.5-turbo",
        "gpt-3.5-turbo-16k",
        "gpt-3.5-turbo-instruct",
        "gpt-4",
        "gpt-4-32k",
        "gpt-4-turbo",
        "gpt-4-turbo-preview",
        "gpt-4-vision-preview",
        "gpt-4o",
        "gpt-4o-mini",
        "chatgpt-4o-latest",
        "gpt-4o-search-preview",
        "gpt-4o-mini-search-preview",
        "gpt-4.1",
        "gpt-4.1-mini",
        "gpt-4.1-nano",
        "gpt-4.5-preview",
        "o1",
        "o1-mini",
        "o1-preview",
        "o1-pro",
        "o3",
        "o3-mini",
        "o3-pro",
        "o3-deep-research",
        "o4-mini",
        "o4-mini-deep-research",
        "codex-mini-latest",
        "computer-use-preview",
        "gpt-5",
        "gpt-5-mini",
        "gpt-5-nano",
        "gpt-5-pro",
        "gpt-5-codex",
        "gpt-5-chat-latest",
        "gpt-5-search-api",
        "gpt-5.1",
        "gpt-5.1-chat-latest",
        "gpt-5.1-codex",
        "gpt-5.1-codex-mini",
        "gpt-5.1-codex-max",
        "gpt-5.2",
        "gpt-5.2-chat-latest",
        "gpt-5.2-codex",
        "gpt-5.2-pro",
        "gpt-5.3-chat-latest",
        "gpt-5.3-codex",
    }
)


def is_openai(provider: str, base_url: str | None) -> bool:
    """Whether requests go to OpenAI itself, in whatever region."""
    if base_url is None:
        return provider == "openai"
    return _host(base_url) == OPENAI_HOST or is_regional(base_url)


def is_makers(provider: str, base_url: str) -> bool:
    """Whether a base URL is of the vendor that a provider is named after."""
    return is_openai(provider, base_url) or (provider == "google" and _host(base_url) == GOOGLE_HOST)


def is_this_machine(base_url: str) -> bool:
    """Whether a base URL is of this machine: a proxy or a stand-in that its user started."""
    host = _host(base_url)
    return host in ("localhost", "::1") or host.startswith("127.")


def is_regional(base_url: str | None) -> bool:
    """Whether a base URL is one of OpenAI's regional hosts."""
    return _host(base_url or "").endswith(f".{OPENAI_HOST}")


def _host(url: str) -> str:
    try:
        return (urlsplit(url).hostname or "").lower()
    except ValueError:
        return ""


def costs_more(base_url: str | None, model: str) -> bool:
    """Whether this model costs a tenth more there."""
    return is_regional(base_url) and not is_older(model)


def is_older(model: str) -> bool:
    """Whether a model, its dated snapshot, or what it was fine-tuned from was released before the uplift."""
    name = model.lower()
    if name.startswith("ft:"):
        name = name.split(":")[1]
    dated = snapshot_of(name)
    if dated is not None:
        return dated[0] in OLDER and dated[1] < SINCE
    short, _, date = name.rpartition("-")  # gpt-4-0613, gpt-3.5-turbo-1106
    return name in OLDER or (short in OLDER and len(date) == 4 and date.isdigit())


def regional(price: Price) -> Price:
    """The price at a regional host, rounded up if it bills whole requests."""
    numerator, denominator = UPLIFT.as_integer_ratio()
    per_request = -(-price.per_request_pico * numerator // denominator)
    return replace(
        price,
        bands=times(price.bands, UPLIFT),
        worst_bands=times(price.worst_bands, UPLIFT),
        per_request_pico=per_request,
        region=True,
    )


def price_note(price: Price, base_url: str | None, model: str) -> str | None:
    """What a person should know of the price at a regional host."""
    if not costs_more(base_url, model):
        return None
    if price.region:
        return "the price includes the 10% that OpenAI's regional hosts cost more"
    return (
        f"the {price.source} price is taken as it is, though OpenAI's regional hosts cost 10% more for models "
        f"released since {SINCE}"
    )
