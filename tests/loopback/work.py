"""What a loopback vendor is asked, makes and bills, the same for every wire."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from tests.loopback.streams import Event
    from tests.loopback.vendor import Vendor


@dataclass(frozen=True, kw_only=True)
class Asked:
    """What a request asks for, the same for every wire. `prompt` is all its text."""

    model: str
    prompt: str
    n: int
    max_tokens: int
    body: dict[str, Any]

    @property
    def streamed(self) -> bool:
        return bool(self.body.get("stream"))


@dataclass(frozen=True, kw_only=True)
class Sample:
    text: str
    reasoning: str | None = None
    finish_reason: str = "stop"
    refusal: str | None = None
    tokens: int = 0
    """All output, reasoning included."""
    reasoning_tokens: int = 0


@dataclass(frozen=True, kw_only=True)
class Job:
    """Work done."""

    asked: Asked
    samples: list[Sample]
    input_tokens: int
    cached_tokens: int
    request_id: str
    number: int

    @property
    def output_tokens(self) -> int:
        return sum(sample.tokens for sample in self.samples)


@dataclass(frozen=True, kw_only=True)
class Bill:
    request_id: str
    prompt: str
    samples: int
    input_tokens: int
    cached_tokens: int
    output_tokens: int
    pico: int
    fault: str | None = None


@dataclass(frozen=True, kw_only=True)
class Delivered:
    """A whole reply, and when it was begun and handed over, by a monotonic clock."""

    job: Job
    began: float
    at: float


@dataclass(frozen=True, kw_only=True)
class Seen:
    path: str
    headers: dict[str, str]
    body: dict[str, Any]
    at: float


class Wire(Protocol):
    path: str

    def read(self, body: dict[str, Any]) -> Asked: ...

    def write(self, job: Job, vendor: Vendor) -> dict[str, Any]: ...

    def events(self, body: dict[str, Any], job: Job, vendor: Vendor) -> list[Event]:
        """The same reply as the events of a stream."""
        ...

    def error(
        self, status: int, message: str, *, kind: str, code: str | None, param: str | None
    ) -> dict[str, Any]: ...


def count_tokens(text: str) -> int:
    """A token is four bytes, begun or whole."""
    return (len(text.encode()) + 3) // 4


def default_answer(prompt: str, index: int) -> str:
    """Deterministic, of varying length; ends in `#### D` with one digit D, so that one in ten is any given digit."""
    digest = hashlib.sha256(f"{index}\x00{prompt}".encode()).digest()
    return f"{'Let me think. ' * (digest[0] % 5)}#### {digest[1] % 10}"
