"""A reply on its way to the agent, and what of it the ledger keeps; and a refusal in the wire's own form."""

from __future__ import annotations

from collections.abc import Sequence

from orchestrator.gateway.body import CallBody, Refusal
from orchestrator.gateway.replies.delivery import Delivery
from orchestrator.gateway.replies.stream_edit import UsageTakenOut
from orchestrator.ledger.writing.agent_attempts import Statement, answers
from providers.forward import Forwarded


class Pieces:
    """A stream on its way to the agent, and what of it the ledger keeps."""

    def __init__(self, body: CallBody, delivery: Delivery, *, takes_usage_out: bool) -> None:
        takes = takes_usage_out and body.wire.name == "chat" and body.streams and not body.asks_usage
        self._filter = UsageTakenOut() if takes else None
        self._delivery = delivery
        self._pieces: list[bytes] = []
        self._content_type = "text/event-stream"

    def passes(self, chunk: bytes, content_type: str) -> None:
        if not self._delivery.begun:
            self._delivery.begin(200, content_type)
        self._content_type = content_type
        self._add(chunk if self._filter is None else self._filter.feed(chunk))

    @property
    def whole(self) -> bytes:
        return b"".join(self._pieces)

    def answered(self, request_id: int, forwarded: Forwarded) -> Sequence[Statement]:
        """What the ledger keeps of a whole reply."""
        raw = forwarded.raw
        if raw is None or raw.status >= 300:
            return ()
        if self._filter is not None:
            self._add(self._filter.end())
        return [answers(request_id, raw.status, raw.content_type, self.whole or raw.body)]

    def _add(self, piece: bytes) -> None:
        if piece:
            self._pieces.append(piece)
            self._delivery.add(piece)


def refuse(delivery: Delivery, body: CallBody, refusal: Refusal) -> None:
    """Answers in the wire's own form; a stream that has begun is told in it."""
    text = body.wire.error(refusal.message, kind=refusal.kind, code=refusal.code)
    delivery.answer(refusal.status, "application/json", text, may_retry=False)
