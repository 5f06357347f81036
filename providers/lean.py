"""The lean wire: OpenAI's chat/completions and completions over aiohttp, without an SDK. One `send`, one HTTP
attempt: aiohttp makes only idempotent methods again on a connection that had died, and a POST is none."""

from __future__ import annotations

import asyncio
import os
from dataclasses import replace
from importlib.metadata import PackageNotFoundError, version
from typing import TYPE_CHECKING, Any, Literal
from urllib.parse import urlsplit, urlunsplit

import aiohttp
import msgspec

from providers.chat_wire import chat_payload, completions_payload, parse_chat, parse_completions
from providers.connections import open_session
from providers.errors import BadRequest, Lost, NotSent, ProviderError, Stopped
from providers.failures import failure_from_status, one_line, rate_headers, request_id_of, scrub, scrub_error
from providers.probe import read_models
from providers.timed_body import TimedBody

if TYPE_CHECKING:
    from collections.abc import Mapping

    from providers.probe import Probe
    from providers.types import Reply, Request

LARGEST_REPLY = 64 << 20
"""Bytes that any reply may have, on top of 64 bytes for each token asked for."""
LARGEST_ERROR = 1 << 20
"""Bytes of an error body that are read; the rest is not waited for."""
LARGEST_PROBE = 8 << 20


class LeanProvider:
    """One endpoint. `base_url` ends in /v1. `own_host`: the vendor's own host or a vllm server, whose 500/503 with
    an error body are free. `token_ids`: asks for each sample's token ids (vLLM). `defaults`: fields sent where the
    request doesn't state them. `headers`: sent besides. `name` begins
    error messages."""

    def __init__(
        self,
        base_url: str,
        *,
        api: Literal["chat", "completions"] = "chat",
        api_key: str | None = None,
        own_host: bool = False,
        free_5xx: bool = False,
        concurrency: int = 64,
        token_ids: bool = False,
        defaults: Mapping[str, Any] | None = None,
        max_tokens_key: str = "max_tokens",
        service_tier: str | None = None,
        headers: Mapping[str, str] | None = None,
        name: str = "openai-compatible",
    ) -> None:
        self._base_url = base_url.rstrip("/")
        self._api: Literal["chat", "completions"] = api
        self._own_host = own_host
        self._free_5xx = free_5xx
        self._concurrency = concurrency
        self._token_ids = token_ids
        self._defaults = dict(defaults or {})
        if service_tier is not None:
            self._defaults["service_tier"] = service_tier
        self._max_tokens_key = max_tokens_key
        self._name = name
        key = (api_key or "").strip()
        self._unusable = _unusable(self._base_url, key)
        self._secrets = tuple(filter(None, (key, _password(self._base_url))))
        self._headers = {"Accept": "application/json", "User-Agent": _user_agent(), **(headers or {})}
        if key:
            self._headers["Authorization"] = f"Bearer {key}"
        self._url = f"{self._base_url}/{'chat/completions' if api == 'chat' else 'completions'}"
        self._session: aiohttp.ClientSession | None = None
        self.server_version: str | None = None
        """What replies say of the server where they don't tell it themselves; set by a probe."""

    @property
    def server(self) -> str:
        """The base URL without what might be secret in it."""
        if self._unusable:
            return self._name
        parts = urlsplit(self._base_url)
        return urlunsplit((parts.scheme, parts.netloc.rpartition("@")[2], parts.path, "", ""))

    async def send(self, request: Request, /) -> Reply:
        """Makes one HTTP attempt. Raises ProviderError and nothing else; cancellation passes through."""
        if self._unusable:
            raise Stopped(f"{self._name}: {self._unusable}")
        exchange = _Exchange(self._body(request), request)
        try:
            # The seam for streaming: a reply that may take long (request.timeout_s > 300) will be asked for and
            # read in pieces here, so that a broken one has its usage so far.
            await self._post(exchange)
        except Exception as error:
            if exchange.status is None or exchange.status < 300:
                raise self._broken(exchange, error) from error
        return self._answer(exchange, request)

    async def aclose(self) -> None:
        """Closes all connections."""
        session, self._session = self._session, None
        if session is not None:
            await session.close()

    async def probe(self) -> Probe:
        """Asks for /v1/models. Raises ProviderError."""
        return read_models(await self.get("models"))

    async def get(self, path: str, *, timeout_s: float = 10.0) -> bytes:
        """The body of GET `path`, from the host's root where it begins with a slash, else under the base URL. It
        costs nothing. Raises ProviderError."""
        if self._unusable:
            raise Stopped(f"{self._name}: {self._unusable}")
        root = urlsplit(self._base_url)
        url = (
            urlunsplit((root.scheme, root.netloc, path, "", ""))
            if path[0] == "/"
            else f"{self._base_url}/{path}"
        )
        try:
            async with asyncio.timeout(timeout_s):
                get = self._connected().get(url, headers=self._headers, allow_redirects=False)
                async with get as response:
                    body = await _read(response, LARGEST_PROBE)
        except Exception as error:
            raise NotSent(self._line(f"GET {path}: {_reason(error)}")) from error
        if response.status >= 300:
            raise self._refused(response.status, body, response.headers)
        return body

    def _body(self, request: Request) -> bytes:
        if self._api == "chat":
            payload = chat_payload(request, max_tokens_key=self._max_tokens_key)
        else:
            payload = completions_payload(request, max_tokens_key=self._max_tokens_key)
        for key, value in self._defaults.items():
            payload.setdefault(key, value)
        if self._token_ids:
            payload.setdefault("return_token_ids", True)
        try:
            return msgspec.json.encode(payload)
        except (TypeError, ValueError, OverflowError, RecursionError) as error:
            raise BadRequest(
                self._line(f"this request can't be written as JSON: {_reason(error)}")
            ) from error

    async def _post(self, exchange: _Exchange) -> None:
        loop = asyncio.get_running_loop()
        async with asyncio.timeout(None) as limit:

            def leaves() -> None:
                exchange.left_at = loop.time()
                if not limit.expired():
                    limit.reschedule(exchange.left_at + exchange.timeout_s)

            post = self._connected().post(
                self._url, data=TimedBody(exchange.body, leaves), headers=self._headers, allow_redirects=False
            )
            async with post as response:
                exchange.status, exchange.headers = response.status, response.headers
                limit_bytes = exchange.reply_limit if response.status < 300 else LARGEST_ERROR
                exchange.reply = await _read(response, limit_bytes)
        exchange.latency_s = loop.time() - exchange.left_at if exchange.left_at is not None else 0.0

    def _answer(self, exchange: _Exchange, request: Request) -> Reply:
        status, headers = exchange.status, exchange.headers
        if status is None or status >= 300:
            raise self._refused(status or 0, exchange.reply, headers, request)
        parse = parse_chat if self._api == "chat" else parse_completions
        try:
            reply = parse(exchange.reply, latency_s=exchange.latency_s, headers=headers, n=request.n)
        except ProviderError as error:
            error.message = self._line(error.message)
            raise scrub_error(error, self._secrets) from None
        if reply.server_version is None and self.server_version is not None:
            return replace(reply, server_version=self.server_version)
        return reply

    def _refused(
        self, status: int, body: bytes, headers: Mapping[str, str], request: Request | None = None
    ) -> ProviderError:
        stated = {*request.params, *request.extra} if request is not None else set[str]()
        return failure_from_status(
            status,
            body,
            headers,
            own_host=self._own_host,
            free_5xx=self._free_5xx,
            what=self._name,
            secrets=self._secrets,
            unstated=[key for key in self._defaults if key not in stated],
        )

    def _broken(self, exchange: _Exchange, error: Exception) -> ProviderError:
        """The failure of an exchange that brought no answer: free before its first byte left, else unknown."""
        if exchange.left_at is None:
            return NotSent(self._line(f"no connection to {self.server}: {_reason(error)}"))
        if isinstance(error, TimeoutError):
            reason = f"no whole reply within {exchange.timeout_s:g} s"
        else:
            reason = f"the reply broke off: {_reason(error)}"
        return Lost(
            self._line(reason),
            status=exchange.status,
            request_id=request_id_of(exchange.headers),
            rate_headers=rate_headers(exchange.headers),
        )

    def _line(self, text: str) -> str:
        return scrub(f"{self._name}: {one_line(text)}", self._secrets)

    def _connected(self) -> aiohttp.ClientSession:
        if self._session is None:
            self._session = open_session(self._base_url, self._concurrency)
        return self._session


class _Exchange:
    """One attempt as far as it got. `left_at`: loop time when the first byte left; None: nothing did."""

    def __init__(self, body: bytes, request: Request) -> None:
        self.body = body
        self.timeout_s = request.timeout_s
        self.reply_limit = LARGEST_REPLY + request.n * request.max_tokens * 64
        self.left_at: float | None = None
        self.status: int | None = None
        self.headers: Mapping[str, str] = {}
        self.reply = b""
        self.latency_s = 0.0


class _TooLarge(Exception):  # noqa: N818 - reads as what it is
    """More bytes than a reply of this request can have."""


async def _read(response: aiohttp.ClientResponse, limit: int) -> bytes:
    if (response.content_length or 0) > limit:
        response.close()
        raise _TooLarge(
            f"a reply of {response.content_length} bytes, above the {limit} that this request can bring"
        )
    chunks: list[bytes] = []
    size = 0
    async for chunk in response.content.iter_any():
        size += len(chunk)
        if size > limit:
            response.close()
            raise _TooLarge(f"a reply above the {limit} bytes that this request can bring")
        chunks.append(chunk)
    return chunks[0] if len(chunks) == 1 else b"".join(chunks)


def _reason(error: BaseException) -> str:
    """What went wrong, in a line without the address (which may hold a password)."""
    if isinstance(error, aiohttp.ClientConnectorDNSError):
        return "its name is not known"
    if isinstance(error, aiohttp.ClientConnectorCertificateError | aiohttp.ClientConnectorSSLError):
        return f"no TLS: {one_line(str(error))[:160]}"
    if isinstance(error, aiohttp.ClientHttpProxyError):
        return f"the proxy answered {error.status}"
    if isinstance(error, aiohttp.ClientConnectorError):
        return _os_reason(error.os_error)
    if isinstance(error, TimeoutError):
        return "no connection in time"
    if isinstance(error, aiohttp.ServerDisconnectedError):
        return "the server closed the connection"
    if isinstance(error, aiohttp.ClientPayloadError):
        return "it ended before its stated length, or its encoding is broken"
    if isinstance(error, _TooLarge):
        return str(error)
    if isinstance(error, OSError) and error.errno:
        return _os_reason(error)
    return f"{type(error).__name__}: {one_line(str(error))[:160]}"


def _os_reason(error: OSError) -> str:
    return (os.strerror(error.errno) if error.errno else error.strerror or "refused").lower()


def _unusable(base_url: str, key: str) -> str | None:
    """Why nothing can ever be sent with this address and key; None where it can."""
    if not (key.isascii() and key.isprintable()):
        return "the key holds characters that no header can carry (check api_key_env)"
    try:
        parts = urlsplit(base_url)
        usable = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        usable = False
    return None if usable else "the base URL is no http address"


def _password(base_url: str) -> str | None:
    try:
        return urlsplit(base_url).password
    except ValueError:
        return None


def _user_agent() -> str:
    try:
        return f"manyfew/{version('manyfew')}"
    except PackageNotFoundError:
        return "manyfew"
