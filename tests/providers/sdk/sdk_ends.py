"""The three endpoints behind an SDK, each with its loopback vendor, for tests that hold for all of them."""

from contextlib import asynccontextmanager
from typing import Any

import pytest

from providers.anthropic import AnthropicProvider
from providers.errors import ProviderError
from providers.openai import OpenAIProvider
from providers.types import Message, Prompt, Request
from tests.loopback.anthropic_wire import anthropic_vendor
from tests.loopback.openai_wire import openai_vendor
from tests.loopback.responses_wire import responses_vendor

KEY = "sk-loopback-0123456789abcdef"
MODELS = {"chat": "gpt-4o-2024-05-13", "responses": "gpt-5-pro", "messages": "claude-sonnet-4-6"}
_VENDORS = {"chat": openai_vendor, "responses": responses_vendor, "messages": anthropic_vendor}


def make(end: str, root_url: str, **more: Any) -> Any:
    """The provider of an endpoint at a loopback vendor's root URL."""
    common: dict[str, Any] = {"model": MODELS[end], "api_key": KEY, "own_host": True, **more}
    if end == "messages":
        return AnthropicProvider(base_url=root_url, **common)
    return OpenAIProvider(api="chat" if end == "chat" else "responses", base_url=f"{root_url}/v1", **common)


@asynccontextmanager
async def talking(end: str, *, provider: dict[str, Any] | None = None, **vendor: Any):
    """(vendor, provider), both closed at the end."""
    async with _VENDORS[end](key=KEY, **vendor) as made:
        one = make(end, made.root_url, **(provider or {}))
        try:
            yield made, one
        finally:
            await one.aclose()


def ask(
    n: int = 1,
    *,
    model: str = "m",
    prompt: str = "What is 2+2?",
    system: str | None = None,
    timeout_s: float = 5.0,
    max_tokens: int = 100,
    **more: Any,
) -> Request:
    first = (Message("system", system),) if system is not None else ()
    messages = Prompt(messages=(*first, Message("user", prompt)))
    return Request(
        model=model, prompt=messages, n=n, max_tokens=max_tokens, timeout_s=timeout_s, problem="p", **more
    )


async def failing(provider: Any, request: Request | None = None) -> Any:
    """The error of a request that must fail, once it is seen to be one harmless line without the key."""
    with pytest.raises(ProviderError) as caught:
        await provider.send(request or ask(timeout_s=0.3))
    assert KEY not in caught.value.message
    assert KEY not in str(caught.value)
    assert caught.value.message.isprintable()
    return caught.value


def four(prompt: str, index: int) -> str:
    return "four"
