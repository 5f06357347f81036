"""What the two vendors' SDKs have in common: one `send`, one HTTP attempt, the raw reply.

The SDKs do the auth and the headers; their retries are off, their response models are not built. What they read from
the environment by themselves is settled here and in the providers: the base URL and the key are always given, so
OPENAI_BASE_URL, ANTHROPIC_BASE_URL, ANTHROPIC_AUTH_TOKEN and profiles on disk change nothing; OPENAI_ORG_ID,
OPENAI_PROJECT_ID, OPENAI_CUSTOM_HEADERS and ANTHROPIC_CUSTOM_HEADERS go out as headers, as with any program that uses
the SDK, but never in place of the key.
"""

from __future__ import annotations

import asyncio
import os
import re
from typing import TYPE_CHECKING, Any, Protocol
from urllib.parse import urlsplit, urlunsplit

import httpx2
import msgspec

from providers.errors import BadRequest, ProviderError, Stopped
from providers.failures import one_line, scrub, scrub_error
from providers.sdk_failures import Sdk, failure_of
from providers.sdk_http import Exchange, time_limits

if TYPE_CHECKING:
    from collections.abc import Mapping

    from providers.types import Reply, Request

_SECRET_HEADER = re.compile(r"auth|key|token|secret|cookie", re.IGNORECASE)


class SdkClient(Protocol):
    """What is used of AsyncOpenAI and AsyncAnthropic: their documented way to any endpoint."""

    async def post(self, path: str, *, cast_to: Any, content: Any, options: Any) -> Any: ...

    async def close(self) -> None: ...


class Wire(Protocol):
    """One endpoint of a vendor: pure."""

    @property
    def path(self) -> str: ...

    def payload(self, request: Request) -> dict[str, Any]:
        """The JSON body. Raises Refused for what this endpoint can't be asked."""
        ...

    def headers(self, request: Request) -> dict[str, str]: ...

    def parse(self, body: bytes, *, latency_s: float, headers: Mapping[str, str], n: int) -> Reply: ...

    def mend(self, error: ProviderError) -> ProviderError:
        """The same refusal, or one with a better remedy that only this wire knows."""
        ...


class SdkProvider:
    """One endpoint behind an SDK's client. `name` begins error messages."""

    def __init__(
        self,
        wire: Wire,
        client: SdkClient,
        *,
        sdk: Sdk,
        name: str,
        base_url: str,
        api_key: str,
        own_host: bool,
        free_5xx: bool,
        custom_headers: str,
    ) -> None:
        self._wire = wire
        self._client = client
        self._sdk = sdk
        self._name = name
        self._base_url = base_url
        self._own_host = own_host
        self._free_5xx = free_5xx
        self._key = api_key
        self._secrets = (api_key, *_secrets_in(os.environ.get(custom_headers, "")))

    @property
    def server(self) -> str:
        """The base URL without what might be secret in it."""
        parts = urlsplit(self._base_url)
        return urlunsplit((parts.scheme, parts.netloc.rpartition("@")[2], parts.path, "", ""))

    async def send(self, request: Request, /) -> Reply:
        """Makes one HTTP attempt. Raises ProviderError and nothing else; cancellation passes through."""
        if not (self._key.isascii() and self._key.isprintable()):
            raise Stopped(
                f"{self._name}: the key holds characters that no header can carry (check api_key_env)"
            )
        try:
            content = self._encoded(self._wire.payload(request))
        except ProviderError as error:
            raise self._named(error) from None
        exchange = Exchange(request)
        try:
            response = await self._post(content, exchange, request)
        except Exception as error:
            raise self._wire.mend(self._failure(error, exchange)) from error
        try:
            return self._wire.parse(
                response.content, latency_s=exchange.latency_s, headers=response.headers, n=request.n
            )
        except ProviderError as error:
            raise self._named(error) from None

    async def aclose(self) -> None:
        """Closes all connections."""
        await self._client.close()

    async def _post(self, content: bytes, exchange: Exchange, request: Request) -> httpx2.Response:
        # The seam for streaming: a reply that may take long would be asked for and read in pieces here.
        options = {
            "headers": {
                "Content-Type": "application/json",
                "Authorization": f"Bearer {self._key}",
                **self._wire.headers(request),
            },
            "timeout": time_limits(request.timeout_s),
            "max_retries": 0,
        }
        async with asyncio.timeout(None) as limit:
            with exchange.opened(limit):
                return await self._client.post(
                    self._wire.path, cast_to=httpx2.Response, content=content, options=options
                )

    def _encoded(self, payload: dict[str, Any]) -> bytes:
        try:
            return msgspec.json.encode(payload)
        except (TypeError, ValueError, OverflowError, RecursionError) as error:
            reason = one_line(f"{type(error).__name__}: {error}")[:160]
            raise BadRequest(f"this request can't be written as JSON: {reason}") from error

    def _failure(self, error: Exception, exchange: Exchange) -> ProviderError:
        return failure_of(
            error,
            exchange,
            sdk=self._sdk,
            what=self._name,
            server=self.server,
            own_host=self._own_host,
            free_5xx=self._free_5xx,
            secrets=self._secrets,
        )

    def _named(self, error: ProviderError) -> ProviderError:
        error.message = f"{self._name}: {error.message}"
        return scrub_error(error, self._secrets)


def usable_key(api_key: str | None, name: str) -> str:
    """The key without blanks around it. Raises Stopped where there is none."""
    key = (api_key or "").strip()
    if not key:
        raise Stopped(scrub(f"{name}: no key (set the environment variable that api_key_env names)"))
    return key


def _secrets_in(custom_headers: str) -> list[str]:
    """The values in an SDK's …_CUSTOM_HEADERS ("Name: value" lines) that are keys by their name."""
    pairs = (line.partition(":") for line in custom_headers.split("\n"))
    return [value.strip() for name, _, value in pairs if value.strip() and _SECRET_HEADER.search(name)]
