"""Every wire that is sampled, by its own provider: a vendor that keeps its own bill, and the model that asks it."""

from __future__ import annotations

from typing import Any

from tests.loopback.anthropic_wire import anthropic_vendor
from tests.loopback.openai_wire import openai_vendor
from tests.loopback.responses_wire import responses_vendor
from tests.loopback.vendor import Vendor
from tests.orchestrator.run.sweeps import model

KEY = "KEY_OF_A_LOOPBACK_VENDOR"
STREAMED = {"timeout_s": 400}
"""A time-out above which replies are asked for as streams."""
WIRES = ("openai-compatible", "openai", "responses", "anthropic")


def vendor_of(wire: str, **settings: Any) -> Vendor:
    if wire == "anthropic":
        return anthropic_vendor(**settings)
    return responses_vendor(**settings) if wire == "responses" else openai_vendor(**settings)


def model_of(wire: str, vendor: Vendor, **keys: Any) -> dict[str, Any]:
    """The environment variable KEY must be set."""
    provider = "openai" if wire == "responses" else wire
    more: dict[str, Any] = {"api": "responses"} if wire == "responses" else {}
    at = vendor.root_url if wire == "anthropic" else vendor.base_url
    return model(vendor, provider=provider, base_url=at, api_key_env=KEY, **more, **keys)
