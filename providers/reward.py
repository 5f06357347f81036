"""vLLM's pooling wires: /score, /classify and /pooling, by which a reward model says how good an answer is.

Asked (vLLM's pooling models, online serving): /score {"text_1": question, "text_2": [answer …]}; /classify and
/pooling {"messages": [user, assistant]}, or {"input": text} if the server's version takes no messages. They
answer {"data": [{"index", "score" | "probs" | "data"}], "usage": {"prompt_tokens", "total_tokens"}}. All of it is
input; nothing is generated. They lie at the host's root, beside /v1.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Literal, cast

import msgspec

from providers.direct.exchange import reason_of
from providers.direct.provider import DirectProvider
from providers.errors import BadRequest, Unusable
from providers.reading.error_text import excerpt, no_object
from providers.reading.failures import message_of, one_line, rate_headers, request_id_of
from providers.reading.lenient_json import as_object, as_objects, as_text, decode_object
from providers.transport.address import under
from providers.types import Choice, Reply, Request
from providers.wires.openai_usage import read_usage

if TYPE_CHECKING:
    from providers.direct.exchange import DirectExchange

Wire = Literal["score", "classify", "pooling"]
WIRES: tuple[Wire, ...] = ("score", "classify", "pooling")
MOST_NESTED = 8


class ScoreRequest(Request, frozen=True, kw_only=True):
    """One HTTP attempt: `n` answers to one question, `max_tokens` 0. classify and pooling take one at a time."""

    question: str
    answers: tuple[str, ...]


class Body(msgspec.Struct):
    """The fields read of a reply."""

    id: Any = None
    model: Any = None
    data: Any = None
    usage: Any = None
    error: Any = None


class ScoreProvider(DirectProvider):
    """One vLLM server. A reply's choices are scores: the number, as text, is the choice's text."""

    def __init__(
        self, base_url: str, *, wire: Wire, api_key: str | None = None, concurrency: int = 64, name: str
    ) -> None:
        super().__init__(base_url, api_key=api_key, own_host=True, concurrency=concurrency, name=name)
        self._wire: Wire = wire
        self._url = under(self._base_url, f"/{wire}")
        self._streams = False

    def _body(self, request: Request, *, streamed: bool) -> bytes:
        assert isinstance(request, ScoreRequest)
        try:
            return msgspec.json.encode(payload(request, self._wire))
        except (TypeError, ValueError, OverflowError) as error:
            raise BadRequest(
                self._line(f"this request can't be written as JSON: {reason_of(error)}")
            ) from error

    def _parsed(self, body: bytes | dict[str, Any], exchange: DirectExchange, request: Request) -> Reply:
        return parse_scores(
            body, self._wire, latency_s=exchange.latency_s, headers=exchange.headers, n=request.n
        )


def payload(request: ScoreRequest, wire: Wire) -> dict[str, Any]:
    """The body of the POST."""
    asked: dict[str, Any]
    if wire == "score":
        asked = {"text_1": request.question, "text_2": list(request.answers)}
    else:
        (answer,) = request.answers
        asked = {
            "messages": [
                {"role": "user", "content": request.question},
                {"role": "assistant", "content": answer},
            ]
        }
    return {"model": request.model, **asked, **request.extra}


def parse_scores(
    body: bytes | dict[str, Any], wire: Wire, *, latency_s: float, headers: Mapping[str, str], n: int
) -> Reply:
    """A 2xx reply. A score that is not a number is left out. Raises Unusable if it is not a JSON object, or holds
    neither scores nor usage."""
    fields = decode_object(body, Body)
    request_id = request_id_of(headers) or as_text(None if fields is None else fields.id)
    if fields is None:
        message = no_object(body)
        raise Unusable(message, status=200, request_id=request_id, rate_headers=rate_headers(headers))
    given = as_objects(fields.data)
    if not given and not fields.error and not as_object(fields.usage):
        message = f"a reply without scores: {excerpt(body)!r}"
        raise Unusable(message, status=200, request_id=request_id, rate_headers=rate_headers(headers))
    usage = read_usage(_whole_usage(fields.usage))
    if fields.error and not given and usage is None:
        message = f"an error in a 200 reply: {one_line(message_of(fields.error))}"
        raise Unusable(message, status=200, request_id=request_id, rate_headers=rate_headers(headers))
    scores: dict[int, float] = {}
    for place, one in enumerate(given):
        index = one.get("index", place)
        score = _score(one, wire)
        if isinstance(index, int) and 0 <= index < n and index not in scores and score is not None:
            scores[index] = score
    return Reply(
        choices=tuple(Choice(index=index, text=repr(score)) for index, score in sorted(scores.items())),
        usage=usage,
        model=as_text(fields.model),
        request_id=request_id,
        rate_headers=rate_headers(headers),
        latency_s=latency_s,
    )


def _whole_usage(usage: object) -> object:
    """These wires generate nothing, and some versions leave completion_tokens out."""
    if not isinstance(usage, dict):
        return usage
    return {"completion_tokens": 0} | cast("dict[str, Any]", usage)


def _score(one: Mapping[str, Any], wire: Wire) -> float | None:
    """The number: `score`; of several class probabilities the last (right, if the classes are wrong and right);
    of a pooled output the last value (of the last token, if there is a row a token)."""
    value: object = one.get({"score": "score", "classify": "probs", "pooling": "data"}[wire])
    for _ in range(MOST_NESTED):
        if not isinstance(value, list):
            break
        values = cast("list[object]", value)
        value = values[-1] if values else None
    if isinstance(value, bool) or not isinstance(value, int | float | Decimal) or not math.isfinite(value):
        return None
    return float(value)
