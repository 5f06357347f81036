"""The vendors' batch APIs on the loopback: files, batches, results, at half the price of single requests.

    desk = openai_batches(prices=…)       # or openai_batches(api="responses"), anthropic_batches()
    with serving(desk.vendor):
        ... models(desk) ...
        assert desk.vendor.billed_pico == ...

What can be set of the vendor (answers, prices, key …) is told in tests/loopback/vendor.py. What a test may set of the
desk, before or while it runs:
    works_s       a batch ends so long after it was made
    held          no batch ends while it is set (a threading.Event that is set holds)
    fate          (custom_id, the batch's number, the request's place) -> "done", "expired", "canceled", "timed out"
                  (OpenAI: billed, and its line names no reply), "missing" (no line at all), "kept" (billed, and no line
                  at all), or an int: the HTTP status it failed with
    ends          the status that batches end with: "completed", "expired", "failed" (OpenAI), "ended" (Anthropic)
    failure       (code, message) of a batch that OpenAI fails as a whole; taken by the next batches while it is set
    most          the most requests that may be enqueued; a larger batch fails with token_limit_exceeded
    create        what happens to the calls that make a batch, one after another: "reset" (it is made, and the answer is
                  lost), "lost" (it is not made, and the answer is lost), an HTTP status, "made 500" (it is made, and
                  the answer is that status), or None
    listed_s      a batch is in the list so long after it was made
    unnamed       so many looks at a finished batch name no results yet
    results       what happens to the fetching of results, one after another: "half" (the connection breaks in the
                  middle), "cut" (the file ends within a line), "short" (its last line lacks), "doubled", or None
    at            {"uploaded" | "asked" | "created" | "listed" | "looked" | "fetched": called then, before
                  the answer leaves}
    foreign       result lines of others put into each file
What it may read: batches, looked, created, cancelled (counts), asked (every custom_id ever sent, with its body).
"""

from __future__ import annotations

import json
import re
import threading
import time
from collections import Counter, deque
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any

from aiohttp import web

from tests.loopback.anthropic_wire import MessagesWire, anthropic_vendor
from tests.loopback.openai_wire import ChatWire, openai_vendor
from tests.loopback.responses_wire import ResponsesWire, responses_vendor
from tests.loopback.sending import hang_up
from tests.loopback.vendor import Vendor, key_of
from tests.loopback.work import Wire

CUSTOM_ID = re.compile(r"[a-zA-Z0-9_-]{1,64}")
Fate = str | int
UNDONE = {"expired": "batch_expired", "canceled": "batch_cancelled", "timed out": "request_timeout"}
"""Codes of results without a reply, by fate."""


@dataclass
class Batch:
    id: str
    number: int
    requests: list[tuple[str, dict[str, Any]]]
    made_at: float
    metadata: dict[str, str] | None = None
    status: str = "in_progress"
    cancelled: bool = False
    lines: list[dict[str, Any]] = field(default_factory=list)
    errors: list[dict[str, Any]] = field(default_factory=list)
    failure: tuple[str, str] | None = None
    counts: Counter[str] = field(default_factory=Counter)
    looked: int = 0
    """At it, once it was over."""

    @property
    def over(self) -> bool:
        return self.status not in ("in_progress", "cancelling", "canceling")


@dataclass
class BatchDesk:
    """The batches of a vendor, both dialects."""

    vendor: Vendor
    wire: Wire
    works_s: float = 0.0
    held: threading.Event = field(default_factory=threading.Event)
    fate: Callable[[str, int, int], Fate] = lambda _name, _number, _place: "done"
    ends: str = "completed"
    failure: tuple[str, str] | None = None
    most: int = 1 << 40
    create: deque[str | int | None] = field(default_factory=deque)
    results: deque[str | None] = field(default_factory=deque)
    listed_s: float = 0.0
    unnamed: int = 0
    at: dict[str, Callable[[], None]] = field(default_factory=dict)
    foreign: list[dict[str, Any]] = field(default_factory=list)

    batches: list[Batch] = field(default_factory=list)
    files: dict[str, bytes] = field(default_factory=dict)
    looked: int = 0
    cancelled: int = 0
    asked: list[tuple[str, dict[str, Any]]] = field(default_factory=list)

    @property
    def created(self) -> int:
        return len(self.batches)

    def times_asked(self) -> Counter[str]:
        """How often each prompt's samples were asked for, by prompt."""
        counted = Counter[str]()
        for _, body in self.asked:
            asked = self.wire.read(body)
            counted[asked.prompt] += asked.n
        return counted

    # ---- what both do alike

    def happens(self, what: str) -> None:
        if what in self.at:
            self.at[what]()

    def bad_key(self, request: web.Request) -> web.Response | None:
        if self.vendor.key is None or key_of(request) == self.vendor.key:
            return None
        return self.refuse(401, f"Incorrect API key provided: {key_of(request)}.", code="invalid_api_key")

    def refuse(self, status: int, message: str, code: str | None = None) -> web.Response:
        return self.vendor.refuse(self.wire, "req_batch", status, message, code=code)

    def make(self, requests: list[tuple[str, dict[str, Any]]], metadata: dict[str, str] | None) -> Batch:
        number = len(self.batches)
        batch = Batch(f"batch_{number:04d}", number, requests, time.time(), metadata)
        self.batches.append(batch)
        self.asked += requests
        names = [name for name, _ in requests]
        assert all(CUSTOM_ID.fullmatch(name) for name in names)
        assert len(names) == len(set(names)), "custom_id must be unique in a batch"
        return batch

    def progress(self, batch: Batch) -> None:
        """Ends it where its time has come."""
        if batch.over or (self.held.is_set() and not batch.cancelled):
            return
        if time.time() - batch.made_at < self.works_s and not batch.cancelled:
            return
        enqueued = len(batch.requests)
        if enqueued > self.most:
            batch.failure = (
                "token_limit_exceeded",
                f"Enqueued token limit reached: {self.most}, please try again",
            )
        elif self.failure is not None:
            batch.failure = self.failure
        if batch.failure is not None and self.ends != "failed":
            batch.status = "failed"
            return
        for place, (name, body) in enumerate(batch.requests):
            fate = self.fate(name, batch.number, place)
            if batch.cancelled and fate == "done" and place >= len(batch.requests) // 2:
                fate = "canceled"
            if fate in ("kept", "timed out"):
                self.reply_to(name, body, batch)  # billed
                batch.counts["completed"] += 1
            self.end_one(batch, name, body, "missing" if fate == "kept" else fate)
        batch.status = "cancelled" if batch.cancelled else self.ends
        batch.lines.reverse()  # in no order that can be relied on

    def reply_to(self, name: str, body: dict[str, Any], batch: Batch) -> dict[str, Any]:
        """Does the work, and bills half of it."""
        asked = self.wire.read(body)
        job = self.vendor._work(asked, f"{batch.id}_{name}", None)
        reply = self.wire.write(job, self.vendor)
        self.vendor._bill(job, None)
        bill = self.vendor.billed.pop()
        assert bill.pico % 2 == 0
        self.vendor.billed.append(replace(bill, pico=bill.pico // 2))
        return reply

    def end_one(self, batch: Batch, name: str, body: dict[str, Any], fate: Fate) -> None:
        raise NotImplementedError

    def jsonl(self, lines: list[dict[str, Any]]) -> tuple[bytes, str | None]:
        """(body, what happens to it)."""
        trouble = self.results.popleft() if self.results else None
        told = [*self.foreign, *lines]
        if trouble == "doubled":
            told += told
        if trouble == "short":
            told = told[:-1]
        body = b"".join(json.dumps(line).encode() + b"\n" for line in told)
        return (body[: len(body) // 2 + 7] if trouble == "cut" else body), trouble

    async def send_file(self, request: web.Request, lines: list[dict[str, Any]]) -> web.StreamResponse:
        body, trouble = self.jsonl(lines)
        self.happens("fetched")
        if trouble != "half":
            return web.Response(body=body, content_type="application/binary")
        response = web.StreamResponse(headers={"Content-Length": str(len(body))})
        await response.prepare(request)
        await response.write(body[: len(body) // 2])
        hang_up(request)
        return response

    def made(
        self, request: web.Request, make: Callable[[], Batch], tell: Callable[[Batch], Any]
    ) -> web.Response:
        trouble = self.create.popleft() if self.create else None
        made_all_the_same = isinstance(trouble, str) and trouble.startswith("made ")
        if made_all_the_same:
            make()
            trouble = int(str(trouble).removeprefix("made "))
        if isinstance(trouble, int):
            return self.refuse(trouble, "The server is overloaded." if trouble >= 500 else "No.")
        self.happens("asked")
        told = None if trouble == "lost" else tell(make())
        self.happens("created")
        if trouble in ("lost", "reset"):
            hang_up(request)
        return web.json_response(told)

    def listed(self) -> list[Batch]:
        """The newest first."""
        return [batch for batch in reversed(self.batches) if time.time() - batch.made_at >= self.listed_s]

    def names_results(self, batch: Batch) -> bool:
        batch.looked += batch.over
        return batch.over and batch.looked > self.unnamed

    def found(self, request: web.Request) -> Batch | None:
        return next((batch for batch in self.batches if batch.id == request.match_info["id"]), None)


class OpenAIDesk(BatchDesk):
    def mount(self) -> None:
        router = self.vendor.app.router
        router.add_post("/v1/files", self.upload)
        router.add_get("/v1/files/{id}/content", self.content)
        router.add_post("/v1/batches", self.post)
        router.add_get("/v1/batches", self.list)
        router.add_get("/v1/batches/{id}", self.look)
        router.add_post("/v1/batches/{id}/cancel", self.cancel)

    async def upload(self, request: web.Request) -> web.StreamResponse:
        if refused := self.bad_key(request):
            return refused
        form = await request.post()
        assert form["purpose"] == "batch"
        file = form["file"]
        assert isinstance(file, web.FileField)
        assert file.filename.endswith(".jsonl")
        name = f"file-{len(self.files):04d}"
        self.files[name] = file.file.read()
        self.happens("uploaded")
        return web.json_response(
            {"id": name, "object": "file", "purpose": "batch", "filename": file.filename}
        )

    async def post(self, request: web.Request) -> web.StreamResponse:
        if refused := self.bad_key(request):
            return refused
        body = await request.json()
        assert body["completion_window"] == "24h"
        assert body["endpoint"] == self.wire.path

        def make() -> Batch:
            requests = [json.loads(line) for line in self.files[body["input_file_id"]].splitlines()]
            for one in requests:
                assert (one["method"], one["url"]) == ("POST", self.wire.path)
            return self.make([(one["custom_id"], one["body"]) for one in requests], body.get("metadata"))

        return self.made(request, make, self.told)

    async def look(self, request: web.Request) -> web.StreamResponse:
        self.looked += 1
        batch = self.found(request)
        if batch is None:
            return self.refuse(404, f"No batch found with id '{request.match_info['id']}'.")
        self.progress(batch)
        self.happens("looked")
        return web.json_response(self.told(batch))

    async def list(self, request: web.Request) -> web.StreamResponse:
        newest = self.listed()
        self.happens("listed")
        after, limit = request.query.get("after"), int(request.query.get("limit", "20"))
        start = next((i + 1 for i, batch in enumerate(newest) if batch.id == after), 0)
        page = newest[start : start + limit]
        data = [self.told(batch) for batch in page]
        return web.json_response({"object": "list", "data": data, "has_more": start + limit < len(newest)})

    async def cancel(self, request: web.Request) -> web.StreamResponse:
        batch = self.found(request)
        assert batch is not None
        if batch.over:
            return self.refuse(409, f"Cannot cancel a batch with status '{batch.status}'.")
        self.cancelled += 1
        batch.cancelled, batch.status = True, "cancelling"
        return web.json_response(self.told(batch))

    async def content(self, request: web.Request) -> web.StreamResponse:
        kind, _, number = request.match_info["id"].partition("-")
        batch = self.batches[int(number)]
        return await self.send_file(request, batch.lines if kind == "out" else batch.errors)

    def end_one(self, batch: Batch, name: str, body: dict[str, Any], fate: Fate) -> None:
        line: dict[str, Any] = {"id": f"batch_req_{name}", "custom_id": name, "response": None, "error": None}
        if fate == "done":
            batch.counts["completed"] += 1
            reply = self.reply_to(name, body, batch)
            response = {"status_code": 200, "request_id": f"req_{name}", "body": reply}
            batch.lines.append({**line, "response": response})
        elif isinstance(fate, int):
            batch.counts["failed"] += 1
            error = self.wire.error(
                fate, "The server had an error.", kind="server_error", code=None, param=None
            )
            response = {"status_code": fate, "request_id": f"req_{name}", "body": error}
            batch.errors.append({**line, "response": response})
        elif fate in UNDONE:
            code = UNDONE[str(fate)]
            message = "This request could not be executed before the completion window expired."
            batch.errors.append({**line, "error": {"code": code, "message": message}})

    def told(self, batch: Batch) -> dict[str, Any]:
        code, message = batch.failure or ("", "")
        named = self.names_results(batch)
        errors = {"object": "list", "data": [{"code": code, "message": message, "param": None, "line": None}]}
        return {
            "id": batch.id,
            "object": "batch",
            "endpoint": self.wire.path,
            "errors": errors if batch.failure else None,
            "input_file_id": "file-0000",
            "completion_window": "24h",
            "status": batch.status,
            "output_file_id": f"out-{batch.number}" if named and batch.lines else None,
            "error_file_id": f"err-{batch.number}" if named and batch.errors else None,
            "created_at": int(batch.made_at),
            "expires_at": int(batch.made_at) + 86_400,
            "request_counts": {
                "total": len(batch.requests),
                "completed": batch.counts["completed"],
                "failed": batch.counts["failed"],
            },
            "metadata": batch.metadata,
        }


class AnthropicDesk(BatchDesk):
    def mount(self) -> None:
        router = self.vendor.app.router
        router.add_post("/v1/messages/batches", self.post)
        router.add_get("/v1/messages/batches", self.list)
        router.add_get("/v1/messages/batches/{id}", self.look)
        router.add_get("/v1/messages/batches/{id}/results", self.content)
        router.add_post("/v1/messages/batches/{id}/cancel", self.cancel)

    async def post(self, request: web.Request) -> web.StreamResponse:
        if refused := self.bad_key(request):
            return refused
        body = await request.json()
        version = request.headers["anthropic-version"]

        def make() -> Batch:
            for one in body["requests"]:
                assert set(one) == {"custom_id", "params"}
                assert version == "2023-06-01" or "temperature" not in one["params"]
                assert "stream" not in one["params"]
            return self.make([(one["custom_id"], one["params"]) for one in body["requests"]], None)

        return self.made(request, make, self.told)

    async def look(self, request: web.Request) -> web.StreamResponse:
        self.looked += 1
        batch = self.found(request)
        if batch is None:
            return self.refuse(404, "`batch` not found")
        self.progress(batch)
        self.happens("looked")
        return web.json_response(self.told(batch))

    async def list(self, request: web.Request) -> web.StreamResponse:
        for batch in self.batches:
            self.progress(batch)
        newest = self.listed()
        self.happens("listed")
        after, limit = request.query.get("after_id"), int(request.query.get("limit", "20"))
        start = next((i + 1 for i, batch in enumerate(newest) if batch.id == after), 0)
        page = newest[start : start + limit]
        more = start + limit < len(newest)
        return web.json_response({"data": [self.told(batch) for batch in page], "has_more": more})

    async def cancel(self, request: web.Request) -> web.StreamResponse:
        batch = self.found(request)
        assert batch is not None
        if batch.over:
            return self.refuse(400, "Batch has already ended.")
        self.cancelled += 1
        batch.cancelled, batch.status = True, "canceling"
        return web.json_response(self.told(batch))

    async def content(self, request: web.Request) -> web.StreamResponse:
        batch = self.found(request)
        assert batch is not None
        return await self.send_file(request, batch.lines)

    def end_one(self, batch: Batch, name: str, body: dict[str, Any], fate: Fate) -> None:
        result: dict[str, Any] = {"type": fate}
        if fate == "done":
            message = self.reply_to(name, body, batch)
            message["usage"]["service_tier"] = "batch"
            result = {"type": "succeeded", "message": message}
        elif isinstance(fate, int):
            error = self.wire.error(fate, "Something is wrong.", kind="", code=None, param=None)
            result = {"type": "errored", "error": {**error, "request_id": f"req_{name}"}}
        if fate != "missing":
            batch.counts["succeeded" if fate == "done" else result["type"]] += 1
            batch.lines.append({"custom_id": name, "result": result})

    def told(self, batch: Batch) -> dict[str, Any]:
        made = datetime.fromtimestamp(batch.made_at, UTC).isoformat().replace("+00:00", "Z")
        kinds = ("succeeded", "errored", "canceled", "expired")
        counts = {kind: batch.counts[kind] if batch.over else 0 for kind in kinds}
        counts["processing"] = len(batch.requests) - sum(counts.values())
        url = f"https://elsewhere.invalid/v1/messages/batches/{batch.id}/results"
        return {
            "id": batch.id,
            "type": "message_batch",
            "processing_status": "ended" if batch.over else batch.status,
            "request_counts": counts,
            "ended_at": made if batch.over else None,
            "created_at": made,
            "expires_at": made,
            "cancel_initiated_at": None,
            "results_url": url if self.names_results(batch) else None,
        }


class GoogleDesk(BatchDesk):
    """Its requests are kept as chat bodies, so that the work and its bill are those of the other wire."""

    def mount(self) -> None:
        router = self.vendor.app.router
        router.add_post("/v1beta/models/{call}", self.post)
        router.add_get("/v1beta/batches", self.list)
        router.add_get("/v1beta/batches/{id}", self.look)
        router.add_post("/v1beta/batches/{call}", self.cancel)

    def bad_key(self, request: web.Request) -> web.Response | None:
        assert "Authorization" not in request.headers, "Google takes it for a token of its own"
        given = request.headers.get("x-goog-api-key")
        if self.vendor.key is None or given == self.vendor.key:
            return None
        return self.refuse(400, f"API key not valid: {given}. Please pass a valid API key.")

    def refuse(self, status: int, message: str, code: str | None = None) -> web.Response:
        words = {400: "INVALID_ARGUMENT", 404: "NOT_FOUND", 429: "RESOURCE_EXHAUSTED", 503: "UNAVAILABLE"}
        error = {"code": status, "message": message, "status": words.get(status, "INTERNAL")}
        if message.startswith("API key not valid"):
            error["details"] = [{"reason": "API_KEY_INVALID", "domain": "googleapis.com"}]  # type: ignore[assignment]
        return web.json_response({"error": error}, status=status)

    async def post(self, request: web.Request) -> web.StreamResponse:
        if refused := self.bad_key(request):
            return refused
        model, _, verb = request.match_info["call"].partition(":")
        assert verb == "batchGenerateContent"
        batch = (await request.json())["batch"]

        def make() -> Batch:
            inlined = batch["inputConfig"]["requests"]["requests"]
            requests = [(one["metadata"]["key"], self.as_chat(model, one["request"])) for one in inlined]
            return self.make(requests, {"manyfew": batch["displayName"]})

        return self.made(request, make, self.told)

    def as_chat(self, model: str, body: dict[str, Any]) -> dict[str, Any]:
        assert set(body) <= {"contents", "generationConfig", "systemInstruction"}
        config = dict(body["generationConfig"])
        names = {"maxOutputTokens": "max_tokens", "candidateCount": "n", "topP": "top_p", "topK": "top_k"}
        names |= {"stopSequences": "stop", "temperature": "temperature", "seed": "seed"}
        system = "".join(part["text"] for part in body.get("systemInstruction", {"parts": []})["parts"])
        messages = [{"role": "system", "content": system}] if system else []
        for content in body["contents"]:
            role = "assistant" if content["role"] == "model" else "user"
            messages.append({"role": role, "content": content["parts"][0]["text"]})
        told = {names[name]: value for name, value in config.items() if name in names}
        return {"model": model, "messages": messages, **told}

    async def look(self, request: web.Request) -> web.StreamResponse:
        batch = self.found(request)
        if refused := self.bad_key(request):
            return refused
        if batch is None:
            return self.refuse(404, "Requested entity was not found.")
        if "fields" not in request.query:
            return await self.send_whole(request, batch)
        self.looked += 1
        self.progress(batch)
        self.happens("looked")
        return web.json_response(self.told(batch))

    async def send_whole(self, request: web.Request, batch: Batch) -> web.StreamResponse:
        trouble = self.results.popleft() if self.results else None
        lines = [*self.foreign, *batch.lines]
        if trouble == "doubled":
            lines += lines
        if trouble == "short":
            lines = lines[:-1]
        told = self.told(batch)
        if batch.lines:
            told["response"] = {"inlinedResponses": {"inlinedResponses": lines}}
        body = json.dumps(told).encode()
        self.happens("fetched")
        if trouble not in ("half", "cut"):
            return web.Response(body=body, content_type="application/json")
        if trouble == "cut":
            return web.Response(body=body[: len(body) // 2], content_type="application/json")
        response = web.StreamResponse(headers={"Content-Length": str(len(body))})
        await response.prepare(request)
        await response.write(body[: len(body) // 2])
        hang_up(request)
        return response

    async def list(self, request: web.Request) -> web.StreamResponse:
        if refused := self.bad_key(request):
            return refused
        newest = self.listed()
        self.happens("listed")
        start, limit = int(request.query.get("pageToken", "0")), int(request.query["pageSize"])
        page: dict[str, Any] = {"operations": [self.told(one) for one in newest[start : start + limit]]}
        if start + limit < len(newest):
            page["nextPageToken"] = str(start + limit)
        return web.json_response(page)

    async def cancel(self, request: web.Request) -> web.StreamResponse:
        number, _, verb = request.match_info["call"].partition(":")
        assert verb == "cancel"
        batch = next(batch for batch in self.batches if batch.id == number)
        if batch.over:
            return self.refuse(400, "The batch is in a terminal state.")
        self.cancelled += 1
        batch.cancelled, batch.status = True, "cancelling"
        return web.json_response({})

    def end_one(self, batch: Batch, name: str, body: dict[str, Any], fate: Fate) -> None:
        codes = {400: 3, 401: 16, 403: 7, 404: 5, 429: 8, 500: 13, 503: 14}
        if fate == "done":
            batch.counts["completed"] += 1
            reply = self.reply_to(name, body, batch)
            result: dict[str, Any] = {"response": self.as_response(reply)}
        elif fate == "missing":
            return
        else:
            code = codes[fate] if isinstance(fate, int) else 4 if fate == "timed out" else 1
            result = {"error": {"code": code, "message": "The server had an error."}}
        batch.lines.append({**result, "metadata": {"key": name}})

    def as_response(self, reply: dict[str, Any]) -> dict[str, Any]:
        usage = reply["usage"]
        ends = {"stop": "STOP", "length": "MAX_TOKENS", "content_filter": "SAFETY"}
        candidates = [
            {
                "content": {"role": "model", "parts": [{"text": choice["message"]["content"] or ""}]},
                "finishReason": ends[choice["finish_reason"]],
                "index": choice["index"],
            }
            for choice in reply["choices"]
        ]
        counted = {
            "promptTokenCount": usage["prompt_tokens"],
            "candidatesTokenCount": usage["completion_tokens"],
            "totalTokenCount": usage["prompt_tokens"] + usage["completion_tokens"],
        }
        return {"candidates": candidates, "usageMetadata": counted, "modelVersion": reply["model"]}

    def told(self, batch: Batch) -> dict[str, Any]:
        states = {
            "completed": "SUCCEEDED",
            "expired": "EXPIRED",
            "cancelled": "CANCELLED",
            "failed": "FAILED",
        }
        counts = {"requestCount": str(len(batch.requests))}
        if batch.counts["completed"]:  # a count of zero is left out
            counts["successfulRequestCount"] = str(batch.counts["completed"])
        made = datetime.fromtimestamp(batch.made_at, UTC).isoformat().replace("+00:00", "Z")
        about = {
            "@type": "type.googleapis.com/google.ai.generativelanguage.v1main.GenerateContentBatch",
            "name": f"batches/{batch.id}",
            "displayName": (batch.metadata or {}).get("manyfew", ""),
            "createTime": made,
            "state": f"BATCH_STATE_{states.get(batch.status, 'RUNNING')}",
            "batchStats": counts,
        }
        told: dict[str, Any] = {"name": f"batches/{batch.id}", "metadata": about, "done": batch.over}
        if batch.failure is not None:
            code = 8 if batch.failure[0] == "token_limit_exceeded" else 3
            told["error"] = {"code": code, "message": batch.failure[1]}
        elif batch.cancelled and batch.over:
            told["error"] = {"code": 1, "message": "The operation was cancelled."}
        return told


def google_batches(**settings: Any) -> BatchDesk:
    """A vendor with Google's batches, beside its single requests."""
    desk = GoogleDesk(openai_vendor(**settings), ChatWire())
    desk.mount()
    return desk


def openai_batches(api: str = "chat", **settings: Any) -> BatchDesk:
    """A vendor with OpenAI's files and batches, beside its single requests."""
    if api == "responses":
        desk = OpenAIDesk(responses_vendor(**settings), ResponsesWire())
    else:
        desk = OpenAIDesk(openai_vendor(**settings), ChatWire())
    desk.mount()
    return desk


def anthropic_batches(**settings: Any) -> BatchDesk:
    """A vendor with Anthropic's message batches, beside its single requests."""
    desk = AnthropicDesk(anthropic_vendor(**settings), MessagesWire())
    desk.mount()
    return desk
