"""What a request is and what a reply is, the same for every wire."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Literal, Protocol

import msgspec


class Message(msgspec.Struct, frozen=True):
    """One chat message; `content` is plain text."""

    role: Literal["system", "user", "assistant"]
    content: str


class Prompt(msgspec.Struct, frozen=True):
    """What is asked: chat `messages`, or raw `text` for the completions wire. Exactly one is set."""

    messages: tuple[Message, ...] = ()
    text: str | None = None

    @property
    def parts(self) -> tuple[str, ...]:
        """Every text part that a vendor may count as input."""
        return (self.text,) if self.text is not None else tuple(m.content for m in self.messages)

    @property
    def size_bytes(self) -> int:
        """UTF-8 bytes of all parts: a bound on their tokens, since no tokenizer makes more tokens than bytes."""
        return sum(len(part.encode()) for part in self.parts)


class Request(msgspec.Struct, frozen=True, kw_only=True):
    """One HTTP attempt: `n` samples of one problem."""

    model: str
    """The vendor's name of the model."""
    prompt: Prompt
    n: int
    max_tokens: int
    """Bound on the output tokens of one sample."""
    params: Mapping[str, Any] = msgspec.field(default_factory=dict[str, Any])
    """Stated sampling parameters by OpenAI's names (temperature, top_p, top_k, stop …); nothing else is sent."""
    extra: Mapping[str, Any] = msgspec.field(default_factory=dict[str, Any])
    """Vendor-specific fields, passed as they are."""
    timeout_s: float
    """From writing the request to the end of the reply."""
    problem: str
    """The problem's id; the wire never sees it, the tape of `replay` needs it."""
    indices: tuple[int, ...] = ()
    """The sample indices that this request is to bring, `n` of them."""
    leaves: Callable[[], None] | None = None
    """Called when its first byte is about to leave; what it raises keeps the request here, and free."""
    cached: bool = False
    """Whether to use the vendor's cache of prompts, where it must be asked for."""


class Usage(msgspec.Struct, frozen=True, kw_only=True):
    """Billed tokens, normalised once for all wires. `input` is all input and cached/cache_write are parts of it;
    `output` is all output and `reasoning` is a part of it. `cache_write` counts writes of every lifetime,
    `cache_write_1h` those of one hour among them."""

    input: int
    output: int
    cached: int = 0
    cache_write: int = 0
    cache_write_1h: int = 0
    reasoning: int = 0


class Choice(msgspec.Struct, frozen=True, kw_only=True):
    """One sample of a reply."""

    index: int
    """Position in the reply, 0 … n-1, each at most once."""
    text: str
    reasoning: str | None = None
    """Thinking text, kept apart from the answer."""
    finish_reason: str | None = None
    """stop | length | refusal | content_filter | tool_calls | … (OpenAI's words, Anthropic's mapped onto them)."""
    output_tokens: int | None = None
    """The sample's own tokens where the server tells them (vLLM's token ids, or a reply of one sample)."""
    reasoning_tokens: int | None = None
    broken_off: bool = False
    """The server itself broke it off: its tokens are paid, but it is no sample."""
    latency_s: float | None = None
    """Where a tape knows each sample's own; else the reply's holds."""


class StatedCost(msgspec.Struct, frozen=True, kw_only=True):
    """What a reply says it cost. `pico`: pico-dollars, rounded up; None if `said` is no sum of money."""

    name: str
    """The field that says it, such as usage.cost."""
    said: str
    pico: int | None


class Reply(msgspec.Struct, frozen=True, kw_only=True):
    """A 2xx answer, whole. `usage` is None if the server sent none or nonsense: the outcome is then presumed."""

    choices: tuple[Choice, ...]
    usage: Usage | None
    model: str | None = None
    """The model the vendor says it was."""
    request_id: str | None = None
    """The vendor's own id of the request."""
    service_tier: str | None = None
    inference_geo: str | None = None
    speed: str | None = None
    """Anthropic's `usage.speed`: standard, or fast, which costs more and is never asked for."""
    stated_cost: StatedCost | None = None
    server_version: str | None = None
    rate_headers: Mapping[str, str] = msgspec.field(default_factory=dict[str, str])
    """The vendor's rate-limit headers, lower-cased."""
    latency_s: float = 0.0
    """From writing the request to the end of the reply."""
    of_another_api: str | None = None
    """It is billed, and in the shape of another API than the one that was asked: which one, and what asks that."""
    notes: tuple[str, ...] = ()
    """What was wrong with the reply and was mended, such as "dropped from the reply, as more than was asked for: 2"."""


class Provider(Protocol):
    """One endpoint of one wire. A model with several servers has several of these."""

    @property
    def server(self) -> str:
        """The base URL, or what stands for it: goes into the ledger, so it never holds a key."""
        ...

    async def send(self, request: Request, /) -> Reply:
        """Makes exactly one HTTP attempt (no retries of its own); raises ProviderError and nothing else.
        Cancellation passes through."""
        ...

    async def aclose(self) -> None:
        """Closes its connections."""
        ...
