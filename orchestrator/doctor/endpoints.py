"""Whether each endpoint of a sweep answers, and serves the sweep's models: one free request each, all at once."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Mapping
from dataclasses import dataclass, field

from orchestrator.doctor.finding import Finding
from orchestrator.interrupts import interrupts
from orchestrator.sweep.load import key_problem
from orchestrator.sweep.types import Model
from providers.direct.probe import read_models, read_version
from providers.direct.provider import DirectProvider
from providers.errors import ProviderError
from providers.transport.address import ANTHROPIC_URL, GOOGLE_URL, OPENAI_URL

TIMEOUT_S = 5.0
VENDOR_URL = {"openai": OPENAI_URL, "anthropic": ANTHROPIC_URL, "google": GOOGLE_URL}
ANTHROPIC_VERSION = "2023-06-01"
"""The list of models is the same in every version."""
_KEY_REFUSED = (401, 403)
_NO_LIST = (404, 405, 501)


@dataclass(frozen=True, slots=True)
class CheckedEndpoint:
    """One address with one key. `key_env` is None if no key is sent."""

    provider: str
    base_url: str
    """As a request's path is put after it: ends in /v1."""
    key_env: str | None

    @property
    def headers(self) -> Mapping[str, str]:
        return {"anthropic-version": ANTHROPIC_VERSION} if self.provider == "anthropic" else {}


@dataclass(slots=True, kw_only=True)
class Told:
    """What an endpoint answered: its models, or a status or a reason."""

    models: tuple[str, ...] = ()
    version: str | None = None
    context_tokens: Mapping[str, int] = field(default_factory=dict[str, int])
    status: int | None = None
    broken: str | None = None


def endpoints(models: Mapping[str, Model]) -> list[Finding]:
    """Asks every endpoint for its models; says of each whether it answers and serves what the sweep asks of it."""
    asked: dict[CheckedEndpoint, list[Model]] = {}
    for model in models.values():
        for endpoint in _of(model):
            asked.setdefault(endpoint, []).append(model)
    told = _answers(list(asked)) if asked else {}
    return [
        finding for endpoint, users in asked.items() for finding in _findings(endpoint, told[endpoint], users)
    ]


def _answers(asked: list[CheckedEndpoint]) -> dict[CheckedEndpoint, Told]:
    with asyncio.Runner() as runner:
        return interrupts.run(runner, _ask_all(asked))


def _of(model: Model) -> list[CheckedEndpoint]:
    if model.provider == "replay":
        return []
    # A key that is missing is said elsewhere; whether the address answers can be asked without it.
    key_env = model.api_key_env if key_problem(model) is None else None
    urls = model.servers or (model.base_url or VENDOR_URL.get(model.provider, ""),)
    ending = "/v1" if model.provider == "anthropic" else ""
    return [CheckedEndpoint(model.provider, url.rstrip("/") + ending, key_env) for url in urls if url]


async def _ask_all(asked: list[CheckedEndpoint]) -> dict[CheckedEndpoint, Told]:
    async with asyncio.TaskGroup() as group:
        tasks = {endpoint: group.create_task(_ask(endpoint)) for endpoint in asked}
    return {endpoint: task.result() for endpoint, task in tasks.items()}


async def _ask(endpoint: CheckedEndpoint) -> Told:
    key = os.environ.get(endpoint.key_env) if endpoint.key_env else None
    wire = DirectProvider(
        endpoint.base_url, api_key=key, concurrency=2, headers=endpoint.headers, name=endpoint.base_url
    )
    try:
        path = "models?limit=1000" if endpoint.provider == "anthropic" else "models"
        probe = read_models(await wire.get(path, timeout_s=TIMEOUT_S))
        version = await _version(wire) if endpoint.provider == "vllm" else None
        return Told(models=probe.models, version=version, context_tokens=probe.context_tokens)
    except ProviderError as error:
        if error.status is not None:
            return Told(status=error.status)
        return Told(broken=error.message.removeprefix(f"{endpoint.base_url}: ").partition(": ")[2])
    finally:
        await wire.aclose()


async def _version(wire: DirectProvider) -> str | None:
    try:
        return read_version(await wire.get("/version", timeout_s=TIMEOUT_S))
    except ProviderError:
        return None  # a gateway in front of it may serve /v1 alone


def _findings(endpoint: CheckedEndpoint, told: Told, users: list[Model]) -> list[Finding]:
    url = endpoint.base_url
    if told.broken is not None:
        key = "servers" if endpoint.provider == "vllm" else "base_url"
        text = f"{url} can't be reached: {told.broken}"
        first = (
            "check this machine's network"
            if url in (ANTHROPIC_URL, GOOGLE_URL, OPENAI_URL)
            else "start the server"
        )
        return [Finding("missing", "endpoint", text, f"{first} or correct {key}")]
    if told.status is not None:
        return [_refusal(endpoint, told.status)]
    if not told.models:
        text = f"{url} answers but lists no models"
        return [Finding("note", "endpoint", text, "check that this is the right address")]
    version = f", vLLM {told.version}" if told.version else ""
    return [
        Finding("ok", "endpoint", f"{url} answers{version}, models: {len(told.models)}"),
        *(_serves(endpoint, told, model) for model in users),
    ]


def _refusal(endpoint: CheckedEndpoint, status: int) -> Finding:
    url = endpoint.base_url
    if status in _KEY_REFUSED and endpoint.key_env is None:
        return Finding(
            "note", "endpoint", f"{url} answers but needs a key ({status})", "name it in api_key_env"
        )
    if status in _KEY_REFUSED:
        text = f"{url} rejects the key in {endpoint.key_env} ({status})"
        return Finding("missing", "endpoint", text, f"set {endpoint.key_env} to a valid key for it")
    if status in _NO_LIST:
        return Finding("note", "endpoint", f"{url} answers but doesn't list its models ({status})")
    return Finding("missing", "endpoint", f"{url} answers {status}", "try again later or check the server")


def _serves(endpoint: CheckedEndpoint, told: Told, model: Model) -> Finding:
    if model.model in told.models:
        room = told.context_tokens.get(model.model)
        if room is not None and model.max_tokens >= room:
            text = f"{model.alias}: max_tokens is {model.max_tokens:,}, but {model.model} has room for {room:,} in all"
            return Finding("missing", "model", text, "use a smaller max_tokens: the prompt needs room too")
        text = f"{model.alias}: {model.model} is served at {endpoint.base_url}"
        return Finding("ok", "model", text + (f", context {room:,}" if room else ""))
    text = f"{model.alias}: {endpoint.base_url} doesn't list {model.model}"
    if endpoint.provider == "anthropic" or any(name.endswith("*") for name in told.models):
        return Finding("note", "model", text, "it doesn't list aliases of models; one sample would show")
    return Finding("missing", "model", text, f"it lists {_some(told.models)}")


def _some(models: tuple[str, ...]) -> str:
    more = f" and {len(models) - 3} more" if len(models) > 3 else ""
    return ", ".join(models[:3]) + more
