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

import httpx2
import msgspec

from providers.address import public_url
from providers.errors import BadRequest, Lost, ProviderError, Refused, Stopped
from providers.failures import one_line, scrub
from providers.sdk_failures import Sdk, failure_of
from providers.sdk_http import Exchange, time_limits
from providers.secrets import clean_error, clean_reply
from providers.streaming import Streamed, may_take_long, refuses_streaming, without_streaming

if TYPE_CHECKING:
    from collections.abc import Mapping

    from providers.streaming import Assembly
    from providers.types import Reply, Request

_SECRET_HEADER = re.compile(r"auth|key|token|secret|cookie", re.IGNORECASE)


class SdkClient(Protocol):
    """What is used of AsyncOpenAI and AsyncAnthropic: their documented way to any endpoint."""

    async def post(self, path: str, *, cast_to: Any, content: Any, options: Any, stream: bool) -> Any: ...

    async def close(self) -> None: ...


class Wire(Protocol):
    """One endpoint of a vendor: pure."""

    @property
    def path(self) -> str: ...

    @property
    def streaming(self) -> dict[str, Any]:
        """What a payload says besides, to be answered by a stream."""
        ...

    def assembly(self, n: int) -> Assembly:
        """What a stream of `n` samples is put together by."""
        ...

    def payload(self, request: Request) -> dict[str, Any]:
        """The JSON body. Raises Refused for what this endpoint can't be asked."""
        ...

    def headers(self, request: Request) -> dict[str, str]: ...

    def parse(
        self, body: bytes | dict[str, Any], *, latency_s: float, headers: Mapping[str, str], n: int
    ) -> Reply:
        """Of a whole body, or of what its assembly made of a stream."""
        ...

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
        self._streams = True
        """Until it refuses to."""
        self._secrets = (api_key, *secrets_in(os.environ.get(custom_headers, "")))

    @property
    def server(self) -> str:
        """The base URL without what might be secret in it."""
        return public_url(self._base_url)

    async def send(self, request: Request, /) -> Reply:
        """Makes one HTTP attempt. Raises ProviderError and nothing else; cancellation passes through."""
        if not (self._key.isascii() and self._key.isprintable()):
            raise Stopped(
                f"{self._name}: the key holds characters that no header can carry (check api_key_env)"
            )
        streamed = self._streams and may_take_long(request)
        try:
            return clean_reply(await self._attempt(request, streamed=streamed), self._secrets)
        except ProviderError as error:
            clean_error(error, self._secrets)
            if not (streamed and isinstance(error, Refused) and refuses_streaming(error)):
                raise
            self._streams = False
            raise without_streaming(error, self._name) from error

    async def _attempt(self, request: Request, *, streamed: bool) -> Reply:
        try:
            payload = self._wire.payload(request)
            content = self._encoded(payload | self._wire.streaming if streamed else payload)
        except ProviderError as error:
            raise self._named(error) from None
        stream = Streamed(request, self._wire.assembly(request.n)) if streamed else None
        exchange = Exchange(request, stream)
        try:
            await self._post(content, exchange, request)
        except Exception as error:
            if not exchange.answered:
                raise self._wire.mend(self._failure(error, exchange, request)) from error
        try:
            body = exchange.stream.body() if exchange.stream is not None else exchange.reply
            return self._parsed(body, exchange, request)
        except ProviderError as error:
            raise self._named(error) from None

    async def aclose(self) -> None:
        """Closes all connections."""
        await self._client.close()

    async def _post(self, content: bytes, exchange: Exchange, request: Request) -> None:
        # stream=True: the SDK leaves the body of a 2xx alone, streamed or not, and the exchange reads it, bounded.
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
                response = await self._client.post(
                    self._wire.path, cast_to=httpx2.Response, content=content, options=options, stream=True
                )
                await exchange.read(response)

    def _parsed(self, body: bytes | dict[str, Any], exchange: Exchange, request: Request) -> Reply:
        return self._wire.parse(body, latency_s=exchange.latency_s, headers=exchange.headers, n=request.n)

    def _encoded(self, payload: dict[str, Any]) -> bytes:
        try:
            return msgspec.json.encode(payload)
        except (TypeError, ValueError, OverflowError, RecursionError) as error:
            reason = one_line(f"{type(error).__name__}: {error}")[:160]
            raise BadRequest(f"this request can't be written as JSON: {reason}") from error

    def _failure(self, error: Exception, exchange: Exchange, request: Request) -> ProviderError:
        failure = failure_of(
            error,
            exchange,
            sdk=self._sdk,
            what=self._name,
            server=self.server,
            own_host=self._own_host,
            free_5xx=self._free_5xx,
            secrets=self._secrets,
        )
        if exchange.stream is not None and isinstance(failure, Lost):
            exchange.stream.add_to(failure, lambda body: self._parsed(body, exchange, request))
        return failure

    def _named(self, error: ProviderError) -> ProviderError:
        error.message = f"{self._name}: {error.message}"
        error.args = (error.message,)
        return error


def usable_key(api_key: str | None, name: str) -> str:
    """The key without blanks around it. Raises Stopped where there is none."""
    key = (api_key or "").strip()
    if not key:
        raise Stopped(scrub(f"{name}: no key (set the environment variable that api_key_env names)"))
    return key


def secrets_in(custom_headers: str) -> list[str]:
    """The values in an SDK's …_CUSTOM_HEADERS ("Name: value" lines) that are keys by their name."""
    pairs = (line.partition(":") for line in custom_headers.split("\n"))
    return [value.strip() for name, _, value in pairs if value.strip() and _SECRET_HEADER.search(name)]
