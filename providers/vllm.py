"""vLLM's own server: the lean wire, each sample's token ids, and sampling values that are really neutral."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Literal

from providers.direct.probe import Load, Probe, read_load, read_version
from providers.direct.provider import DirectProvider
from providers.errors import Overloaded, ProviderError, Stopped

if TYPE_CHECKING:
    from providers.types import Reply, Request

NEUTRAL = {"temperature": 1.0, "top_p": 1.0, "top_k": -1, "min_p": 0.0, "repetition_penalty": 1.0}
"""Sent for what isn't stated, since the server would otherwise take the model's generation_config.json."""
IDS = "return_token_ids"


class VllmProvider(DirectProvider):
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

    async def load(self) -> Load | None:
        """Asks for /metrics, once and without cost; None if the server doesn't say. Raises ProviderError."""
        return read_load(await self.get("/metrics"))

    async def probe(self) -> Probe:
        """Asks for /v1/models and /version. Replies then carry the version. Raises ProviderError."""
        found = await super().probe()
        try:
            version = read_version(await self.get("/version"))
        except ProviderError:
            return found  # a gateway in front of it may serve /v1 alone
        self.server_version = f"vllm {version}" if version else self.server_version
        return replace(found, version=version)


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
