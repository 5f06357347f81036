"""The vendors that `manyfew init` knows by name, and what a sweep file says of each."""

from __future__ import annotations

import json
import os
import re
from typing import NamedTuple


class Vendor(NamedTuple):
    """With an API of its own in manyfew. `effort` is how the small model is kept from long reasoning."""

    provider: str
    key: str
    base_url: str
    small: str
    large: str
    effort: str


OPENAI = Vendor(
    "openai",
    "OPENAI_API_KEY",
    "https://api.openai.com/v1",
    "gpt-6-luna",
    "gpt-6-sol",
    'extra = { reasoning_effort = "none" }\n',
)
"""The vendor of the starter file."""
ANTHROPIC = Vendor(
    "anthropic",
    "ANTHROPIC_API_KEY",
    "https://api.anthropic.com",
    "claude-haiku-5-5",
    "claude-sonnet-5-5",
    "",
)
GOOGLE = Vendor(
    "google",
    "GEMINI_API_KEY",
    "https://generativelanguage.googleapis.com/v1beta/openai",
    "gemini-3.5-flash-lite",
    "gemini-3.5-flash",
    "",
)
VENDORS = (OPENAI, ANTHROPIC, GOOGLE)
EXPENSIVE_SAMPLES = 2
"""Of a problem, as the starter file has it."""


class Endpoint(NamedTuple):
    """Of a vendor that speaks OpenAI's API."""

    name: str
    base_url: str
    key: str

    @property
    def placeholders(self) -> list[str]:
        """Words of the address that stand for the user's own."""
        return list(dict.fromkeys(re.findall(r"[A-Z]{4,}", self.base_url)))


ENDPOINTS = (
    Endpoint("openrouter", "https://openrouter.ai/api/v1", "OPENROUTER_API_KEY"),
    Endpoint("deepseek", "https://api.deepseek.com", "DEEPSEEK_API_KEY"),
    Endpoint("groq", "https://api.groq.com/openai/v1", "GROQ_API_KEY"),
    Endpoint("together", "https://api.together.xyz/v1", "TOGETHER_API_KEY"),
    Endpoint("fireworks", "https://api.fireworks.ai/inference/v1", "FIREWORKS_API_KEY"),
    Endpoint("mistral", "https://api.mistral.ai/v1", "MISTRAL_API_KEY"),
    Endpoint("xai", "https://api.x.ai/v1", "XAI_API_KEY"),
    Endpoint("cerebras", "https://api.cerebras.ai/v1", "CEREBRAS_API_KEY"),
    Endpoint("moonshot", "https://api.moonshot.ai/v1", "MOONSHOT_API_KEY"),
    Endpoint("zai", "https://api.z.ai/api/paas/v4", "ZAI_API_KEY"),
    Endpoint("zhipu", "https://open.bigmodel.cn/api/paas/v4", "ZHIPUAI_API_KEY"),
    Endpoint("volcengine", "https://ark.cn-beijing.volces.com/api/v3", "ARK_API_KEY"),
    Endpoint(
        "bedrock", "https://bedrock-runtime.us-east-1.amazonaws.com/openai/v1", "AWS_BEARER_TOKEN_BEDROCK"
    ),
    Endpoint("azure", "https://RESOURCE.openai.azure.com/openai/v1", "AZURE_OPENAI_API_KEY"),
    Endpoint(
        "vertex",
        "https://LOCATION-aiplatform.googleapis.com/v1/projects/PROJECT/locations/LOCATION/endpoints/openapi",
        "VERTEX_ACCESS_TOKEN",
    ),
    Endpoint("litellm", "http://127.0.0.1:4000/v1", "LITELLM_API_KEY"),
    Endpoint("github", "https://models.github.ai/inference", "GITHUB_TOKEN"),
)


class Other(NamedTuple):
    """What the file needs to know of an endpoint. `models`: (the model, its price line or ""), the cheap one first if
    both are the vendor's."""

    endpoint: Endpoint
    models: tuple[tuple[str, str], ...]


def keys_set() -> dict[str, str]:
    """The vendors whose keys the environment holds, by name: the variable."""
    known = [(one.provider, one.key) for one in VENDORS] + [(one.name, one.key) for one in ENDPOINTS]
    return {name: key for name, key in known if os.environ.get(key)}


def has_price(endpoint: Endpoint, model: str) -> bool:
    """Whether the price book prices the model there without more being said."""
    from pricing.resolve import resolve
    from pricing.types import Unpriceable

    try:
        resolve(provider="openai-compatible", model=model, base_url=endpoint.base_url)
    except Unpriceable:
        return False
    return True


def book_name(model: str) -> str:
    """What the price book calls the same model of its maker, for `price_as`; empty if it doesn't know it."""
    from pricing.resolve import priced_as
    from pricing.types import Unpriceable

    plain = model.rpartition("/")[2]
    for vendor in ("openai", "google", "anthropic"):
        try:
            priced_as(f"{vendor}/{plain}")
        except Unpriceable:
            continue
        return f"{vendor}/{plain}"
    return ""


def section_of(alias: str, other: Other, at: int) -> str:
    """The table of one model at an endpoint."""
    model, price = other.models[at]
    own = f"samples = {EXPENSIVE_SAMPLES}                    # of [sampling], for this model\n"
    samples = "" if alias == "cheap" else own
    return (
        f"[models.{alias}]\n"
        'provider = "openai-compatible"\n'
        f"model = {json.dumps(model)}\n"
        f"base_url = {json.dumps(other.endpoint.base_url)}\n"
        f'api_key_env = "{other.endpoint.key}"     # the variable that holds the key; never write the key itself here\n'
        f"{price}{samples}max_tokens = 1024\n\n"
    )
