"""Counts of one reply only grow: what a stream tells twice, or takes back, on each wire."""

from __future__ import annotations

import json
from typing import Any

import pytest

from providers.types import Usage
from providers.wires.chat import parse_chat
from providers.wires.chat_stream import ChatStream
from providers.wires.messages import parse_message
from providers.wires.messages_stream import MessagesStream
from providers.wires.responses import parse_response
from providers.wires.responses_stream import ResponsesStream

TRUE = {"prompt_tokens": 30, "completion_tokens": 5, "total_tokens": 35}
ZEROS = {"prompt_tokens": 0, "completion_tokens": 0, "total_tokens": 0}
COUNTED = Usage(input=30, output=5)


def piece(text: str | None = None, finish: str | None = None, **more: Any) -> dict[str, Any]:
    delta = {"role": "assistant"} if text is None else {"content": text}
    return {"choices": [{"index": 0, "delta": delta, "finish_reason": finish}], **more}


def usage_of(*chunks: dict[str, Any]) -> Usage | None:
    stream = ChatStream(1)
    for chunk in chunks:
        stream.take(json.dumps(chunk).encode())
    stream.take(b"[DONE]")
    return parse_chat(stream.body(), latency_s=0, headers={}, n=1).usage


TEXT = (piece("fo"), piece("ur", "stop"))


@pytest.mark.parametrize(
    "chunks",
    [
        (*TEXT, {"choices": [], "usage": TRUE}, {"choices": [], "usage": ZEROS}),
        (*TEXT, {"choices": [], "usage": TRUE}, {"choices": [], "usage": {**TRUE, "completion_tokens": 2}}),
        (*TEXT, {"choices": [], "usage": ZEROS}, {"choices": [], "usage": TRUE}),
        (piece("fo"), piece("ur", "stop", usage=TRUE)),
        # the count comes with the last text, and the end in a chunk of its own
        (piece("fo"), piece("ur", usage=TRUE), piece("", "stop")),
        (piece("fo"), piece("ur", usage=TRUE), piece("", "stop", usage=ZEROS)),
        # so far all along, and only the input at first
        (piece(usage={"prompt_tokens": 30, "completion_tokens": 0}), *TEXT, {"choices": [], "usage": TRUE}),
        (piece(usage={"prompt_tokens": 30}), *TEXT, {"usage": {"completion_tokens": 5, "prompt_tokens": 0}}),
        (piece("fo", usage={**TRUE, "completion_tokens": 2}), piece("ur", "stop", usage=TRUE)),
        # where Groq and Moonshot have it
        (piece("fo"), piece("ur", "stop", x_groq={"id": "r", "usage": TRUE})),
        (piece("fo"), {"choices": [{**piece("ur", "stop")["choices"][0], "usage": TRUE}]}),
    ],
)
def test_the_largest_count_of_a_stream_holds(chunks):
    assert usage_of(*chunks) == COUNTED


@pytest.mark.parametrize(
    "chunks",
    [
        # so far only, and taken back at the end: what came in between nobody counted
        (
            piece("fo", usage={**TRUE, "completion_tokens": 2}),
            piece("ur", "stop"),
            {"choices": [], "usage": ZEROS},
        ),
        (piece("fo", usage=TRUE), piece("ur", "stop")),
        (*TEXT, {"choices": [], "usage": "many"}),
        TEXT,
    ],
)
def test_a_count_that_a_text_went_on_after_is_none(chunks):
    assert usage_of(*chunks) is None


def test_details_and_costs_grow_too():
    first = {**TRUE, "prompt_tokens_details": {"cached_tokens": 8}, "is_byok": True}
    last = {**TRUE, "prompt_tokens_details": {"cached_tokens": 0}, "is_byok": False}
    usage = usage_of(*TEXT, {"choices": [], "usage": first}, {"choices": [], "usage": last})
    assert usage == Usage(input=30, output=5, cached=8)


def message_usage(start: dict[str, Any], *deltas: dict[str, Any]) -> Usage | None:
    stream = MessagesStream()
    events = [{"type": "message_start", "message": {"content": [], "usage": start}}]
    events += [{"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": "four"}}]
    for usage in deltas:
        events.append({"type": "message_delta", "delta": {"stop_reason": "end_turn"}, "usage": usage})
    for event in [*events, {"type": "message_stop"}]:
        stream.take(json.dumps(event).encode())
    return parse_message(stream.body(), latency_s=0, headers={}).usage


@pytest.mark.parametrize(
    ("start", "deltas", "read"),
    [
        ({"input_tokens": 30, "output_tokens": 1}, [{"output_tokens": 5}], COUNTED),
        # zeros of a gateway
        ({"input_tokens": 30, "output_tokens": 1}, [{"input_tokens": 0, "output_tokens": 5}], COUNTED),
        ({"input_tokens": 30}, [{"output_tokens": 5}, {"input_tokens": 0, "output_tokens": 0}], COUNTED),
        ({"input_tokens": 0, "output_tokens": 0}, [{"input_tokens": 30, "output_tokens": 5}], COUNTED),
        (
            {"input_tokens": 10, "cache_read_input_tokens": 20},
            [{"output_tokens": 5, "cache_read_input_tokens": 0}],
            Usage(input=30, output=5, cached=20),
        ),
        (
            {
                "input_tokens": 10,
                "cache_creation_input_tokens": 20,
                "cache_creation": {"ephemeral_1h_input_tokens": 9},
            },
            [
                {
                    "output_tokens": 5,
                    "cache_creation_input_tokens": 0,
                    "cache_creation": {"ephemeral_1h_input_tokens": 0},
                }
            ],
            Usage(input=30, output=5, cache_write=20, cache_write_1h=9),
        ),
        # the parts of a write tell more than its sum, or the sum more than its parts
        (
            {
                "input_tokens": 10,
                "cache_creation_input_tokens": 0,
                "cache_creation": {"ephemeral_5m_input_tokens": 20},
            },
            [{"output_tokens": 5}],
            Usage(input=30, output=5, cache_write=20),
        ),
        # only the first token was ever counted
        ({"input_tokens": 30, "output_tokens": 1}, [{"output_tokens": 0}], None),
    ],
)
def test_on_anthropics_wire(start, deltas, read):
    assert message_usage(start, *deltas) == read


def test_on_the_responses_wire():
    stream = ResponsesStream()
    usage = {"input_tokens": 30, "output_tokens": 5, "output_tokens_details": {"reasoning_tokens": 4}}
    zeros = {"input_tokens": 0, "output_tokens": 0, "output_tokens_details": {"reasoning_tokens": 0}}
    for kind, told in (("in_progress", None), ("in_progress", usage), ("completed", zeros)):
        event = {"type": f"response.{kind}", "response": {"status": kind, "output": [], "usage": told}}
        stream.take(json.dumps(event).encode())
    read = parse_response(stream.body(), latency_s=0, headers={}).usage
    assert read == Usage(input=30, output=5, reasoning=4)
