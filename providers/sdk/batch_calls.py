"""Calls to a vendor's API besides the one that asks for a sample, through its SDK: what goes to and comes from a batch.

As in sdk.py the SDK does the auth and the headers, its retries are off, its models are not built, and the transport
witnesses whether a call left.
"""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from typing import IO, TYPE_CHECKING, Any, cast

import httpx2
import msgspec

from providers.errors import Lost
from providers.reading.redaction import clean_error
from providers.sdk.http_client import SdkExchange, time_limits
from providers.transport.awake import AwakeLimit
from providers.transport.connections import CONNECT_S
from providers.transport.reply_size import TooLarge

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterator, Mapping

    from providers.sdk.account import Account

CALLS_AT_ONCE = 8
CALL_S = 120.0
"""For a call that brings or fetches little."""
TRANSFER_S = 3600.0
"""For the files, as long as something moves."""
STALLED_S = 120.0
LARGEST_RESULTS = 4 << 30
KEPT_IN_MEMORY = 16 << 20


@dataclass(frozen=True, slots=True, kw_only=True)
class _Bounds:
    """What an exchange needs to know of its reply."""

    timeout_s: float
    n: int = 1
    max_tokens: int = 1


class SdkCalls:
    """One vendor's API behind its SDK's client."""

    def __init__(self, account: Account) -> None:
        self._account = account

    async def get(self, path: str, query: Mapping[str, Any] | None = None, **headers: str) -> dict[str, Any]:
        """The JSON object of a GET's reply."""
        return await self._json("get", path, headers, CALL_S, {"params": dict(query)} if query else {}, {})

    async def post(
        self, path: str, body: bytes = b"{}", *, timeout_s: float = CALL_S, **headers: str
    ) -> dict[str, Any]:
        """The JSON object of the reply to a POST of JSON. Sent once."""
        headers = {"Content-Type": "application/json", **headers}
        return await self._json("post", path, headers, timeout_s, {}, {"content": body})

    async def upload(self, path: str, fields: dict[str, str], name: str, content: bytes) -> dict[str, Any]:
        """The JSON object of the reply to a POST of a form with a file."""
        files = [("file", (name, content, "application/jsonl"))]
        headers = {"Content-Type": "multipart/form-data"}
        return await self._json("post", path, headers, TRANSFER_S, {}, {"body": fields, "files": files})

    async def fetch(self, path: str, *, first_line: bool = False) -> IO[bytes]:
        """A file, whole (or up to the end of its first line): what is not in memory is in a file without a name.
        Raises Lost if it broke off."""
        into = tempfile.SpooledTemporaryFile(KEPT_IN_MEMORY)  # noqa: SIM115 - the caller reads and closes it

        async def take(response: httpx2.Response) -> None:
            try:
                async for chunk in response.aiter_bytes():
                    into.write(chunk)
                    if into.tell() > LARGEST_RESULTS:
                        raise TooLarge(LARGEST_RESULTS)
                    if first_line and b"\n" in chunk:
                        return
            finally:
                await response.aclose()

        try:
            exchange = SdkExchange(_Bounds(timeout_s=TRANSFER_S))
            timeout = httpx2.Timeout(connect=CONNECT_S, write=STALLED_S, read=STALLED_S, pool=None)
            options = self._account.options({"Accept": "application/binary"}, timeout)
            call = self._account.client.get
            await self._made(
                exchange, lambda: call(path, cast_to=httpx2.Response, options=options, stream=True), take
            )
        except BaseException:
            into.close()
            raise
        into.seek(0)
        return into

    async def _json(
        self,
        method: str,
        path: str,
        headers: dict[str, str],
        timeout_s: float,
        options: dict[str, Any],
        content: dict[str, Any],
    ) -> dict[str, Any]:
        exchange = SdkExchange(_Bounds(timeout_s=timeout_s))
        given = self._account.options(headers, time_limits()) | options
        call = getattr(self._account.client, method)
        await self._made(
            exchange,
            lambda: call(path, cast_to=httpx2.Response, options=given, stream=True, **content),
            exchange.read,
        )
        try:
            decoded: object = msgspec.json.decode(exchange.reply)
        except (msgspec.DecodeError, ValueError, RecursionError):
            decoded = None
        if not isinstance(decoded, dict):
            raise Lost(f"{self._account.name}: a reply that is not a JSON object", status=exchange.status)
        return cast("dict[str, Any]", decoded)

    async def _made(
        self,
        exchange: SdkExchange,
        call: Callable[[], Awaitable[httpx2.Response]],
        take: Callable[[httpx2.Response], Awaitable[None]],
    ) -> None:
        try:
            async with AwakeLimit() as limit:
                with exchange.opened(limit):
                    await take(await call())
        except Exception as error:
            failure = self._account.failure(error, exchange)
            failure.__cause__ = error
            clean_error(failure, self._account.secrets)
            raise failure from failure.__cause__


def json_lines(file: IO[bytes], *, lenient: bool, name: str) -> Iterator[dict[str, Any]]:
    """The objects of a JSONL file, which it closes. Raises Lost at the first line that is none, as that of a file that
    broke off; `lenient`: passes over it."""
    with file:
        for line in file:
            if not line.strip():
                continue
            try:
                decoded: object = msgspec.json.decode(line)
            except (msgspec.DecodeError, ValueError, RecursionError) as error:
                if lenient:
                    continue
                raise Lost(f"{name}: the results broke off or aren't JSON") from error
            if isinstance(decoded, dict):
                yield cast("dict[str, Any]", decoded)
