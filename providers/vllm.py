"""vLLM's own server: the lean wire, each sample's token ids, and sampling values that are really neutral."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import msgspec

from providers.errors import Overloaded, ProviderError, Stopped
from providers.lean import LeanProvider
from providers.lenient import as_object, as_objects, as_text

if TYPE_CHECKING:
    from providers.types import Reply, Request

NEUTRAL = {"temperature": 1.0, "top_p": 1.0, "top_k": -1, "min_p": 0.0, "repetition_penalty": 1.0}
"""Sent for what isn't stated, since the server would otherwise take the model's generation_config.json."""
IDS = "return_token_ids"


@dataclass(frozen=True, slots=True, kw_only=True)
class Probe:
    """What a server tells without cost."""

    models: tuple[str, ...]
    version: str | None
    context_tokens: dict[str, int]
    """By model, where told: the most tokens of prompt and reply together."""


class VllmProvider(LeanProvider):
    """One vLLM server. Asks for token ids until the server refuses the field."""

    async def send(self, request: Request, /) -> Reply:
        asked = self._token_ids
        try:
            return await super().send(request)
        except Stopped as error:
            if not (asked and IDS in error.message and error.status in (400, 422)):
                raise
            self._token_ids = False
            message = f"{self._name}: this server knows no {IDS}: from now on samples share a reply's tokens equally"
            raise Overloaded(
                message, status=error.status, retry_after_s=0.0, request_id=error.request_id
            ) from error

    async def probe(self) -> Probe:
        """Asks for /v1/models and /version. Replies then carry the version. Raises ProviderError."""
        models = _models(await self.get("models"))
        try:
            found = as_text(_object(await self.get("/version")).get("version"))
        except ProviderError:
            found = None  # a gateway in front of it may serve /v1 alone
        self.server_version = f"vllm {found}" if found else self.server_version
        return Probe(
            models=tuple(models), version=found, context_tokens={k: v for k, v in models.items() if v}
        )


def vllm(
    base_url: str,
    *,
    api: Literal["chat", "completions"] = "chat",
    api_key: str | None = None,
    concurrency: int = 256,
    server_defaults: bool = False,
    name: str = "vllm",
) -> VllmProvider:
    """A provider for one server. `server_defaults`: what isn't stated is left to the server."""
    return VllmProvider(
        base_url,
        api=api,
        api_key=api_key,
        own_host=True,
        concurrency=concurrency,
        token_ids=True,
        defaults={} if server_defaults else NEUTRAL,
        name=name,
    )


def _models(body: bytes) -> dict[str, int]:
    found: dict[str, int] = {}
    for fields in as_objects(_object(body).get("data")):
        length = fields.get("max_model_len")
        if (name := as_text(fields.get("id"))) is not None:
            found[name] = length if isinstance(length, int) and not isinstance(length, bool) else 0
    return found


def _object(body: bytes) -> dict[str, Any]:
    try:
        return as_object(msgspec.json.decode(body))
    except (msgspec.DecodeError, ValueError, RecursionError):
        return {}
