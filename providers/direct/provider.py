"""The lean wire: OpenAI's chat/completions and completions without an SDK: over aiohttp, or, where neither TLS nor a
proxy is needed, over less. One `send` is one HTTP attempt: aiohttp repeats only idempotent methods on a connection that
had died, and POST is not one."""

from __future__ import annotations

import asyncio
from importlib.metadata import PackageNotFoundError, version
from typing import TYPE_CHECKING, Any, Literal

import msgspec
from msgspec.structs import replace

from providers.direct.exchange import DirectExchange, answer_of, is_misencoded, read_body, reason_of
from providers.direct.probe import read_models
from providers.errors import BadRequest, Lost, NotSent, ProviderError, Stopped
from providers.reading.failures import failure_from_status, one_line, rate_headers, request_id_of, scrub
from providers.reading.redaction import clean_error, clean_reply
from providers.transport.address import is_azure, password_in, public_url, under, unusable
from providers.transport.awake import AwakeLimit
from providers.transport.connections import open_session
from providers.transport.plain_client import PlainClient, plain_client
from providers.transport.second_look import look_again
from providers.transport.streaming import Streamed, StreamMode
from providers.wires.chat import chat_payload, completions_payload, parse_chat, parse_completions
from providers.wires.chat_stream import STREAMING, ChatStream
from providers.wires.error_event import meaning_of
from providers.wires.generation import PREFIX, parse_generation

if TYPE_CHECKING:
    from collections.abc import Mapping
    from contextlib import AbstractAsyncContextManager

    import aiohttp

    from providers.direct.probe import Probe
    from providers.transport.plain_client import PlainReply
    from providers.types import Reply, Request

    Answering = AbstractAsyncContextManager[aiohttp.ClientResponse | PlainReply]

LARGEST_PROBE = 8 << 20


class DirectProvider:
    """One endpoint. `base_url` is what requests' paths are put after. `own_host`: the vendor's own host or a vllm
    server, whose 500/503 with an error body are free. `token_ids`: asks for each sample's token ids (vLLM).
    `defaults`: fields sent if the request doesn't state them. `headers`: sent besides. `name` begins error messages."""

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
        self._unusable = unusable(self._base_url, key)
        self._secrets = tuple(filter(None, (key, password_in(self._base_url))))
        self._headers = {"Accept": "application/json", "User-Agent": _user_agent(), **(headers or {})}
        if key:
            self._headers["Authorization"] = f"Bearer {key}"
            if not self._unusable and is_azure(self._base_url):
                self._headers["api-key"] = key
        path = "chat/completions" if api == "chat" else "completions"
        self._url = self._base_url if self._unusable else under(self._base_url, path)
        self._clients: dict[bool, PlainClient | aiohttp.ClientSession] = {}
        self._mode = StreamMode()
        self._as_it_comes = False
        """Whether replies are requested and read uncompressed, since one was not what its header said."""
        self.server_version: str | None = None
        """What replies say of the server where they don't tell it themselves; set by a probe."""

    @property
    def server(self) -> str:
        """The base URL without what might be secret in it."""
        return self._name if self._unusable else public_url(self._base_url)

    async def send(self, request: Request, /) -> Reply:
        """Makes one HTTP attempt. Raises ProviderError and nothing else; cancellation passes through."""
        if self._unusable:
            raise Stopped(f"{self._name}: {self._unusable}")
        streamed = self._mode.asks_stream(request)
        try:
            return clean_reply(await self._attempt(request, streamed=streamed), self._secrets)
        except ProviderError as error:
            clean_error(error, self._secrets)
            if (mended := self._mode.mended(error, self._name, streamed=streamed)) is None:
                raise
            raise mended from error

    async def _attempt(self, request: Request, *, streamed: bool) -> Reply:
        body = self._body(request, streamed=streamed)
        exchange = DirectExchange(body, request, lambda: Streamed(request, ChatStream(request.n)))
        try:
            await self._post(exchange)
        except Exception as error:
            self._as_it_comes |= is_misencoded(error)
            if not exchange.came_whole():
                broken = self._broken(exchange, error, request)
                if (found := await self._looked_up(broken)) is not None:
                    return found
                raise broken from error
        try:
            return self._answer(exchange, request)
        except Lost as lost:  # it came whole, and yet half of it is missing
            lost.reply_id = lost.reply_id or exchange.reply_id
            if (found := await self._looked_up(lost)) is not None:
                return found
            raise

    async def _looked_up(self, broken: ProviderError) -> Reply | None:
        """What OpenRouter has of a reply that broke off, by its id."""
        if not isinstance(broken, Lost) or not (broken.reply_id or "").startswith(PREFIX):
            return None
        path = f"generation?id={broken.reply_id}"

        async def look() -> Reply | None:
            return parse_generation(await self.get(path), broken)

        return await look_again(look)

    async def aclose(self) -> None:
        """Closes all connections."""
        clients, self._clients = self._clients, {}
        for client in clients.values():
            await client.close()

    async def probe(self) -> Probe:
        """Asks for /v1/models. Raises ProviderError."""
        return read_models(await self.get("models"))

    async def get(self, path: str, *, timeout_s: float = 10.0) -> bytes:
        """The body of GET `path`, from the host's root if it begins with a slash, else under the base URL. It
        costs nothing. Raises ProviderError."""
        if self._unusable:
            raise Stopped(f"{self._name}: {self._unusable}")
        url = under(self._base_url, path)
        try:
            async with asyncio.timeout(timeout_s), self._getting(url) as response:
                body = await read_body(response, LARGEST_PROBE)
        except Exception as error:
            raise NotSent(self._line(f"GET {path}: {reason_of(error)}")) from error
        if response.status >= 300:
            raise self._refused(response.status, body, response.headers)
        return body

    def _body(self, request: Request, *, streamed: bool) -> bytes:
        if self._api == "chat":
            payload = chat_payload(request, max_tokens_key=self._max_tokens_key)
        else:
            payload = completions_payload(request, max_tokens_key=self._max_tokens_key)
        for key, value in self._defaults.items():
            payload.setdefault(key, value)
        if self._token_ids:
            payload.setdefault("return_token_ids", True)
        if streamed:
            payload.update(STREAMING)
        try:
            return msgspec.json.encode(payload)
        except (TypeError, ValueError, OverflowError, RecursionError) as error:
            raise BadRequest(
                self._line(f"this request can't be written as JSON: {reason_of(error)}")
            ) from error

    async def _post(self, exchange: DirectExchange) -> None:
        async with AwakeLimit(exchange.clock) as limit:
            exchange.opened(limit)
            async with self._posting(exchange) as response:
                await exchange.read(response)

    def _posting(self, exchange: DirectExchange) -> Answering:
        client = self._connected()
        if isinstance(client, PlainClient):
            return client.post(self._url, exchange.body, exchange.leaves)
        from providers.direct.timed_body import TimedBody  # brings aiohttp

        body = TimedBody(exchange.body, exchange.leaves)
        return client.post(self._url, data=body, headers=self._headers, allow_redirects=False)

    def _getting(self, url: str) -> Answering:
        client = self._connected()
        if isinstance(client, PlainClient):
            return client.get(url)
        return client.get(url, headers=self._headers, allow_redirects=False)

    def _answer(self, exchange: DirectExchange, request: Request) -> Reply:
        status, headers = exchange.status, exchange.headers
        if status is None or status >= 300:
            raise self._refused(status or 0, exchange.reply, headers, request)
        try:
            reply = self._parsed(answer_of(exchange), exchange, request)
        except ProviderError as error:
            error.message = self._line(error.message)
            raise
        if reply.server_version is None and self.server_version is not None:
            return replace(reply, server_version=self.server_version)
        return reply

    def _parsed(self, body: bytes | dict[str, Any], exchange: DirectExchange, request: Request) -> Reply:
        parse = parse_chat if self._api == "chat" else parse_completions
        return parse(body, latency_s=exchange.latency_s, headers=exchange.headers, n=request.n)

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

    def _broken(self, exchange: DirectExchange, error: Exception, request: Request) -> ProviderError:
        """The failure of an exchange without an answer: free before its first byte left, else unknown."""
        if exchange.left_at is None:
            return NotSent(self._line(f"no connection to {self.server}: {reason_of(error)}"))
        if isinstance(error, TimeoutError):
            reason = f"no whole reply within {exchange.timeout_s:g} s"
        else:
            reason = f"the reply broke off: {reason_of(error)}"
        lost = Lost(
            self._line(reason),
            status=exchange.status,
            request_id=request_id_of(exchange.headers),
            rate_headers=rate_headers(exchange.headers),
        )
        lost.reply_id = exchange.reply_id
        if exchange.stream is not None:
            exchange.stream.add_to(lost, lambda body: self._parsed(body, exchange, request))
        if (meant := meaning_of(error, lost)) is not None:
            meant.message = self._line(meant.message)
            return meant
        return lost

    def _line(self, text: str) -> str:
        return scrub(f"{self._name}: {one_line(text)}", self._secrets)

    def _connected(self) -> PlainClient | aiohttp.ClientSession:
        as_it_comes = self._as_it_comes
        if as_it_comes not in self._clients:
            address = self._base_url, self._concurrency
            client = plain_client(*address, self._headers, as_it_comes=as_it_comes)
            self._clients[as_it_comes] = client or open_session(*address, plain=as_it_comes)
        return self._clients[as_it_comes]


def _user_agent() -> str:
    try:
        return f"manyfew/{version('manyfew')}"
    except PackageNotFoundError:
        return "manyfew"
