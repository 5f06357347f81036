"""Anthropic's batch API: the requests in one call, their results in one file.
https://platform.claude.com/docs/en/build-with-claude/batch-processing

Its batches carry no marker of ours but the requests' ids, which only the results show. So a batch whose
making went unanswered is sought among those of its size made since then, and told by the first line of its results;
until such a one has ended nobody can tell.

No service tier is sent: a batch is a tier of its own."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any, cast
from urllib.parse import quote

import msgspec

from providers.anthropic import MessagesWire
from providers.batch import BatchState, Found, ResultLine, VendorBatch, is_of
from providers.errors import Lost, ProviderError, Undone
from providers.reading.failures import failure_from_status, one_line
from providers.reading.lenient_json import as_object, as_objects, as_text
from providers.reading.redaction import clean_error, clean_reply
from providers.sdk.account import anthropic_account
from providers.sdk.batch_calls import CALLS_AT_ONCE, TRANSFER_S, SdkCalls, json_lines

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping, Sequence

    from providers.types import Reply, Request

PAGE = 100
SKEW_S = 3600.0
"""How far the vendor's clock may be from ours."""
BATCHES = "/v1/messages/batches"
STATUS = {
    "invalid_request_error": 400,
    "billing_error": 400,
    "authentication_error": 401,
    "permission_error": 403,
    "not_found_error": 404,
    "request_too_large": 413,
}
"""The HTTP status of an error that a person or another request must mend; what a wait mends is Undone."""


class AnthropicBatches:
    """Batches of /v1/messages. `base_url` doesn't end in /v1; None is Anthropic's own. Raises Stopped without a key."""

    most_requests = 100_000
    most_bytes = 256 * 10**6

    def __init__(
        self,
        *,
        model: str,
        api_key: str | None,
        base_url: str | None = None,
        own_host: bool,
        free_5xx: bool = False,
        inference_geo: str | None = None,
        api_version: str | None = None,
    ) -> None:
        self._account = anthropic_account(
            model, api_key, base_url, own_host=own_host, free_5xx=free_5xx, concurrency=CALLS_AT_ONCE
        )
        self._calls = SdkCalls(self._account)
        self._wire = MessagesWire(None, inference_geo, api_version)

    @property
    def server(self) -> str:
        return self._account.server

    def line(self, custom_id: str, request: Request, /) -> bytes:
        params = self._wire.payload(request)
        return self._account.encoded({"custom_id": custom_id, "params": params})

    async def upload(self, lines: Sequence[bytes], marker: str, /) -> str:
        """Nothing to do: `create` uploads them itself."""
        return ""

    async def create(
        self, uploaded: str, lines: Sequence[bytes], marker: str, request: Request, /
    ) -> VendorBatch:
        body = b'{"requests":[' + b",".join(lines) + b"]}"
        # The version decides whether a request may state a temperature, and holds for the whole batch.
        headers = self._wire.headers(request)
        return self._batch(await self._calls.post(BATCHES, body, timeout_s=TRANSFER_S, **headers))

    async def find(self, marker: str, /, *, size: int, since: float, known: Collection[str]) -> Found:
        query: dict[str, Any] = {"limit": PAGE}
        undecided, silent = False, None
        while True:
            page = await self._calls.get(BATCHES, query)
            batches = as_objects(page.get("data"))
            for fields in batches:
                if _made_before(fields, since - SKEW_S) or _size(fields) != size or fields.get("id") in known:
                    continue
                batch = self._batch(fields)
                if batch.state is BatchState.WORKING:
                    undecided = True
                elif batch.results:
                    marked = await self._is_marked(batch, marker)
                    if marked:
                        return Found(batch)
                    if marked is None and silent is None:
                        silent = batch
            last = as_text(batches[-1].get("id")) if batches else None
            if not page.get("has_more") or last is None or _made_before(batches[-1], since - SKEW_S):
                return Found(None, undecided=undecided, silent=silent)
            query["after_id"] = last

    async def _is_marked(self, batch: VendorBatch, marker: str) -> bool | None:
        """None for results without a line, which tell nothing."""
        file = await self._calls.fetch(batch.results[0], first_line=True)
        with file:
            line = file.readline()
        if not line:
            return None
        try:
            fields = as_object(msgspec.json.decode(line))
        except (msgspec.DecodeError, ValueError, RecursionError) as error:
            raise Lost(f"{self._account.name}: the results of a batch broke off") from error
        return is_of(marker, as_text(fields.get("custom_id")) or "")

    async def look(self, batch: str, /) -> VendorBatch:
        return self._batch(await self._calls.get(f"{BATCHES}/{quote(batch, safe='')}"))

    async def cancel(self, batch: str, /) -> None:
        await self._calls.post(f"{BATCHES}/{quote(batch, safe='')}/cancel")

    async def results(self, batch: VendorBatch, /, *, lenient: bool) -> Iterator[ResultLine]:
        files = [await self._calls.fetch(path) for path in batch.results]
        return (
            ResultLine(
                custom_id=as_text(fields.get("custom_id")) or "", fields=as_object(fields.get("result"))
            )
            for file in files
            for fields in json_lines(file, lenient=lenient, name=self._account.name)
        )

    def read(self, line: ResultLine, n: int, /) -> Reply:
        try:
            return clean_reply(self._read(line.fields, n), self._account.secrets)
        except ProviderError as error:
            clean_error(error, self._account.secrets)
            raise

    def _read(self, fields: Mapping[str, Any], n: int) -> Reply:
        kind = as_text(fields.get("type")) or "without a result"
        if kind == "succeeded":
            return self._wire.parse(as_object(fields.get("message")), latency_s=0.0, headers={}, n=n)
        if kind not in ("errored", "expired", "canceled"):
            raise Lost(f"{self._account.name}: an unknown kind of result: {one_line(kind)[:40]!r}")
        if kind != "errored":
            raise Undone(f"{self._account.name}: not done in its batch: {one_line(kind)[:40]}")
        # As the API words an error, with its id of the request: {"type": "error", "error": {"type", "message"}}.
        said = as_object(fields.get("error"))
        inner = as_object(said.get("error")) or said
        status = STATUS.get(as_text(inner.get("type")) or "")
        if status is None:
            text = one_line(f"{inner.get('type')}: {as_text(inner.get('message')) or ''}")
            raise Undone(f"{self._account.name}: not done in its batch: {text[:200]}")
        body = msgspec.json.encode({"type": "error", "error": inner, "request_id": said.get("request_id")})
        raise failure_from_status(
            status,
            body,
            {},
            own_host=True,
            free_5xx=True,
            what=self._account.name,
            secrets=self._account.secrets,
        )

    async def aclose(self) -> None:
        await self._account.aclose()

    def _batch(self, fields: Mapping[str, Any]) -> VendorBatch:
        number, said = as_text(fields.get("id")), as_text(fields.get("processing_status")) or ""
        if not number:
            raise Lost(f"{self._account.name}: a reply without a batch's id", status=200)
        ended = said == "ended"
        # Its own address of the results is not followed: the key goes to the base URL alone.
        path = f"{BATCHES}/{quote(number, safe='')}/results"
        return VendorBatch(
            id=number,
            state=BatchState.ENDED if ended else BatchState.WORKING,
            said=one_line(said)[:40],
            results=(path,) if ended and fields.get("results_url") else (),
        )


def _size(fields: Mapping[str, Any]) -> int:
    counts = as_object(fields.get("request_counts"))
    return sum(count for count in counts.values() if isinstance(count, int))


def _made_before(fields: Mapping[str, Any], at: float) -> bool:
    try:
        return datetime.fromisoformat(as_text(fields.get("created_at")) or "").timestamp() < at
    except (ValueError, OverflowError):
        return False


if TYPE_CHECKING:
    from providers.batch import BatchProvider

    _: BatchProvider = cast("AnthropicBatches", None)
