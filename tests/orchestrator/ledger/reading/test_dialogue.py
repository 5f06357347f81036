"""An attempt's dialogue: the same from a whole reply as from its events, on every wire."""

from __future__ import annotations

import json

import pytest

from orchestrator.doctor.stand_in import Chat, Messages, Responses, Run
from orchestrator.ledger.reading.samples.dialogue import Part, answer

FIELDS = {"properties": {"command": {"type": "string"}}}
BODIES = {
    "chat": (Chat, {"messages": [], "tools": [{"function": {"name": "bash", "parameters": FIELDS}}]}),
    "messages": (Messages, {"messages": [], "tools": [{"name": "bash", "input_schema": FIELDS}]}),
    "responses": (Responses, {"input": [], "tools": [{"name": "bash", "parameters": FIELDS}]}),
}


@pytest.mark.parametrize("name", BODIES)
@pytest.mark.parametrize("turn", ["It is done.", Run("ls -l")])
def test_a_reply_reads_the_same_whole_and_streamed(name, turn):
    kind, body = BODIES[name]
    wire = kind({"model": "m", **body}, 1)
    usage = wire.usage(turn)
    reply = wire.reply(turn, usage)
    whole = answer(name, "application/json", json.dumps(reply).encode())
    events = (e if isinstance(e, str) else json.dumps(e) for _, e in wire.events(reply, usage))
    streamed = answer(name, "text/event-stream", "".join(f"data: {e}\n\n" for e in events).encode())
    said = Part("model", turn if isinstance(turn, str) else "Run ls -l")
    assert whole == streamed == [said, *([] if isinstance(turn, str) else [Part("call", "bash: ls -l")])]


@pytest.mark.parametrize(
    "reply", [b"", b"[]", b"null", b"{", b'{"choices": 3}', b'{"choices": [{"message": null}]}']
)
@pytest.mark.parametrize("name", BODIES)
@pytest.mark.parametrize("kind", ["application/json", "text/event-stream"])
def test_whatever_was_recorded_is_read(name, reply, kind):
    assert answer(name, kind, b"data: " + reply + b"\n") == []
    assert answer(name, kind, reply) == []
