"""A vendor on 127.0.0.1 whose model acts: the stand-in of `manyfew doctor`, with faults and a bill of its own.

async with ScriptedVendor(fixes("calc.py", "a - b", "a + b")) as vendor: ...
"""

from __future__ import annotations

import asyncio
import json
from collections import deque
from collections.abc import Iterable

from aiohttp import web

from orchestrator.doctor.stand_in import SUBMIT, Run, Script, StandIn, Turn, Wire, said, steps

__all__ = ["SUBMIT", "Run", "Script", "ScriptedVendor", "Turn", "fixes", "said", "steps"]


def fixes(file: str, wrong: str, right: str, *, end: Turn = SUBMIT) -> Script:
    return steps(Run(f"cat {file}"), Run(f"sed -i 's/{wrong}/{right}/' {file}"), end)


class ScriptedVendor(StandIn):
    """`faults`: each call takes the next: 429, 500, reset, cut (half a reply), hang; None: none. `billed`: (input,
    output) tokens of each reply that was worked for; `headers`: of each call."""

    def __init__(
        self,
        script: Script,
        *,
        input_usd: int = 2,
        output_usd: int = 10,
        latency_s: float = 0.0,
        key: str | None = None,
        faults: Iterable[str | None] = (),
        tokens: int | None = None,
    ) -> None:
        super().__init__(script)
        self.input_usd, self.output_usd = input_usd, output_usd
        self.latency_s, self.key = latency_s, key
        self.faults = deque(faults)
        self.tokens = tokens
        """Output tokens of each reply, if stated."""
        self.billed: list[tuple[int, int]] = []
        self.headers: list[dict[str, str]] = []
        self.most_at_once = self._at_once = 0
        self.over = asyncio.Event()

    async def __aexit__(self, *about: object) -> None:
        self.over.set()
        await super().__aexit__(*about)

    @property
    def billed_pico(self) -> int:
        return sum(i * self.input_usd + o * self.output_usd for i, o in self.billed) * 10**6

    async def answer(self, request: web.Request, wire: Wire) -> web.StreamResponse:
        self._at_once += 1
        self.most_at_once = max(self.most_at_once, self._at_once)
        try:
            return await self._faulty(request, wire)
        finally:
            self._at_once -= 1

    async def _faulty(self, request: web.Request, wire: Wire) -> web.StreamResponse:
        self.headers.append(dict(request.headers))
        fault = self.faults.popleft() if self.faults else None
        key = request.headers.get("x-api-key") or request.headers.get("Authorization", "")[7:]
        if self.key is not None and key != self.key:
            error = {"message": f"Incorrect API key provided: {key}", "type": "invalid_request_error"}
            return web.json_response({"error": {**error, "code": "invalid_api_key"}}, status=401)
        if fault in ("429", "500"):
            error = {"message": "try again", "type": "server_error", "code": None}
            return web.json_response({"error": error}, status=int(fault), headers={"Retry-After": "0"})
        assert request.transport is not None
        if fault == "reset":
            request.transport.abort()
            return web.Response()
        await asyncio.sleep(self.latency_s)
        turn = self.script(wire.outputs())
        usage = wire.usage(turn)
        if self.tokens is not None:
            usage = (usage[0], min(wire.most(), self.tokens))
        self.billed.append(usage)
        if fault == "hang":
            await self.over.wait()
        if fault == "cut":
            data = json.dumps(wire.reply(turn, usage)).encode()
            response = web.StreamResponse(headers={"Content-Length": str(len(data))})
            await response.prepare(request)
            await response.write(data[: len(data) // 2])
            request.transport.abort()
            return response
        return await self.send(request, wire, turn, usage)
