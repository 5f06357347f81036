"""The body of an agent's call, read once: what it asks for, and each field's own bytes. Pure."""

from __future__ import annotations

from hashlib import sha256
from typing import Any, cast

import msgspec

from orchestrator.gateway.wires import Wire
from providers.reading.lenient_json import as_objects

LARGEST_BODY = 64 << 20


class Refusal(Exception):  # noqa: N818 - reads as what it is
    """The gateway itself answers a call, without money. `kind`: the wire's word for it."""

    def __init__(
        self,
        message: str,
        *,
        status: int = 400,
        kind: str = "invalid_request_error",
        code: str | None = None,
    ) -> None:
        super().__init__(message)
        self.message = message
        self.status = status
        self.kind = kind
        self.code = code


class CallBody:
    """Raises Refusal where it is no JSON object."""

    def __init__(self, wire: Wire, raw: bytes) -> None:
        self.wire = wire
        self.raw = raw
        self.sha = sha256(raw).digest()
        try:
            self.fields = msgspec.json.decode(raw, type=dict[str, Any])
            self.raw_fields = msgspec.json.decode(raw, type=dict[str, msgspec.Raw])
        except (msgspec.DecodeError, ValueError, RecursionError) as error:
            raise Refusal(f"the body is no JSON object: {error}"[:200]) from error

    @property
    def model(self) -> str:
        asked = self.fields.get("model")
        return asked if isinstance(asked, str) else ""

    @property
    def streams(self) -> bool:
        return self.fields.get("stream") is True

    @property
    def asks_usage(self) -> bool:
        """Whether a chat stream is to end with its usage."""
        options = self.fields.get("stream_options")
        return isinstance(options, dict) and bool(cast("dict[str, Any]", options).get("include_usage"))

    @property
    def n(self) -> int:
        n = self.fields.get("n", 1) if self.wire.name == "chat" else 1
        if n is None:
            return 1
        if not isinstance(n, int) or isinstance(n, bool) or not 1 <= n <= 1024:
            raise Refusal("n must be a whole number from 1 on", code="invalid_n")
        return n

    @property
    def stated_max_tokens(self) -> int | None:
        stated: list[int] = []
        for name in self.wire.max_tokens:
            value = self.fields.get(name)
            if value is None:
                continue
            if not isinstance(value, int) or isinstance(value, bool) or value < 1:
                raise Refusal(f"{name} must be a whole number above 0")
            stated.append(value)
        return min(stated, default=None)

    @property
    def turns(self) -> list[Any]:
        """The conversation; a text is one turn."""
        turns = self.fields.get(self.wire.turns)
        if turns is None:
            return []
        return cast("list[Any]", turns) if isinstance(turns, list) else [turns]

    @property
    def tools(self) -> list[dict[str, Any]]:
        tools = self.fields.get("tools")
        return as_objects(cast("list[Any]", tools)) if isinstance(tools, list) else []
