"""OpenAI's batch API: a file of requests, a batch of it, files of results. Its metadata carries our marker, by which a
batch is found again. https://developers.openai.com/api/docs/guides/batch

No service tier is sent: a batch is a tier of its own."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal, cast
from urllib.parse import quote

import msgspec

from providers.batch import BatchState, Found, ResultLine, VendorBatch
from providers.errors import BadRequest, Lost, Overloaded, ProviderError, RateLimited, Stopped, Undone
from providers.openai import ChatWire, ResponsesWire
from providers.reading.failures import failure_from_status, one_line
from providers.reading.lenient_json import as_object, as_objects, as_text
from providers.reading.redaction import clean_error, clean_reply
from providers.sdk.account import openai_account
from providers.sdk.batch_calls import CALLS_AT_ONCE, SdkCalls, json_lines

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping, Sequence

    from providers.types import Reply, Request

MARKER = "manyfew"
"""The key of our marker in a batch's metadata."""
PAGE = 100
SKEW_S = 3600.0
"""How far the vendor's clock may be from ours."""
CREATE_S = 300.0
ENDED = frozenset(("completed", "expired", "cancelled"))
NOT_EXECUTED = frozenset(("batch_expired", "batch_cancelled"))
"""Codes of results that say that their request was never begun."""
TIMED_OUT = "request_timeout"
"""The code of a result whose call to the model timed out: it may have been billed."""


class OpenAIBatches:
    """Batches of /v1/chat/completions or /v1/responses under `base_url`, which ends in /v1; None is OpenAI's own.
    Raises Stopped without a key."""

    most_requests = 50_000
    most_bytes = 200 * 10**6

    def __init__(
        self,
        *,
        model: str,
        api: Literal["chat", "responses"] = "chat",
        api_key: str | None,
        base_url: str | None = None,
        own_host: bool,
        free_5xx: bool = False,
    ) -> None:
        self._account = openai_account(
            model, api_key, base_url, own_host=own_host, free_5xx=free_5xx, concurrency=CALLS_AT_ONCE
        )
        self._calls = SdkCalls(self._account)
        self._wire = ChatWire(None) if api == "chat" else ResponsesWire(None)
        self._endpoint = f"/v1{self._wire.path}"

    @property
    def server(self) -> str:
        return self._account.server

    def line(self, custom_id: str, request: Request, /) -> bytes:
        body = self._wire.payload(request)
        return self._account.encoded(
            {"custom_id": custom_id, "method": "POST", "url": self._endpoint, "body": body}
        )

    async def upload(self, lines: Sequence[bytes], marker: str, /) -> str:
        content = b"\n".join((*lines, b""))
        made = await self._calls.upload("/files", {"purpose": "batch"}, f"{marker}.jsonl", content)
        return self._id(made, "a file")

    async def create(
        self, uploaded: str, lines: Sequence[bytes], marker: str, request: Request, /
    ) -> VendorBatch:
        body = {
            "input_file_id": uploaded,
            "endpoint": self._endpoint,
            "completion_window": "24h",
            "metadata": {MARKER: marker},
        }
        return self._batch(await self._calls.post("/batches", msgspec.json.encode(body), timeout_s=CREATE_S))

    async def find(self, marker: str, /, *, size: int, since: float, known: Collection[str]) -> Found:
        query: dict[str, Any] = {"limit": PAGE}
        while True:
            page = await self._calls.get("/batches", query)
            batches = as_objects(page.get("data"))
            for fields in batches:
                if as_object(fields.get("metadata")).get(MARKER) == marker:
                    return Found(self._batch(fields))
            last = as_text(batches[-1].get("id")) if batches else None
            if not page.get("has_more") or last is None or _made_before(batches[-1], since - SKEW_S):
                return Found(None)
            query["after"] = last

    async def look(self, batch: str, /) -> VendorBatch:
        return self._batch(await self._calls.get(f"/batches/{quote(batch, safe='')}"))

    async def cancel(self, batch: str, /) -> None:
        await self._calls.post(f"/batches/{quote(batch, safe='')}/cancel")

    async def results(self, batch: VendorBatch, /, *, lenient: bool) -> Iterator[ResultLine]:
        files = [await self._calls.fetch(f"/files/{quote(name, safe='')}/content") for name in batch.results]
        return (
            ResultLine(custom_id=as_text(fields.get("custom_id")) or "", fields=fields)
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
        response = as_object(fields.get("response"))
        status = response.get("status_code")
        if not isinstance(status, int):
            raise self._unanswered(as_object(fields.get("error")))
        headers = {"x-request-id": as_text(response.get("request_id")) or ""}
        if 200 <= status < 300:
            return self._wire.parse(as_object(response.get("body")), latency_s=0.0, headers=headers, n=n)
        error = failure_from_status(
            status,
            msgspec.json.encode(response.get("body")),
            headers,
            own_host=self._account.own_host,
            free_5xx=self._account.free_5xx,
            what=self._account.name,
            secrets=self._account.secrets,
        )
        if isinstance(error, (RateLimited, Overloaded)):
            raise Undone(error.message, status=status, request_id=error.request_id)
        raise self._wire.mend(error)

    def _unanswered(self, error: Mapping[str, Any]) -> ProviderError:
        """A result without a reply is free only if it says that nothing was done, or is an error in the words of the
        vendor's own host, as for a request by itself."""
        code = as_text(error.get("code")) or "error"
        said = one_line(f"{code}: {as_text(error.get('message')) or ''}")[:200]
        if not error:
            return Lost(f"{self._account.name}: a result with neither a reply nor an error")
        own = self._account.own_host or self._account.free_5xx
        if code in NOT_EXECUTED or (own and code != TIMED_OUT):
            return Undone(f"{self._account.name}: not done in its batch: {said}")
        return Lost(f"{self._account.name}: failed in its batch, possibly after it was billed: {said}")

    async def aclose(self) -> None:
        await self._account.aclose()

    def _batch(self, fields: Mapping[str, Any]) -> VendorBatch:
        said = as_text(fields.get("status")) or ""
        files = (as_text(fields.get(key)) for key in ("output_file_id", "error_file_id"))
        results = tuple(file for file in files if file)
        state = BatchState.ENDED if said in ENDED else BatchState.WORKING
        if said == "failed":
            state = BatchState.ENDED if results or _completed(fields) else BatchState.REFUSED
        return VendorBatch(
            id=self._id(fields, "a batch"),
            state=state,
            said=one_line(said)[:40],
            results=results,
            refusal=self._refusal(fields) if state is BatchState.REFUSED else None,
        )

    def _refusal(self, fields: Mapping[str, Any]) -> ProviderError:
        """Why the vendor refused a batch as a whole: by its first error, as if a request had been so refused."""
        errors = as_objects(as_object(fields.get("errors")).get("data"))
        first = errors[0] if errors else {}
        if first.get("code") == "token_limit_exceeded":
            said = one_line(as_text(first.get("message")) or "too many tokens are enqueued")[:200]
            return RateLimited(f"{self._account.name}: {said}")
        body = {key: first.get(key) for key in ("message", "code", "param")}
        error = failure_from_status(
            400,
            msgspec.json.encode({"error": {"type": "invalid_request_error", **body}}),
            {},
            own_host=True,
            free_5xx=True,
            what=f"{self._account.name}: the batch was refused",
            secrets=self._account.secrets,
        )
        return Stopped(error.message, status=400) if isinstance(error, (BadRequest, Lost)) else error

    def _id(self, fields: Mapping[str, Any], what: str) -> str:
        found = as_text(fields.get("id"))
        if not found:
            raise Lost(f"{self._account.name}: a reply that names no id of {what}", status=200)
        return found


def _completed(fields: Mapping[str, Any]) -> bool:
    """Whether its counts say that some of it was done."""
    count = as_object(fields.get("request_counts")).get("completed")
    return isinstance(count, int | float) and count > 0


def _made_before(fields: Mapping[str, Any], at: float) -> bool:
    created = fields.get("created_at")
    return isinstance(created, int | float) and created < at


if TYPE_CHECKING:
    from providers.batch import BatchProvider

    _: BatchProvider = cast("OpenAIBatches", None)
