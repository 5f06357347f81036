"""An agent's call as it is: a raw body goes to the vendor, the raw reply comes back, with the usage that it tells. One
`forward` is one HTTP attempt, on any of the three wires; without an SDK, since a body is passed on and not made."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Literal

import msgspec

from providers.direct.exchange import DirectExchange, answer_of, reason_of
from providers.errors import Lost, NotSent, ProviderError, Stopped
from providers.reading.error_text import KEY
from providers.reading.failures import failure_from_status, one_line, rate_headers, request_id_of, scrub
from providers.reading.redaction import SHORTEST, clean_error, clean_reply
from providers.transport.address import is_azure, password_in, public_url, under, unusable
from providers.transport.awake import AwakeLimit
from providers.transport.connections import open_session
from providers.transport.streaming import Assembly, Streamed
from providers.types import Prompt, Reply, Request
from providers.wires.chat import parse_chat
from providers.wires.chat_stream import ChatStream
from providers.wires.error_event import meaning_of
from providers.wires.messages import SAMPLING_VERSION, parse_message
from providers.wires.messages_stream import MessagesStream
from providers.wires.responses import parse_response
from providers.wires.responses_stream import ResponsesStream

if TYPE_CHECKING:
    import aiohttp

WireName = Literal["chat", "responses", "messages"]
PATHS: dict[WireName, str] = {"chat": "chat/completions", "responses": "responses", "messages": "v1/messages"}
PASSED_ON = ("anthropic-beta", "anthropic-version")
"""Headers of the agent's that reach the vendor."""


class Raw(msgspec.Struct, frozen=True):
    """A reply as it came, of any status."""

    status: int
    content_type: str
    body: bytes = b""
    """Empty where it was passed on while it came."""


class Forwarded(msgspec.Struct, frozen=True, kw_only=True):
    """What became of one attempt: `reply` or `error`."""

    raw: Raw | None
    """None: no answer, or only a part of one."""
    reply: Reply | None = None
    error: ProviderError | None = None


class Outgoing(msgspec.Struct, frozen=True, kw_only=True):
    """One call to be sent. `passes` hears each piece of a stream while it comes."""

    wire: WireName
    body: bytes
    n: int
    max_tokens: int
    timeout_s: float
    headers: Mapping[str, str]
    leaves: Callable[[], None]
    passes: Callable[[bytes, str], None]
    """(bytes, content type)."""


class Forwarder:
    """One endpoint of a vendor, as one key reaches it. `base_url` is what the wires' paths are put after; for messages
    it doesn't end in /v1. `name` begins error messages; `api_version`: the anthropic-version, where stated."""

    def __init__(
        self,
        base_url: str,
        *,
        api_key: str | None,
        own_host: bool,
        free_5xx: bool,
        concurrency: int,
        name: str,
        api_version: str | None = None,
    ) -> None:
        self._base_url = base_url.rstrip("/")
        self._own_host = own_host
        self._free_5xx = free_5xx
        self._concurrency = concurrency
        self._name = name
        self._api_version = api_version
        key = (api_key or "").strip()
        self._unusable = unusable(self._base_url, key)
        self._secrets = tuple(filter(None, (key, password_in(self._base_url))))
        self._headers = {"User-Agent": "manyfew"}
        if key:
            self._headers["Authorization"] = f"Bearer {key}"
            if not self._unusable and is_azure(self._base_url):
                self._headers["api-key"] = key
        self._session: aiohttp.ClientSession | None = None

    @property
    def server(self) -> str:
        """The base URL without what might be secret in it."""
        return self._name if self._unusable else public_url(self._base_url)

    async def forward(self, call: Outgoing) -> Forwarded:
        """Raises nothing but what cancels it."""
        if self._unusable:
            return Forwarded(raw=None, error=Stopped(f"{self._name}: {self._unusable}"))
        request = Request(
            model="",
            prompt=Prompt(text=""),
            n=call.n,
            max_tokens=call.max_tokens,
            timeout_s=call.timeout_s,
            problem="",
            leaves=call.leaves,
        )
        exchange = _PassingExchange(call, request)
        error: ProviderError | None = None
        try:
            await self._post(call, exchange)
        except Exception as failure:
            if not exchange.came_whole():
                error = self._broken(exchange, failure, call)
        if error is not None:
            clean_error(error, self._secrets)
            return Forwarded(raw=None, error=error)
        return self._answer(exchange, call)

    async def count_tokens(self, body: bytes, headers: Mapping[str, str]) -> Raw:
        """POST /v1/messages/count_tokens, which costs nothing."""
        if self._unusable:
            raise Stopped(f"{self._name}: {self._unusable}")
        url = under(self._base_url, "v1/messages/count_tokens")
        sent = {**self._sent_headers("messages", headers), "Content-Type": "application/json"}
        try:
            async with self._connected().post(
                url, data=body, headers=sent, allow_redirects=False
            ) as response:
                return Raw(response.status, response.content_type, await response.read())
        except Exception as error:
            raise NotSent(self._line(f"count_tokens: {reason_of(error)}")) from error

    async def aclose(self) -> None:
        """Closes all connections."""
        session, self._session = self._session, None
        if session is not None:
            await session.close()

    def _sent_headers(self, wire: WireName, theirs: Mapping[str, str]) -> dict[str, str]:
        sent = dict(self._headers)
        if wire == "messages":
            sent |= {name: theirs[name] for name in PASSED_ON if name in theirs}
            if self._api_version is not None:
                sent["anthropic-version"] = self._api_version
            sent.setdefault("anthropic-version", SAMPLING_VERSION)
        return sent

    async def _post(self, call: Outgoing, exchange: _PassingExchange) -> None:
        from providers.direct.timed_body import TimedBody  # brings aiohttp

        url = under(self._base_url, PATHS[call.wire])
        async with AwakeLimit() as limit:
            exchange.opened(limit)
            body = TimedBody(call.body, exchange.leaves)
            headers = self._sent_headers(call.wire, call.headers)
            async with self._connected().post(
                url, data=body, headers=headers, allow_redirects=False
            ) as response:
                await exchange.read(response)

    def _answer(self, exchange: _PassingExchange, call: Outgoing) -> Forwarded:
        status = exchange.status or 0
        body = exchange.reply if exchange.stream is None or not exchange.passed else b""
        raw = Raw(status, exchange.content_type, self._without_key(body))
        if status >= 300 or status == 0:
            error = failure_from_status(
                status,
                exchange.reply,
                exchange.headers,
                own_host=self._own_host,
                free_5xx=self._free_5xx,
                what=self._name,
                secrets=self._secrets,
            )
            return Forwarded(raw=raw, error=error)
        try:
            reply = _parse(call, answer_of(exchange), exchange)
            return Forwarded(raw=raw, reply=clean_reply(reply, self._secrets))
        except ProviderError as error:
            error.message = self._line(error.message)
            clean_error(error, self._secrets)
            return Forwarded(raw=raw, error=error)

    def _broken(self, exchange: DirectExchange, error: Exception, call: Outgoing) -> ProviderError:
        """The failure of an exchange without an answer: free before its first byte left, else unknown."""
        if exchange.left_at is None:
            return NotSent(self._line(f"no connection to {self.server}: {reason_of(error)}"))
        reason = f"the reply broke off: {reason_of(error)}"
        if isinstance(error, TimeoutError):
            reason = f"no whole reply within {exchange.timeout_s:g} s"
        lost = Lost(
            self._line(reason),
            status=exchange.status,
            request_id=request_id_of(exchange.headers),
            rate_headers=rate_headers(exchange.headers),
        )
        if exchange.stream is not None:
            exchange.stream.add_to(lost, lambda body: _parse(call, body, exchange))
        if (meant := meaning_of(error, lost)) is not None:
            meant.message = self._line(meant.message)
            return meant
        return lost

    def _without_key(self, body: bytes) -> bytes:
        for secret in self._secrets:
            body = body.replace(secret.encode(), KEY.encode()) if len(secret) >= SHORTEST else body
        return body

    def _line(self, text: str) -> str:
        return scrub(f"{self._name}: {one_line(text)}", self._secrets)

    def _connected(self) -> aiohttp.ClientSession:
        if self._session is None:
            self._session = open_session(self._base_url, self._concurrency)
        return self._session


class _PassingExchange(DirectExchange):
    """Passes a stream on while it comes."""

    def __init__(self, call: Outgoing, request: Request) -> None:
        super().__init__(call.body, request, lambda: _Passing(request, call, self))
        self.passed = False

    @property
    def content_type(self) -> str:
        kind = next((v for name, v in self.headers.items() if name.lower() == "content-type"), None)
        return kind or "application/json"


class _Passing(Streamed):
    def __init__(self, request: Request, call: Outgoing, exchange: _PassingExchange) -> None:
        super().__init__(request, _assembly(call))
        self._call = call
        self._exchange = exchange

    def feed(self, chunk: bytes) -> None:
        self._exchange.passed = True
        self._call.passes(chunk, self._exchange.content_type)
        super().feed(chunk)


def _assembly(call: Outgoing) -> Assembly:
    match call.wire:
        case "chat":
            return ChatStream(call.n)
        case "responses":
            return ResponsesStream()
        case "messages":
            return MessagesStream()


def _parse(call: Outgoing, body: bytes | dict[str, object], exchange: DirectExchange) -> Reply:
    latency_s, headers = exchange.latency_s, exchange.headers
    match call.wire:
        case "chat":
            return parse_chat(body, latency_s=latency_s, headers=headers, n=call.n)
        case "responses":
            return parse_response(body, latency_s=latency_s, headers=headers)
        case "messages":
            return parse_message(body, latency_s=latency_s, headers=headers)
