"""Google's batch API: the requests in one call, their results in the batch itself. Its display name carries our marker,
by which a batch is found again. https://ai.google.dev/api/batch-api

No service tier is sent: a batch is a tier of its own."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any, cast
from urllib.parse import quote

import msgspec

from providers.batch import BatchState, Found, ResultLine, VendorBatch
from providers.errors import BadRequest, Lost, Overloaded, ProviderError, RateLimited, Stopped, Undone
from providers.reading.failures import failure_from_status, one_line
from providers.reading.lenient_json import as_object, as_objects, as_text
from providers.reading.redaction import clean_error, clean_reply
from providers.sdk.account import google_account
from providers.sdk.batch_calls import CALLS_AT_ONCE, TRANSFER_S, SdkCalls
from providers.transport.address import GOOGLE_URL
from providers.wires.chat import parse_chat
from providers.wires.generate_content import Unknown, as_chat, generate_payload

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping, Sequence

    from providers.types import Reply, Request

PAGE = 100
SKEW_S = 3600.0
"""How far the vendor's clock may be from ours."""
TOLD = "name,done,error,metadata(name,displayName,createTime,state,batchStats)"
"""What is asked of a batch before its results, which stand in it."""
ENDED = frozenset(("SUCCEEDED", "CANCELLED", "EXPIRED"))
HTTP = {3: 400, 5: 404, 7: 403, 8: 429, 9: 400, 11: 400, 12: 400, 13: 500, 14: 503, 16: 401}
"""The HTTP status of a code of google.rpc, if it has one that says more than that the request failed."""
CANCELLED, EXHAUSTED, UNAVAILABLE = 1, 8, 14
NOT_EXECUTED = frozenset((CANCELLED, EXHAUSTED, UNAVAILABLE))
DEADLINE = 4
"""The code of a call to the model that timed out: it may have been billed."""


class GoogleBatches:
    """Batches of models.generateContent. `base_url` as for single requests, ending in /openai; None is Google's own.
    Raises Stopped without a key."""

    most_requests = 10_000
    most_bytes = 18 * 10**6

    def __init__(
        self,
        *,
        model: str,
        api_key: str | None,
        base_url: str | None = None,
        own_host: bool,
        free_5xx: bool = False,
    ) -> None:
        url = (base_url or GOOGLE_URL).rstrip("/").removesuffix("/openai")
        self._account = google_account(
            model, api_key, url, own_host=own_host, free_5xx=free_5xx, concurrency=CALLS_AT_ONCE
        )
        self._calls = SdkCalls(self._account)
        self._model = quote(model.removeprefix("models/"), safe="")

    @property
    def server(self) -> str:
        return self._account.server

    def line(self, custom_id: str, request: Request, /) -> bytes:
        try:
            body = generate_payload(request)
        except Unknown as error:
            message = f"{self._account.name}: {one_line(str(error))[:60]} can't be sent in a batch"
            raise BadRequest(message) from error
        return self._account.encoded({"request": body, "metadata": {"key": custom_id}})

    async def upload(self, lines: Sequence[bytes], marker: str, /) -> str:
        """Nothing to do: `create` uploads them itself."""
        return ""

    async def create(
        self, uploaded: str, lines: Sequence[bytes], marker: str, request: Request, /
    ) -> VendorBatch:
        name = msgspec.json.encode(marker)
        body = b'{"batch":{"displayName":%b,"inputConfig":{"requests":{"requests":[%b]}}}}'
        path = f"/models/{self._model}:batchGenerateContent"
        return self._batch(
            await self._calls.post(path, body % (name, b",".join(lines)), timeout_s=TRANSFER_S)
        )

    async def find(self, marker: str, /, *, size: int, since: float, known: Collection[str]) -> Found:
        query: dict[str, Any] = {"pageSize": PAGE, "fields": f"nextPageToken,operations({TOLD})"}
        while True:
            page = await self._calls.get("/batches", query)
            batches = as_objects(page.get("operations"))
            for fields in batches:
                if as_object(fields.get("metadata")).get("displayName") == marker:
                    return Found(self._batch(fields))
            after = as_text(page.get("nextPageToken"))
            if not after or (batches and all(_made_before(fields, since - SKEW_S) for fields in batches)):
                return Found(None)
            query["pageToken"] = after

    async def look(self, batch: str, /) -> VendorBatch:
        return self._batch(await self._calls.get(_path(batch), {"fields": TOLD}))

    async def cancel(self, batch: str, /) -> None:
        await self._calls.post(f"{_path(batch)}:cancel")

    async def results(self, batch: VendorBatch, /, *, lenient: bool) -> Iterator[ResultLine]:
        """A batch comes whole or not at all, so none of it can be read if it broke off, `lenient` or not."""
        lines: list[ResultLine] = []
        for path in batch.results:
            file = await self._calls.fetch(path)
            with file:
                lines += self._lines(file.read(), lenient=lenient)
        return iter(lines)

    def _lines(self, body: bytes, *, lenient: bool) -> list[ResultLine]:
        try:
            fields = as_object(msgspec.json.decode(body))
        except (msgspec.DecodeError, ValueError, RecursionError) as error:
            if lenient:
                return []
            raise Lost(f"{self._account.name}: the results broke off or aren't JSON") from error
        output = as_object(fields.get("response")) or as_object(
            as_object(fields.get("metadata")).get("output")
        )
        inlined: object = output.get("inlinedResponses")
        given = as_objects(as_object(inlined).get("inlinedResponses") or inlined)
        return [
            ResultLine(custom_id=as_text(as_object(one.get("metadata")).get("key")) or "", fields=one)
            for one in given
        ]

    def read(self, line: ResultLine, n: int, /) -> Reply:
        try:
            return clean_reply(self._read(line.fields, n), self._account.secrets)
        except ProviderError as error:
            clean_error(error, self._account.secrets)
            raise

    def _read(self, fields: Mapping[str, Any], n: int) -> Reply:
        response = as_object(fields.get("response"))
        if response:
            return parse_chat(as_chat(response), latency_s=0.0, headers={}, n=n)
        said = as_object(fields.get("error"))
        if not said:
            raise Lost(f"{self._account.name}: a result with neither a reply nor an error")
        code, words = said.get("code"), one_line(as_text(said.get("message")) or "")[:200]
        status = HTTP.get(code) if isinstance(code, int) else None
        if status is not None and status < 500 and code != EXHAUSTED:
            error = self._refused(status, said, self._account.name)
            if not isinstance(error, (RateLimited, Overloaded)):
                raise error
        own = self._account.own_host or self._account.free_5xx
        if code in NOT_EXECUTED or (own and code != DEADLINE):
            raise Undone(f"{self._account.name}: not done in its batch: {words}")
        raise Lost(f"{self._account.name}: failed in its batch, possibly after it was billed: {words}")

    async def aclose(self) -> None:
        await self._account.aclose()

    def _batch(self, fields: Mapping[str, Any]) -> VendorBatch:
        about = as_object(fields.get("metadata"))
        name = as_text(fields.get("name")) or as_text(about.get("name"))
        if not name:
            raise Lost(f"{self._account.name}: a reply without a batch's name", status=200)
        said = (as_text(about.get("state")) or "").removeprefix("BATCH_STATE_").removeprefix("JOB_STATE_")
        error = as_object(fields.get("error"))
        over = said in ENDED or said == "FAILED" or fields.get("done") is True
        refusal = self._refusal(about, error) if over and said not in ENDED and error else None
        state = BatchState.ENDED if over else BatchState.WORKING
        return VendorBatch(
            id=name,
            state=BatchState.REFUSED if refusal is not None else state,
            said=one_line(said.lower())[:40],
            results=(_path(name),) if state is BatchState.ENDED and refusal is None else (),
            refusal=refusal,
        )

    def _refusal(self, about: Mapping[str, Any], error: Mapping[str, Any]) -> ProviderError | None:
        """Why the vendor refused a batch as a whole; None if some of it was done, or may have been."""
        status = HTTP.get(error.get("code") or 0)
        if status is None or status >= 500 or _counted(about, "successfulRequestCount"):
            return None
        refused = self._refused(status, error, f"{self._account.name}: the batch was refused")
        if isinstance(refused, (BadRequest, Lost)):
            return Stopped(refused.message, status=status)
        return refused

    def _refused(self, status: int, error: Mapping[str, Any], what: str) -> ProviderError:
        """As if a request had been so refused."""
        return failure_from_status(
            status,
            msgspec.json.encode({"error": dict(error)}),
            {},
            own_host=True,
            free_5xx=True,
            what=what,
            secrets=self._account.secrets,
        )


def _path(batch: str) -> str:
    return f"/{quote(batch, safe='/')}"


def _counted(about: Mapping[str, Any], name: str) -> bool:
    """Whether its counts, which are numbers in text, say that there are any."""
    count = as_object(about.get("batchStats")).get(name)
    return str(count or 0) != "0"


def _made_before(fields: Mapping[str, Any], at: float) -> bool:
    try:
        made = as_text(as_object(fields.get("metadata")).get("createTime")) or ""
        return datetime.fromisoformat(made).timestamp() < at
    except (ValueError, OverflowError):
        return False


if TYPE_CHECKING:
    from providers.batch import BatchProvider

    _: BatchProvider = cast("GoogleBatches", None)
