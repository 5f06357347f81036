"""The three wires that agents speak: where each has its fields, how it says an error, what keeps its clients waiting.
Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import msgspec

WireName = Literal["chat", "responses", "messages"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Wire:
    """One wire."""

    name: WireName
    path: str
    max_tokens: tuple[str, ...]
    """Its fields that bound the output; the first is put in where the agent states none."""
    turns: str
    """The field that holds the conversation."""
    fields: frozenset[str]
    """Fields that say what is asked for; others must be known of the vendor."""
    tools: frozenset[str]
    """Kinds of tools that the agent runs itself …"""
    tool_prefixes: tuple[str, ...] = ()
    """… or the beginnings of their dated names."""
    keep_alive: bytes
    """What a client of a stream takes without a word."""

    def error(self, message: str, *, kind: str, code: str | None = None) -> bytes:
        """An error body of this wire."""
        if self.name == "messages":
            return msgspec.json.encode({"type": "error", "error": {"type": kind, "message": message}})
        return msgspec.json.encode(
            {"error": {"message": message, "type": kind, "param": None, "code": code or kind}}
        )

    def error_event(self, body: bytes) -> bytes:
        """The same inside a stream that has begun."""
        return (b"event: error\n" if self.name != "chat" else b"") + b"data: " + body + b"\n\n"


_MESSAGES = """
    model messages system tools tool_choice stream max_tokens stop_sequences temperature top_p top_k thinking
    cache_control context_management service_tier
"""
_SAMPLING = "temperature top_p top_k min_p seed stop presence_penalty frequency_penalty repetition_penalty"
CHAT = Wire(
    name="chat",
    path="/v1/chat/completions",
    max_tokens=("max_tokens", "max_completion_tokens"),
    turns="messages",
    fields=frozenset(
        f"model messages tools tool_choice functions function_call stream stream_options n max_tokens "
        f"max_completion_tokens service_tier {_SAMPLING}".split()
    ),
    tools=frozenset({"function", "custom"}),
    keep_alive=b": waiting\n\n",
)
RESPONSES = Wire(
    name="responses",
    path="/v1/responses",
    max_tokens=("max_output_tokens",),
    turns="input",
    fields=frozenset(
        f"model input instructions tools tool_choice stream stream_options max_output_tokens max_tool_calls "
        f"parallel_tool_calls service_tier background client_metadata client_metadata {_SAMPLING}".split()
    ),
    tools=frozenset({"function", "custom", "local_shell", "shell", "apply_patch"}),
    keep_alive=b": waiting\n\n",
)
MESSAGES = Wire(
    name="messages",
    path="/v1/messages",
    max_tokens=("max_tokens",),
    turns="messages",
    fields=frozenset(_MESSAGES.split()),
    tools=frozenset({"custom"}),
    tool_prefixes=("bash_", "text_editor_", "memory_"),
    keep_alive=b'event: ping\ndata: {"type": "ping"}\n\n',
)
WIRES = {wire.path: wire for wire in (CHAT, RESPONSES, MESSAGES)}
BY_NAME: dict[str, Wire] = {wire.name: wire for wire in (CHAT, RESPONSES, MESSAGES)}


def wires_of(provider: str, api: str) -> tuple[Wire, ...]:
    """The wires that a model of this provider can be asked on."""
    if provider == "anthropic":
        return (MESSAGES,)
    if provider in ("openai", "vllm") or api == "responses":
        return (CHAT, RESPONSES)
    return (CHAT,)
