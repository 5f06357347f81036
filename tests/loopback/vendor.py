"""A vendor on 127.0.0.1 with real HTTP, real faults, and a bill of its own. For any wire.

    async with Vendor([ChatWire(), CompletionsWire()]) as vendor:   # or openai_wire.openai_vendor()
        ... talk to vendor.base_url ...
        assert vendor.billed_pico <= budget

What a test may set, before or while it runs (all plain attributes):
    answer          (prompt text, i) -> str or Sample; i counts the samples ever asked of that prompt from 0, so the
                    same question again continues where the last request ended. Deterministic by default.
    prices          dollars per million tokens: {"input", "cached_input", "output"} as strings or Decimals
    latency         seconds before the reply, or a callable of Asked
    held            while it is set, no reply leaves
    key             the key asked for (None: any); another one gets a 401 that echoes it
    models          the models known (None: any); another one gets a 404
    n_limit         the largest n taken; more gets a 400 in OpenAI's words
    refused         parameters that get a 400 `unsupported_parameter`
    context         tokens of prompt and reply together; more gets a 400 `context_length_exceeded`
    rate            (requests, seconds): more in any such span get 429s with Retry-After
    cached_share    the share of the prompt that counts as read from a cache
    faults          a queue of faults.Fault: each request takes the next one (None in it: no fault)
    fault_rates     {Fault: probability}, drawn by `seed` where the queue is empty
    token_ids       answers `return_token_ids` as vLLM does; flavour  "openai" or "vllm" (headers, error bodies)
    service_tier    what replies name, or None
    prompt_tokens   Asked -> the tokens that the prompt counts as
    rewrite         (reply, Job) -> the reply as it is sent, whole or as a stream: what it says of itself may be false
    bill            Job -> pico-dollars, where the bill is another than by `prices`
    late_events     (reply, Job) -> JSON objects that a stream sends once all else was said, before its last event
    streams         whether a request that says `stream` gets a stream; else it is ignored. always_streams: so does one
                    that does not say it, with usage; stream_type: the Content-Type of streams
    says            Asked -> Said (any status, body and headers, in place of a reply that is worked for) or None

What a test may read:
    base_url (ends in /v1), root_url; seen: every request (path, headers, JSON body); billed: every Bill; billed_pico;
    delivered: every reply without a fault that went out whole to a client that was still there;
    in_flight, most_in_flight, connections (TCP connections ever made), refused_count

A request that says `stream` is answered by the events of the same reply (tests/loopback/streams.py).

A wire is a class with `path`, `read(body) -> Asked`, `write(job, vendor) -> dict`, `events(body, job, vendor)` and
`error(...) -> dict`;
another file can mount its own: `vendor.mount(MyWire())` before entering the context.
"""

from __future__ import annotations

import asyncio
import json
import threading
import time
from collections import Counter, deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from decimal import Decimal
from random import Random
from typing import Any, Self

from aiohttp import web

from tests.loopback import sending
from tests.loopback.faults import Fault
from tests.loopback.work import Asked, Bill, Delivered, Job, Sample, Seen, Wire, count_tokens, default_answer

__all__ = [
    "Asked",
    "Bill",
    "Delivered",
    "Job",
    "Said",
    "Sample",
    "Seen",
    "Vendor",
    "Wire",
    "count_tokens",
    "default_answer",
    "key_of",
]


@dataclass(frozen=True)
class Said:
    """An answer as it is sent: a refusal in a vendor's own words, or a 200 that is an error."""

    status: int
    body: Any
    headers: dict[str, str] = field(default_factory=dict[str, str])


@dataclass
class Vendor:
    wires: Iterable[Wire] = ()
    answer: Callable[[str, int], str | Sample] = default_answer
    prices: dict[str, str] = field(
        default_factory=lambda: {"input": "5", "cached_input": "2.5", "output": "15"}
    )
    latency: float | Callable[[Asked], float] = 0.0
    held: threading.Event = field(default_factory=threading.Event)
    key: str | None = None
    models: tuple[str, ...] | None = None
    n_limit: int = 128
    refused: frozenset[str] = frozenset()
    context: int = 1 << 40
    rate: tuple[int, float] | None = None
    cached_share: float = 0.0
    faults: deque[Fault | None] = field(default_factory=deque)
    fault_rates: dict[Fault, float] = field(default_factory=dict)
    seed: int = 0
    token_ids: bool = False
    flavour: str = "openai"
    service_tier: str | None = None
    prompt_tokens: Callable[[Asked], int] | None = None
    rewrite: Callable[[dict[str, Any], Job], dict[str, Any]] | None = None
    bill: Callable[[Job], int] | None = None
    late_events: Callable[[dict[str, Any], Job], list[dict[str, Any]]] | None = None
    streams: bool = True
    always_streams: bool = False
    stream_type: str = "text/event-stream"
    says: Callable[[Asked], Said | None] | None = None

    seen: list[Seen] = field(default_factory=list, init=False)
    billed: list[Bill] = field(default_factory=list, init=False)
    delivered: list[Delivered] = field(default_factory=list, init=False)
    in_flight: int = field(default=0, init=False)
    most_in_flight: int = field(default=0, init=False)
    refused_count: int = field(default=0, init=False)
    closing: asyncio.Event = field(default_factory=asyncio.Event, init=False)

    def __post_init__(self) -> None:
        self.faults = deque(self.faults)
        self._asked: Counter[str] = Counter()
        self._random = Random(self.seed)
        self.random = Random(self.seed)  # how streams are cut
        self._served: deque[float] = deque()
        self._transports: set[int] = set()
        self._kept: list[Any] = []
        self.app = web.Application(client_max_size=1 << 30)
        for wire in self.wires:
            self.mount(wire)
        self._runner: web.AppRunner | None = None
        self.root_url = ""

    # ---- reading

    @property
    def base_url(self) -> str:
        return f"{self.root_url}/v1"

    @property
    def billed_pico(self) -> int:
        return sum(bill.pico for bill in self.billed)

    @property
    def connections(self) -> int:
        return len(self._transports)

    # ---- running

    def mount(self, wire: Wire) -> None:
        """Serves one more wire; before the context is entered."""

        async def handle(request: web.Request) -> web.StreamResponse:
            return await self._handle(request, wire)

        self.app.router.add_post(wire.path, handle)

    async def __aenter__(self) -> Self:
        self._runner = web.AppRunner(self.app, access_log=None, shutdown_timeout=0.2)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", 0, backlog=4096)
        await site.start()
        host, port = self._runner.addresses[0][:2]
        self.root_url = f"http://{host}:{port}"
        return self

    async def __aexit__(self, *_: object) -> None:
        self.closing.set()
        assert self._runner is not None
        await self._runner.cleanup()

    # ---- one request

    async def _handle(self, request: web.Request, wire: Wire) -> web.StreamResponse:
        transport = request.transport
        if transport is not None and id(transport) not in self._transports:
            self._transports.add(id(transport))
            self._kept.append(transport)  # so that its id is never given out again
        body: dict[str, Any] = json.loads(await request.read())
        now = time.monotonic()
        self.seen.append(Seen(path=request.path, headers=dict(request.headers), body=body, at=now))
        self.in_flight += 1
        self.most_in_flight = max(self.most_in_flight, self.in_flight)
        try:
            return await self._serve(request, wire, wire.read(body), f"req_{len(self.seen):08x}")
        except ConnectionError:
            return web.Response()  # the client has gone: nobody hears what is answered
        finally:
            self.in_flight -= 1

    async def _serve(
        self, request: web.Request, wire: Wire, asked: Asked, request_id: str
    ) -> web.StreamResponse:
        began = time.monotonic()
        if self.says is not None and (said := self.says(asked)) is not None:
            return web.json_response(said.body, status=said.status, headers=said.headers)
        refusal = self._refusal(request, asked)
        if refusal is not None:
            status, message, kind, code, param = refusal
            return self.refuse(wire, request_id, status, message, kind=kind, code=code, param=param)
        fault = self._next_fault()
        if fault is not None and not fault.billed:
            return await sending.send_fault(self, wire, request, fault, request_id, None)
        delay = self.latency(asked) if callable(self.latency) else self.latency
        if delay:
            await asyncio.sleep(delay)
        while self.held.is_set():  # noqa: ASYNC110  tests set it from another thread
            await asyncio.sleep(0.01)
        job = self._work(asked, request_id, fault)
        self._bill(job, fault)
        if fault is not None:
            return await sending.send_fault(self, wire, request, fault, request_id, job)
        if (asked.streamed and self.streams) or self.always_streams:
            response = await sending.send_stream(self, wire, request, request_id, job)
        else:
            response = self.reply(self.reply_body(wire, job), request_id)
            await response.prepare(request)
        await response.write_eof()
        if request.transport is not None and not request.transport.is_closing():
            self.delivered.append(Delivered(job=job, began=began, at=time.monotonic()))
        return response

    def _refusal(
        self, request: web.Request, asked: Asked
    ) -> tuple[int, str, str, str | None, str | None] | None:
        """(status, message, type, code, param) of what this vendor doesn't take; None: it takes it."""
        invalid = "invalid_request_error"
        sent_key = key_of(request)
        if self.key is not None and sent_key != self.key:
            return 401, f"Incorrect API key provided: {sent_key}.", invalid, "invalid_api_key", None
        if self.models is not None and asked.model not in self.models:
            return 404, f"The model `{asked.model}` does not exist.", invalid, "model_not_found", None
        for name in asked.body:
            if name in self.refused:
                message = f"Unsupported parameter: '{name}' is not supported with this model."
                return 400, message, invalid, "unsupported_parameter", name
        if asked.n > self.n_limit:
            message = (
                f"Invalid 'n': integer above maximum value. Expected a value <= {self.n_limit}, "
                f"but got {asked.n} instead."
            )
            return 400, message, invalid, "integer_above_max_value", "n"
        tokens = self._prompt_tokens(asked) + asked.max_tokens
        if tokens > self.context:
            message = (
                f"This model's maximum context length is {self.context} tokens. However, you requested {tokens} "
                f"tokens ({tokens - asked.max_tokens} in the messages, {asked.max_tokens} in the completion)."
            )
            return 400, message, invalid, "context_length_exceeded", "messages"
        return self._rate_refusal()

    def _rate_refusal(self) -> tuple[int, str, str, str | None, str | None] | None:
        if self.rate is None:
            return None
        count, span = self.rate
        now = time.monotonic()
        while self._served and self._served[0] <= now - span:
            self._served.popleft()
        if len(self._served) >= count:
            wait = self._served[0] + span - now
            message = f"Rate limit reached: Limit {count}, Used {count}. Please try again in {wait:.3f}s."
            return 429, message, "requests", "rate_limit_exceeded", None
        self._served.append(now)
        return None

    def _next_fault(self) -> Fault | None:
        if self.faults:
            return self.faults.popleft()
        draw = self._random.random()
        for fault, probability in self.fault_rates.items():
            if draw < probability:
                return fault
            draw -= probability
        return None

    def _prompt_tokens(self, asked: Asked) -> int:
        return count_tokens(asked.prompt) + 7 if self.prompt_tokens is None else self.prompt_tokens(asked)

    def _work(self, asked: Asked, request_id: str, fault: Fault | None) -> Job:
        first = self._asked[asked.prompt]
        self._asked[asked.prompt] += asked.n
        samples = [self._sample(asked, first + i) for i in range(asked.n)]
        if fault is not None and fault.kind == "too much output":
            last = samples[-1]
            samples[-1] = Sample(text=last.text, tokens=asked.n * asked.max_tokens + 1)
        if fault is not None and fault.kind == "surplus":
            samples.append(self._sample(asked, first + asked.n))
        if fault is not None and fault.kind == "missing":
            samples.pop()
        tokens = self._prompt_tokens(asked)
        if fault is not None and fault.kind == "too much input":
            tokens += int(fault.value or 0)
        return Job(
            asked=asked,
            samples=samples,
            input_tokens=tokens,
            cached_tokens=int(tokens * self.cached_share),
            request_id=request_id,
            number=len(self.billed),
        )

    def _sample(self, asked: Asked, index: int) -> Sample:
        made = self.answer(asked.prompt, index)
        sample = made if isinstance(made, Sample) else Sample(text=made)
        thought = count_tokens(sample.reasoning or "")
        text, room = sample.text, asked.max_tokens - thought
        finish = sample.finish_reason
        if count_tokens(text) > room:
            text, finish = text.encode()[: max(0, room) * 4].decode("utf-8", "ignore"), "length"
        tokens = sample.tokens or max(1, count_tokens(text) + thought + count_tokens(sample.refusal or ""))
        return Sample(
            text=text,
            reasoning=sample.reasoning,
            finish_reason=finish,
            refusal=sample.refusal,
            tokens=tokens,
            reasoning_tokens=sample.reasoning_tokens or thought,
        )

    def _bill(self, job: Job, fault: Fault | None) -> None:
        rates = {name: int(Decimal(usd) * 10**6) for name, usd in self.prices.items()}  # pico-dollars a token
        fresh = job.input_tokens - job.cached_tokens
        pico = (
            fresh * rates["input"]
            + job.cached_tokens * rates.get("cached_input", rates["input"])
            + job.output_tokens * rates["output"]
        )
        self.billed.append(
            Bill(
                request_id=job.request_id,
                prompt=job.asked.prompt,
                samples=len(job.samples),
                input_tokens=job.input_tokens,
                cached_tokens=job.cached_tokens,
                output_tokens=job.output_tokens,
                pico=pico if self.bill is None else self.bill(job),
                fault=fault.kind if fault else None,
            )
        )

    # ---- answering

    def reply_body(self, wire: Wire, job: Job) -> dict[str, Any]:
        body = wire.write(job, self)
        return body if self.rewrite is None else self.rewrite(body, job)

    def reply(self, body: dict[str, Any], request_id: str) -> web.Response:
        return web.Response(
            body=json.dumps(body).encode(), content_type="application/json", headers=self.headers(request_id)
        )

    def refuse(
        self,
        wire: Wire,
        request_id: str,
        status: int,
        message: str,
        *,
        kind: str = "invalid_request_error",
        code: str | None = None,
        param: str | None = None,
        headers: dict[str, str] | None = None,
    ) -> web.Response:
        self.refused_count += 1
        if status == 429 and headers is None and self.rate is not None and self._served:
            wait = self._served[0] + self.rate[1] - time.monotonic()
            headers = {
                "Retry-After": str(max(1, round(wait + 0.5))),
                "retry-after-ms": str(max(1, int(wait * 1000))),
            }
        return web.Response(
            status=status,
            body=json.dumps(wire.error(status, message, kind=kind, code=code, param=param)).encode(),
            content_type="application/json",
            headers={**self.headers(request_id), **(headers or {})},
        )

    def headers(self, request_id: str) -> dict[str, str]:
        """The headers of OpenAI's replies; vLLM sends none of them."""
        if self.flavour == "vllm":
            return {}
        headers = {
            "x-request-id": request_id,
            "openai-processing-ms": "12",
            "openai-version": "2020-10-01",
            "openai-organization": "org-loopback",
        }
        if self.rate is not None:
            count, span = self.rate
            headers["x-ratelimit-limit-requests"] = str(count)
            headers["x-ratelimit-remaining-requests"] = str(count - len(self._served))
            headers["x-ratelimit-reset-requests"] = f"{span:g}s"
        return headers


def key_of(request: web.Request) -> str:
    """The key as sent, by either vendor's header."""
    return request.headers.get("Authorization", "").removeprefix("Bearer ") or request.headers.get(
        "x-api-key", ""
    )
