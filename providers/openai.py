"""OpenAI's models through OpenAI's SDK: chat/completions and responses. The SDK is imported when a provider is made,
not before."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

from providers.errors import Stopped
from providers.sdk.account import openai_account
from providers.sdk.provider import SdkProvider
from providers.wires.chat import chat_payload, parse_chat
from providers.wires.chat_stream import STREAMING, ChatStream
from providers.wires.responses import parse_response, responses_payload
from providers.wires.responses_stream import STREAMING as RESPONSES_STREAMING
from providers.wires.responses_stream import ResponsesStream

if TYPE_CHECKING:
    from collections.abc import Mapping

    from providers.errors import ProviderError
    from providers.transport.streaming import Assembly
    from providers.types import Reply, Request


class OpenAIProvider(SdkProvider):
    """POST /chat/completions or /responses under `base_url`, which ends in /v1; None is OpenAI's own. `own_host`: its
    500/503 with an error body are free, and `service_tier = "default"` is sent to it unless stated, since the unset
    one is a setting of the project. Raises Stopped without a key."""

    def __init__(
        self,
        *,
        model: str,
        api: Literal["chat", "responses"] = "chat",
        api_key: str | None,
        base_url: str | None = None,
        own_host: bool,
        free_5xx: bool = False,
        service_tier: str | None = None,
        concurrency: int = 64,
    ) -> None:
        if service_tier is None and own_host:
            service_tier = "default"
        super().__init__(
            ChatWire(service_tier) if api == "chat" else ResponsesWire(service_tier),
            openai_account(
                model, api_key, base_url, own_host=own_host, free_5xx=free_5xx, concurrency=concurrency
            ),
        )


class ChatWire:
    """/chat/completions, for single requests and for those of a batch."""

    path = "/chat/completions"
    streaming = STREAMING

    def __init__(self, service_tier: str | None) -> None:
        self._service_tier = service_tier

    def assembly(self, n: int) -> Assembly:
        return ChatStream(n)

    def payload(self, request: Request) -> dict[str, Any]:
        payload = chat_payload(request, max_tokens_key="max_completion_tokens")
        if self._service_tier is not None:
            payload["service_tier"] = self._service_tier
        return payload

    def headers(self, request: Request) -> dict[str, str]:
        del request
        return {}

    def parse(
        self, body: bytes | dict[str, Any], *, latency_s: float, headers: Mapping[str, str], n: int
    ) -> Reply:
        return parse_chat(body, latency_s=latency_s, headers=headers, n=n)

    def kept_at(self, request: Request, reply_id: str) -> str | None:
        return _kept_at(self.path, request, reply_id)

    def mend(self, error: ProviderError) -> ProviderError:
        """Some models are served by /v1/responses alone, and say so with a 404."""
        if error.status == 404 and "v1/responses" in error.message:
            said = error.message.partition(" (")[0]
            return Stopped(
                f'{said} (add api = "responses" to this model)', status=404, request_id=error.request_id
            )
        return error


class ResponsesWire:
    """/responses, for single requests and for those of a batch."""

    path = "/responses"
    streaming = RESPONSES_STREAMING

    def __init__(self, service_tier: str | None) -> None:
        self._service_tier = service_tier

    def assembly(self, n: int) -> Assembly:
        del n  # 1
        return ResponsesStream()

    def payload(self, request: Request) -> dict[str, Any]:
        return responses_payload(request, service_tier=self._service_tier)

    def headers(self, request: Request) -> dict[str, str]:
        del request
        return {}

    def parse(
        self, body: bytes | dict[str, Any], *, latency_s: float, headers: Mapping[str, str], n: int
    ) -> Reply:
        del n  # 1
        return parse_response(body, latency_s=latency_s, headers=headers)

    def kept_at(self, request: Request, reply_id: str) -> str | None:
        return _kept_at(self.path, request, reply_id)

    def mend(self, error: ProviderError) -> ProviderError:
        return error


def _kept_at(path: str, request: Request, reply_id: str) -> str | None:
    """OpenAI keeps what says `store = true` in `extra`."""
    return f"{path}/{reply_id}" if request.extra.get("store") is True else None
