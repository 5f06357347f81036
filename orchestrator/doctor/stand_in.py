"""A vendor on 127.0.0.1 that costs nothing: its model runs the commands of a script with whatever tool an agent has for
that, then says that it is done. It speaks chat completions, responses and messages, whole and streamed.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Self, cast

from aiohttp import web

Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Run:
    """A command for the agent's tool."""

    command: str


Turn = Run | str
"""What the model says next: a text ends it."""
Script = Callable[[Sequence[str]], Turn]
"""From the outputs of the commands so far."""

SUBMIT = Run("echo COMPLETE_TASK_AND_SUBMIT_FINAL_OUTPUT")
"""How mini-swe-agent's model ends."""
_TOOLS = ("bash", "shell", "exec_command", "execute_bash", "local_shell", "terminal")


def steps(*turns: Turn) -> Script:
    """One turn after another; the last again and again."""
    return lambda outputs: turns[min(len(outputs), len(turns) - 1)]


class StandIn:
    """Use it as a context manager. `asked`: the bodies."""

    def __init__(self, script: Script) -> None:
        self.script = script
        self.asked: list[Json] = []
        self.root_url = ""
        self._runner: web.AppRunner | None = None

    @property
    def base_url(self) -> str:
        return f"{self.root_url}/v1"

    async def __aenter__(self) -> Self:
        app = web.Application(client_max_size=1 << 28)
        for path, wire in (("chat/completions", Chat), ("messages", Messages), ("responses", Responses)):
            app.router.add_post(f"/v1/{path}", self._route(wire))
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.2)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", 0, backlog=512).start()
        self.root_url = "http://{}:{}".format(*self._runner.addresses[0][:2])
        return self

    async def __aexit__(self, *_: object) -> None:
        assert self._runner is not None
        await self._runner.cleanup()

    def _route(self, wire: type[Wire]) -> Callable[[web.Request], Any]:
        async def handle(request: web.Request) -> web.StreamResponse:
            body = json.loads(await request.read())
            self.asked.append(body)
            return await self.answer(request, wire(body, len(self.asked)))

        return handle

    async def answer(self, request: web.Request, wire: Wire) -> web.StreamResponse:
        turn = self.script(wire.outputs())
        return await self.send(request, wire, turn, wire.usage(turn))

    async def send(
        self, request: web.Request, wire: Wire, turn: Turn, usage: tuple[int, int]
    ) -> web.StreamResponse:
        reply = wire.reply(turn, usage)
        if not wire.body.get("stream"):
            return web.json_response(reply)
        response = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
        await response.prepare(request)
        for name, event in wire.events(reply, usage):
            head = f"event: {name}\n" if name else ""
            data = event if isinstance(event, str) else json.dumps(event)
            await response.write(f"{head}data: {data}\n\n".encode())
        return response


class Wire:
    """One call. `number` tells it from others."""

    def __init__(self, body: Json, number: int) -> None:
        self.body = body
        self.number = number

    def outputs(self) -> list[str]:
        """Of the commands so far."""
        raise NotImplementedError

    def reply(self, turn: Turn, usage: tuple[int, int]) -> Json:
        raise NotImplementedError

    def events(self, reply: Json, usage: tuple[int, int]) -> Iterator[tuple[str, Json | str]]:
        raise NotImplementedError

    def most(self) -> int:
        """Output tokens that it may have."""
        names = ("max_completion_tokens", "max_output_tokens", "max_tokens")
        return next((self.body[name] for name in names if self.body.get(name)), 4096)

    def usage(self, turn: Turn) -> tuple[int, int]:
        size = len(json.dumps(self.body)) // 4
        return max(1, size), min(self.most(), max(1, len(said(turn)) // 4))

    def tool(self) -> tuple[str, Json]:
        """The tool that runs commands: by its name, else the first that takes a command."""
        tools = dict(self.tools())
        for name in [*(known for known in tools if known.lower() in _TOOLS), *tools]:
            if {"command", "cmd"} & set(_fields(tools[name])):
                return name, tools[name]
        return next(iter(tools.items()), ("bash", Json()))

    def tools(self) -> Iterator[tuple[str, Json]]:
        """Each tool with the schema of its arguments."""
        for tool in cast("list[Json]", self.body.get("tools") or []):
            inner = cast("Json", tool.get("function", tool))
            schema = cast("Json", inner.get("parameters") or inner.get("input_schema") or {})
            if "name" in inner:
                yield inner["name"], schema

    def arguments(self, turn: Run) -> tuple[str, Json]:
        name, schema = self.tool()
        fields = _fields(schema)
        field = "cmd" if "cmd" in fields and "command" not in fields else "command"
        listed = cast("Json", fields.get(field, {})).get("type") == "array"
        required = [one for one in cast("list[str]", schema.get("required") or []) if one != field]
        besides = {one: _anything(cast("Json", fields.get(one) or {})) for one in required}
        return name, {field: ["sh", "-c", turn.command] if listed else turn.command, **besides}


def _fields(schema: Json) -> Json:
    return schema.get("properties") or {}


def _anything(field: Json) -> object:
    """A value that this field takes, as any model would give one."""
    if field.get("enum"):
        return field["enum"][0]
    empty = {
        "boolean": False,
        "integer": 1,
        "number": 1,
        "array": list[object](),
        "object": dict[str, object](),
    }
    return empty.get(str(field.get("type")), "run")


class Chat(Wire):
    """Chat completions."""

    def outputs(self) -> list[str]:
        return [text_of(m["content"]) for m in self.body["messages"] if m["role"] == "tool"]

    def reply(self, turn: Turn, usage: tuple[int, int]) -> Json:
        message: Json = {"role": "assistant", "content": said(turn)}
        if isinstance(turn, Run):
            name, arguments = self.arguments(turn)
            function = {"name": name, "arguments": json.dumps(arguments)}
            message["tool_calls"] = [{"id": f"call_{self.number}", "type": "function", "function": function}]
        end = "tool_calls" if isinstance(turn, Run) else "stop"
        choice = {"index": 0, "message": message, "finish_reason": end}
        return {**self._head("chat.completion"), "choices": [choice], "usage": self._usage(usage)}

    def events(self, reply: Json, usage: tuple[int, int]) -> Iterator[tuple[str, Json | str]]:
        head, choice = self._head("chat.completion.chunk"), reply["choices"][0]
        delta = dict(choice["message"])
        delta["tool_calls"] = [{"index": 0, **call} for call in delta.get("tool_calls", [])]
        yield "", {**head, "choices": [{"index": 0, "delta": delta, "finish_reason": None}]}
        yield "", {**head, "choices": [{"index": 0, "delta": {}, "finish_reason": choice["finish_reason"]}]}
        if cast("Json", self.body.get("stream_options") or {}).get("include_usage"):
            yield "", {**head, "choices": [], "usage": self._usage(usage)}
        yield "", "[DONE]"

    def _head(self, kind: str) -> Json:
        return {"id": f"chatcmpl-{self.number}", "object": kind, "created": 1, "model": self.body["model"]}

    def _usage(self, usage: tuple[int, int]) -> Json:
        return {"prompt_tokens": usage[0], "completion_tokens": usage[1], "total_tokens": sum(usage)}


class Messages(Wire):
    """Anthropic's."""

    def outputs(self) -> list[str]:
        parts = [p for m in self.body["messages"] if isinstance(m["content"], list) for p in m["content"]]
        return [text_of(part.get("content", "")) for part in parts if part["type"] == "tool_result"]

    def reply(self, turn: Turn, usage: tuple[int, int]) -> Json:
        content: list[Json] = [{"type": "text", "text": said(turn)}]
        if isinstance(turn, Run):
            name, arguments = self.arguments(turn)
            content.append(
                {"type": "tool_use", "id": f"toolu_{self.number}", "name": name, "input": arguments}
            )
        return {
            "id": f"msg_{self.number}",
            "type": "message",
            "role": "assistant",
            "model": self.body["model"],
            "content": content,
            "stop_reason": "tool_use" if isinstance(turn, Run) else "end_turn",
            "stop_sequence": None,
            "usage": {"input_tokens": usage[0], "output_tokens": usage[1]},
        }

    def events(self, reply: Json, usage: tuple[int, int]) -> Iterator[tuple[str, Json | str]]:
        begun: Json = {**reply, "content": [], "stop_reason": None}
        yield (
            "message_start",
            {"type": "message_start", "message": {**begun, "usage": {**reply["usage"], "output_tokens": 1}}},
        )
        for index, block in enumerate(reply["content"]):
            text = block["type"] == "text"
            empty: Json = {**block, "text": ""} if text else {**block, "input": {}}
            delta = (
                {"type": "text_delta", "text": block["text"]}
                if text
                else {"type": "input_json_delta", "partial_json": json.dumps(block["input"])}
            )
            yield (
                "content_block_start",
                {"type": "content_block_start", "index": index, "content_block": empty},
            )
            yield "content_block_delta", {"type": "content_block_delta", "index": index, "delta": delta}
            yield "content_block_stop", {"type": "content_block_stop", "index": index}
        end = {"stop_reason": reply["stop_reason"], "stop_sequence": None}
        yield "message_delta", {"type": "message_delta", "delta": end, "usage": {"output_tokens": usage[1]}}
        yield "message_stop", {"type": "message_stop"}


class Responses(Wire):
    """OpenAI's responses."""

    def outputs(self) -> list[str]:
        given = self.body["input"]
        items = cast("list[Json]", given if isinstance(given, list) else [])
        return [
            text_of(item["output"]) for item in items if str(item.get("type", "")).endswith("_call_output")
        ]

    def reply(self, turn: Turn, usage: tuple[int, int]) -> Json:
        text: Json = {"type": "output_text", "text": said(turn), "annotations": []}
        items: list[Json] = [
            {
                "type": "message",
                "id": f"msg_{self.number}",
                "role": "assistant",
                "status": "completed",
                "content": [text],
            }
        ]
        if isinstance(turn, Run):
            name, arguments = self.arguments(turn)
            call = {"name": name, "call_id": f"call_{self.number}", "arguments": json.dumps(arguments)}
            items.append({"type": "function_call", "id": f"fc_{self.number}", "status": "completed", **call})
        details = {
            "input_tokens_details": {"cached_tokens": 0},
            "output_tokens_details": {"reasoning_tokens": 0},
        }
        counts = {"input_tokens": usage[0], "output_tokens": usage[1], "total_tokens": sum(usage)}
        return {
            "id": f"resp_{self.number}",
            "object": "response",
            "created_at": 1,
            "status": "completed",
            "model": self.body["model"],
            "output": items,
            "usage": {**counts, **details},
        }

    def events(self, reply: Json, usage: tuple[int, int]) -> Iterator[tuple[str, Json | str]]:
        begun: Json = {**reply, "status": "in_progress", "output": [], "usage": None}
        yield "response.created", {"type": "response.created", "sequence_number": 0, "response": begun}
        number = 0
        for index, item in enumerate(reply["output"]):
            for kind in ("added", "done"):
                number += 1
                name = f"response.output_item.{kind}"
                yield name, {"type": name, "sequence_number": number, "output_index": index, "item": item}
        yield (
            "response.completed",
            {"type": "response.completed", "sequence_number": number + 1, "response": reply},
        )


def said(turn: Turn) -> str:
    return f"Run {turn.command}" if isinstance(turn, Run) else turn


def text_of(content: Any) -> str:
    """Of a text, or of the parts of one."""
    if isinstance(content, str):
        return content
    parts = cast("list[Mapping[str, Any]]", content if isinstance(content, list) else [])
    return "".join(str(part.get("text", "")) for part in parts)
