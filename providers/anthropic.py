"""Anthropic's models through Anthropic's SDK. The SDK is imported when a provider is made, not before."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from providers.sdk.account import anthropic_account
from providers.sdk.provider import SdkProvider
from providers.wires.messages import messages_payload, parse_message, version_header
from providers.wires.messages_stream import STREAMING, MessagesStream

if TYPE_CHECKING:
    from collections.abc import Mapping

    from providers.errors import ProviderError
    from providers.transport.streaming import Assembly
    from providers.types import Reply, Request


class AnthropicProvider(SdkProvider):
    """POST /v1/messages. `base_url` doesn't end in /v1; None is Anthropic's own. `own_host`: its 500/503 with an
    error body are free, and `service_tier = "standard_only"` is sent to it unless stated, so that no reply costs
    more than the list price. `api_version`: the anthropic-version header, if stated. Raises Stopped without a
    key."""

    def __init__(
        self,
        *,
        model: str,
        api_key: str | None,
        base_url: str | None = None,
        own_host: bool,
        free_5xx: bool = False,
        service_tier: str | None = None,
        inference_geo: str | None = None,
        api_version: str | None = None,
        concurrency: int = 64,
    ) -> None:
        if service_tier is None and own_host:
            service_tier = "standard_only"
        super().__init__(
            MessagesWire(service_tier, inference_geo, api_version),
            anthropic_account(
                model, api_key, base_url, own_host=own_host, free_5xx=free_5xx, concurrency=concurrency
            ),
        )


class MessagesWire:
    """/v1/messages, for single requests and for those of a batch."""

    path = "/v1/messages"
    streaming = STREAMING

    def __init__(self, service_tier: str | None, inference_geo: str | None, api_version: str | None) -> None:
        self._service_tier = service_tier
        self._inference_geo = inference_geo
        self._api_version = api_version

    def assembly(self, n: int) -> Assembly:
        del n  # 1
        return MessagesStream()

    def payload(self, request: Request) -> dict[str, Any]:
        return messages_payload(request, service_tier=self._service_tier, inference_geo=self._inference_geo)

    def headers(self, request: Request) -> dict[str, str]:
        return version_header(request, self._api_version)

    def parse(
        self, body: bytes | dict[str, Any], *, latency_s: float, headers: Mapping[str, str], n: int
    ) -> Reply:
        del n  # 1
        return parse_message(body, latency_s=latency_s, headers=headers)

    def kept_at(self, request: Request, reply_id: str) -> str | None:
        del request, reply_id
        return None

    def mend(self, error: ProviderError) -> ProviderError:
        return error
