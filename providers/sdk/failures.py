"""From whatever an SDK raises to our error classes, in one place for both SDKs: their class trees are alike.

A connection that was never made is free, an error status goes by what it says, and everything else may have been
billed. That a request had not left is believed only if the transport and the error's class agree on it.
"""

from __future__ import annotations

import os
import ssl
from typing import TYPE_CHECKING, Any, Protocol, cast

import httpx2

from providers.errors import Lost, NotSent, ProviderError, Stopped
from providers.reading.failures import failure_from_status, one_line, rate_headers, request_id_of, scrub
from providers.sdk.http_client import SecondAttempt
from providers.transport.reply_size import TooLarge
from providers.transport.reply_wire import Misencoded
from providers.transport.streaming import BrokenStream

if TYPE_CHECKING:
    from collections.abc import Iterator

    from providers.sdk.http_client import SdkExchange

NEVER_SENT = (
    httpx2.ConnectError,
    httpx2.ConnectTimeout,
    httpx2.PoolTimeout,
    httpx2.ProxyError,
    httpx2.UnsupportedProtocol,
)
"""What httpx2 raises before a request has a connection to leave on."""


class Sdk(Protocol):
    """The two names that are needed of an SDK's module."""

    @property
    def APIStatusError(self) -> type[Any]: ...  # noqa: N802 - the SDKs' name

    @property
    def APIConnectionError(self) -> type[Any]: ...  # noqa: N802 - the SDKs' name


def failure_of(
    error: Exception,
    exchange: SdkExchange,
    *,
    sdk: Sdk,
    what: str,
    server: str,
    own_host: bool,
    free_5xx: bool,
    secrets: tuple[str, ...],
) -> ProviderError:
    """The error of an attempt without a 2xx reply. `what` begins the message; `secrets` never appear in it."""
    status, body, headers = exchange.status, exchange.error_body, exchange.headers
    if isinstance(error, sdk.APIStatusError):
        response: httpx2.Response = cast("Any", error).response
        status, body, headers = response.status_code, response.content, response.headers
    if status is not None and status >= 300:
        return failure_from_status(
            status,
            body,
            headers,
            own_host=own_host,
            free_5xx=free_5xx,
            what=what,
            secrets=secrets,
        )
    reason = one_line(reason_of(error, exchange))
    if exchange.attempts == 0:
        return Stopped(scrub(f"{what}: the SDK could not make the request: {reason}", secrets))
    if exchange.left_at is None and any(isinstance(one, NEVER_SENT) for one in chain(error)):
        return NotSent(scrub(f"{what}: no connection to {server}: {reason}", secrets))
    return Lost(
        scrub(f"{what}: {reason}", secrets),
        status=status,
        request_id=request_id_of(headers),
        rate_headers=rate_headers(headers),
    )


def chain(error: BaseException) -> Iterator[BaseException]:
    """The error and what it was raised from."""
    at: BaseException | None = error
    for _ in range(16):
        if at is None:
            return
        yield at
        at = at.__cause__ or at.__context__


def is_misencoded(error: BaseException) -> bool:
    """Whether a body can't be decoded by the encoding that its header names."""
    return any(isinstance(one, httpx2.DecodingError) for one in chain(error))


def reason_of(error: Exception, exchange: SdkExchange) -> str:
    """What went wrong, in one line without the address (which may hold a password)."""
    causes = list(chain(error))
    for one in causes:
        match one:
            case TooLarge() | SecondAttempt() | BrokenStream():
                return str(one)
            case ssl.SSLError():
                return f"no TLS: {str(one)[:160]}"
            case httpx2.ConnectTimeout():
                return "no connection in time"
            case httpx2.ReadTimeout() | httpx2.WriteTimeout() | TimeoutError() if (
                exchange.left_at is not None
            ):
                return f"no whole reply within {exchange.timeout_s:g} s"
            case (
                httpx2.RemoteProtocolError() | httpx2.ReadError() | httpx2.WriteError() | httpx2.CloseError()
            ):
                return f"the reply broke off: {str(one)[:160] or 'the connection was reset'}"
            case httpx2.DecodingError():
                return f"the reply broke off: {Misencoded()}"
            case _:
                pass
    number = next((one.errno for one in causes if isinstance(one, OSError) and (one.errno or 0) > 0), None)
    if number is not None:
        return os.strerror(number).lower()
    root = next((one for one in causes if isinstance(one, httpx2.HTTPError)), causes[0])
    return f"{type(root).__name__}: {str(root)[:160]}"
