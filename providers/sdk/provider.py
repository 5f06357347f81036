"""What the two vendors' SDKs have in common: one `send`, one HTTP attempt, the raw reply.

The SDKs do the auth and the headers; their retries are off, their response models are not built. What they read from
the environment is settled in account.py.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

import httpx2

from providers.errors import Lost, ProviderError
from providers.reading.redaction import clean_error, clean_reply
from providers.sdk.batch_calls import SdkCalls
from providers.sdk.failures import is_misencoded
from providers.sdk.http_client import SdkExchange, time_limits
from providers.transport.awake import AwakeLimit
from providers.transport.second_look import look_again
from providers.transport.streaming import Streamed, StreamMode
from providers.wires.error_event import meaning_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from providers.sdk.account import Account
    from providers.transport.streaming import Assembly
    from providers.types import Reply, Request


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

    def kept_at(self, request: Request, reply_id: str) -> str | None:
        """The path of a reply that the vendor keeps; None if it keeps none of this request."""
        ...

    def mend(self, error: ProviderError) -> ProviderError:
        """The same refusal, or one with a better remedy that only this wire can name."""
        ...


class SdkProvider:
    """One endpoint behind an SDK's client."""

    def __init__(self, wire: Wire, account: Account) -> None:
        self._wire = wire
        self._account = account
        self._mode = StreamMode()
        self._as_it_comes = False
        """Whether replies are requested and read uncompressed, since one was not what its header said."""

    @property
    def server(self) -> str:
        """The base URL without what might be secret in it."""
        return self._account.server

    async def send(self, request: Request, /) -> Reply:
        """Makes one HTTP attempt. Raises ProviderError and nothing else; cancellation passes through."""
        streamed = self._mode.asks_stream(request)
        try:
            return clean_reply(await self._attempt(request, streamed=streamed), self._account.secrets)
        except ProviderError as error:
            clean_error(error, self._account.secrets)
            if (mended := self._mode.mended(error, self._account.name, streamed=streamed)) is None:
                raise
            raise mended from error

    async def _attempt(self, request: Request, *, streamed: bool) -> Reply:
        try:
            payload = self._wire.payload(request)
        except ProviderError as error:
            raise self._named(error) from None
        content = self._account.encoded(payload | self._wire.streaming if streamed else payload)
        headers = {"Content-Type": "application/json", **self._wire.headers(request)}
        options = self._account.options(headers, time_limits())
        exchange = SdkExchange(
            request,
            lambda: Streamed(request, self._wire.assembly(request.n)),
            leaves=request.leaves,
            as_it_comes=self._as_it_comes,
        )
        try:
            await self._post(content, options, exchange)
        except Exception as error:
            self._as_it_comes |= is_misencoded(error)
            if not exchange.came_whole():
                failure = self._failure(error, exchange, request)
                if (found := await self._looked_up(failure, exchange, request)) is not None:
                    return found
                raise self._wire.mend(failure) from error
        try:
            body = exchange.stream.body() if exchange.stream is not None else exchange.reply
            return self._parsed(body, exchange, request)
        except ProviderError as error:
            if isinstance(error, Lost):  # it came whole, and yet half of it is missing
                error.reply_id = error.reply_id or exchange.reply_id
                if (found := await self._looked_up(error, exchange, request)) is not None:
                    return found
            raise self._named(error) from None

    async def _looked_up(
        self, failure: ProviderError, exchange: SdkExchange, request: Request
    ) -> Reply | None:
        """A reply that broke off, whole, where the vendor keeps it."""
        reply_id = failure.reply_id if isinstance(failure, Lost) else None
        path = None if reply_id is None else self._wire.kept_at(request, reply_id)
        if path is None:
            return None

        async def look() -> Reply | None:
            return self._parsed(await SdkCalls(self._account).get(path), exchange, request)

        return await look_again(look)

    async def aclose(self) -> None:
        """Closes all connections."""
        await self._account.aclose()

    async def _post(self, content: bytes, options: dict[str, Any], exchange: SdkExchange) -> None:
        # stream=True: the SDK leaves the body of a 2xx alone, streamed or not, and the exchange reads it, bounded.
        async with AwakeLimit() as limit:
            with exchange.opened(limit):
                response = await self._account.client.post(
                    self._wire.path, cast_to=httpx2.Response, content=content, options=options, stream=True
                )
                await exchange.read(response)

    def _parsed(self, body: bytes | dict[str, Any], exchange: SdkExchange, request: Request) -> Reply:
        return self._wire.parse(body, latency_s=exchange.latency_s, headers=exchange.headers, n=request.n)

    def _failure(self, error: Exception, exchange: SdkExchange, request: Request) -> ProviderError:
        failure = self._account.failure(error, exchange)
        if isinstance(failure, Lost):
            failure.reply_id = exchange.reply_id
        if exchange.stream is not None and isinstance(failure, Lost):
            exchange.stream.add_to(failure, lambda body: self._parsed(body, exchange, request))
            if (meant := meaning_of(error, failure)) is not None:
                return self._named(meant)
        return failure

    def _named(self, error: ProviderError) -> ProviderError:
        error.message = f"{self._account.name}: {error.message}"
        error.args = (error.message,)
        return error
