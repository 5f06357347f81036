"""What can go wrong on the way, to be injected into a loopback vendor.

A fault says what the client sees and whether the vendor did the work and bills it. Use the names below, or make your
own: `Fault("reset", billed=True)`. `vendor.faults.append(...)` hits the next request; `vendor.fault_rates = {fault:
0.1}` hits at random by `vendor.seed`.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Fault:
    """`kind` names what the client sees; `billed`: the vendor did the work. `value`: a header's value, a count or
    seconds, as the kind needs it."""

    kind: str
    billed: bool = False
    value: str | float | None = None


# Refusals: the vendor says no, nothing is billed.
RATE_LIMITED = Fault("429")
RATE_LIMITED_2S = Fault("429", value="2")  # Retry-After in seconds
RATE_LIMITED_DATE = Fault("429", value="date")  # Retry-After as an HTTP date two seconds ahead
NO_CREDIT = Fault("no credit")  # 429 insufficient_quota, which no wait mends
BAD_KEY = Fault("bad key")  # 401 that echoes the key
OVERLOADED_529 = Fault("529")
ERROR_500 = Fault("500")  # with an error body
ERROR_503 = Fault("503")  # with an error body
CONTENT_POLICY = Fault("content policy")  # 400 about this prompt


def refusal(status: int) -> Fault:
    """An error object under any status."""
    return Fault("status", value=status)


# Answers that don't say whether it was billed; here it was.
BARE_500 = Fault("bare 500", billed=True)
BARE_503 = Fault("bare 503", billed=True)
ERROR_502 = Fault("502", billed=True)
ERROR_504 = Fault("504", billed=True)
ERROR_408 = Fault("408", billed=True)
REDIRECT = Fault("redirect")

# A broken connection.
RESET = Fault("reset")  # before the vendor did anything
RESET_BILLED = Fault("reset", billed=True)  # after it did the work
CLOSED = Fault("closed", billed=True)  # closed in good order, without a reply
HALF_HEADERS = Fault("half headers", billed=True)
HALF_BODY = Fault("half body", billed=True)  # Content-Length says more than comes
HALF_JSON = Fault("half json", billed=True)  # a whole HTTP reply of half a JSON object
NOT_JSON = Fault("not json", billed=True)
SILENCE = Fault("silence", billed=True)  # takes the request and never answers
DRIP = Fault("drip", billed=True, value=0.02)  # the reply, a few bytes every `value` seconds

# A stream that breaks after its first whole sample; unstreamed, they are half a body.
CUT_STREAM = Fault("cut stream", billed=True)  # a reset
STALLED_STREAM = Fault("stalled stream", billed=True)  # silence
ERROR_EVENT = Fault("error event", billed=True)  # it says itself that it failed, and ends in good order
NO_END = Fault("no end", billed=True)  # all but its last event, and an end in good order
ENDLESS_STREAM = Fault(
    "endless stream", billed=True
)  # whole, but its connection stays open; unstreamed, no fault

# A whole reply with something wrong in it.
NO_USAGE = Fault("no usage", billed=True)
WRONG_USAGE = Fault("wrong usage", billed=True)  # a negative count
ZERO_USAGE = Fault("zero usage", billed=True)  # zeros beside a text
INDEX_ZERO = Fault("index zero", billed=True)  # every choice has index 0
DUPLICATE = Fault("duplicate", billed=True)  # the first choice twice
SHUFFLED = Fault("shuffled", billed=True)  # choices out of order
SURPLUS = Fault("surplus", billed=True)  # a choice more than n
MISSING = Fault("missing", billed=True)  # a choice less than n
TOO_MUCH_OUTPUT = Fault("too much output", billed=True)  # more tokens than n x max_tokens
TOO_MUCH_INPUT = Fault("too much input", billed=True, value=20_000)  # so many tokens more than the prompt has
HUGE = Fault("huge", billed=True)  # more bytes than any such reply can have

FREE = (RATE_LIMITED, NO_CREDIT, BAD_KEY, OVERLOADED_529, ERROR_500, ERROR_503, CONTENT_POLICY)
"""What every client must book as free, from the vendor's own host."""
LOST = (
    BARE_500,
    BARE_503,
    ERROR_502,
    ERROR_504,
    ERROR_408,
    RESET,
    RESET_BILLED,
    CLOSED,
    HALF_HEADERS,
    HALF_BODY,
    HALF_JSON,
    NOT_JSON,
    SILENCE,
)
"""What every client must book as unknown."""
BROKEN_STREAMS = (CUT_STREAM, STALLED_STREAM, ERROR_EVENT)
"""Streams that bring some of their samples; of one with a single sample, perhaps none."""
