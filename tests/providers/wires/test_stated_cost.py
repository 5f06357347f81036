"""What a reply says it cost, exact to the pico-dollar, on every wire, whole and streamed."""

from __future__ import annotations

import json

import pytest

from providers.types import StatedCost
from providers.wires.chat import parse_chat
from providers.wires.chat_stream import ChatStream
from providers.wires.messages import parse_message
from providers.wires.messages_stream import MessagesStream
from providers.wires.responses import parse_response
from providers.wires.stated_cost import read_cost

COUNTS = '"prompt_tokens": 20, "completion_tokens": 10'


def stated(text):
    """Of a chat reply's raw JSON, since the figure is read as its text."""
    body = f'{{"choices": [{{"index": 0, "message": {{"content": "4"}}}}], "usage": {{{COUNTS}, {text}}}}}'
    return parse_chat(body.encode(), latency_s=0, headers={}, n=1).stated_cost


@pytest.mark.parametrize(
    ("text", "pico"),
    [
        ('"cost": 0.01', 10**10),
        ('"cost": 0', 0),
        ('"cost": 3', 3 * 10**12),
        ('"cost": 1e-7', 100_000),
        ('"cost": 0.0000000000001', 1),  # a tenth of a pico-dollar
        ('"cost": 0.0000000000010', 1),
        ('"cost": 0.1000000000001', 10**11 + 1),
        # beyond what a float can tell: 0.1 + 2 pico-dollars and a little
        ('"cost": 0.100000000002000000000000000001', 10**11 + 3),
        ('"cost": 123456789.000000000001', 123456789 * 10**12 + 1),
        ('"cost": "0.02"', 2 * 10**10),
        # of OpenRouter with a key of one's own, the fee and what the vendor behind it bills
        ('"cost": 0.001, "is_byok": true, "cost_details": {"upstream_inference_cost": 0.02}', 21 * 10**9),
        ('"cost": 0.001, "is_byok": true, "cost_details": {"upstream_inference_cost": null}', 10**9),
        ('"cost": 0.001, "is_byok": true', 10**9),
        ('"cost": 0.03, "is_byok": false, "cost_details": {"upstream_inference_cost": 0.03}', 3 * 10**10),
        ('"cost_in_usd_ticks": 12345', 1_234_500),
        ('"cost_in_usd_ticks": 0.001', 1),
        ('"cost": 0.5, "cost_in_usd_ticks": 1', 5 * 10**11),
        ('"cost": {"total_cost": 0.006, "request_cost": 0.005}', 6 * 10**9),
        ('"cost": 1e400', 10**412),  # absurd, which booking tells
    ],
)
def test_dollars_are_read_exactly_and_rounded_up(text, pico):
    found = stated(text)
    assert found is not None
    assert found.pico == pico


@pytest.mark.parametrize(
    "text",
    [
        '"cost": -0.01',
        '"cost": "free"',
        '"cost": ""',
        '"cost": true',
        '"cost": NaN',
        '"cost": Infinity',
        '"cost": "-Infinity"',
        '"cost": []',
        '"cost": {"input_cost": 1}',
        '"cost": 1e99999999999999999999999',
        '"cost": 1e-99999',
        '"cost": 0.001, "is_byok": true, "cost_details": {"upstream_inference_cost": "?"}',
        '"cost_in_usd_ticks": -1',
        '"cost": 0.5, "cost_in_usd_ticks": "many"',
    ],
)
def test_what_is_no_sum_of_money_is_told_as_such(text):
    found = stated(text)
    assert found is not None
    assert found.pico is None
    assert len(found.said) <= 60


def test_nothing_is_stated():
    assert stated('"cost": null, "cost_in_usd_ticks": null') is None
    assert read_cost(None) is None
    assert read_cost("free") is None


USAGE = {"cost": 0.25, "input_tokens": 3, "output_tokens": 5, "prompt_tokens": 3, "completion_tokens": 5}
QUARTER = StatedCost(name="usage.cost", said="0.25", pico=25 * 10**10)


def test_on_the_other_wires_too():
    message = {"content": [{"type": "text", "text": "4"}], "stop_reason": "end_turn", "usage": USAGE}
    assert parse_message(json.dumps(message).encode(), latency_s=0, headers={}).stated_cost == QUARTER
    response = {"status": "completed", "output": [], "usage": USAGE}
    assert parse_response(json.dumps(response).encode(), latency_s=0, headers={}).stated_cost == QUARTER


def test_of_a_stream_the_largest_holds():
    stream = ChatStream(1)
    for usage in ({"cost": 0.25}, {"cost": 0}, {"cost": 0.1, "completion_tokens": 5}):
        stream.take(json.dumps({"choices": [], "usage": usage}).encode())
    found = parse_chat(stream.body(), latency_s=0, headers={}, n=1).stated_cost
    assert found == QUARTER
    events = MessagesStream()
    for event in (
        {"type": "message_start", "message": {"content": [], "usage": {**USAGE, "cost": 0.25}}},
        {
            "type": "message_delta",
            "delta": {"stop_reason": "end_turn"},
            "usage": {"output_tokens": 5, "cost": 0},
        },
    ):
        events.take(json.dumps(event).encode())
    assert parse_message(events.body(), latency_s=0, headers={}).stated_cost == QUARTER
