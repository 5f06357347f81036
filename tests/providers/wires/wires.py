"""Every wire with its loopback vendor, for tests that hold for all of them."""

from contextlib import asynccontextmanager
from typing import Any

from providers.openai_compatible import openai_compatible
from providers.vllm import vllm
from tests.loopback.anthropic_wire import anthropic_vendor
from tests.loopback.openai_wire import openai_vendor
from tests.loopback.responses_wire import responses_vendor
from tests.providers.sdk.sdk_ends import KEY, make

WIRES = ("lean", "completions", "vllm", "chat", "responses", "messages")
SDK = ("chat", "responses", "messages")
SEVERAL = ("lean", "completions", "vllm", "chat")
"""Those that give several samples a request."""


def vendor_of(wire: str, **settings: Any) -> Any:
    match wire:
        case "responses":
            return responses_vendor(**settings)
        case "messages":
            return anthropic_vendor(**settings)
        case "vllm":
            return openai_vendor(flavour="vllm", **settings)
        case _:
            return openai_vendor(**settings)


def provider_of(wire: str, root_url: str, **more: Any) -> Any:
    if wire in SDK:
        return make(wire, root_url, **more)
    common: dict[str, Any] = {"api_key": KEY, **more}
    if wire == "vllm":
        return vllm(f"{root_url}/v1", **common)
    common = {"own_host": True, "api": "completions" if wire == "completions" else "chat", **common}
    return openai_compatible(f"{root_url}/v1", **common)


@asynccontextmanager
async def talking(wire: str, *, provider: dict[str, Any] | None = None, **vendor: Any):
    """(vendor, provider), both closed at the end."""
    async with vendor_of(wire, **{"key": KEY, **vendor}) as made:
        one = provider_of(wire, made.root_url, **(provider or {}))
        try:
            yield made, one
        finally:
            await one.aclose()


def most(wire: str, n: int) -> int:
    """`n`, where the wire gives several samples a request, else 1."""
    return n if wire in SEVERAL else 1
