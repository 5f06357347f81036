"""An attempt's dialogue: the same from a whole reply as from its events, on every wire."""

from __future__ import annotations

import json
import sqlite3
import zlib

import pytest

from orchestrator.doctor.stand_in import Chat, Messages, Responses, Run
from orchestrator.ledger.reading.samples.dialogue import Part, answer, dialogue

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


def _said(*calls: tuple[int, list[str], str | None]) -> list[tuple[list[str], list[str], int]]:
    """What is shown of (number, turns, answer) of each call, with its cost; a call costs a pico-dollar."""
    connection = sqlite3.connect(":memory:")
    connection.execute(
        "CREATE TABLE request (id, call, state, prompt_tokens, completion_tokens, settled_pico, presumed_pico, "
        "agent_attempt_id)"
    )
    connection.execute(
        "CREATE TABLE exchange (request_id, wire, prefix_of, prefix_bytes, rest, content_type, reply)"
    )
    for number, (call, turns, said) in enumerate(calls, 1):
        body = {"messages": [{"role": "user", "content": turn} for turn in turns]}
        reply = {"choices": [{"message": {"role": "assistant", "content": said}}]}
        state = "presumed" if said is None else "settled"
        connection.execute("INSERT INTO request VALUES (?, ?, ?, 1, 1, 1, 0, 7)", (number, call, state))
        connection.execute(
            "INSERT INTO exchange VALUES (?, 'chat', NULL, 0, ?, 'application/json', ?)",
            (
                number,
                zlib.compress(json.dumps(body).encode()),
                None if said is None else zlib.compress(json.dumps(reply).encode()),
            ),
        )
    return [
        ([part.text for part in call.heard], [part.text for part in call.said], call.cost_pico)
        for call in dialogue(connection, 7)
    ]


def test_a_call_that_was_cut_and_asked_again_by_the_next_run_is_told_once():
    cut = [
        (1, ["do"], "one"),
        (2, ["do", "x"], None),
        (3, ["do", "x"], "two"),
        (4, ["do", "x", "y"], "three"),
    ]
    assert _said(*cut) == [(["do"], ["one"], 1), (["x"], ["two"], 2), (["y"], ["three"], 1)]


def test_only_what_differs_is_told_of_a_run_that_went_another_way():
    other = [(1, ["do"], "one"), (2, ["do", "x"], "two"), (3, ["do", "X"], "three"), (4, ["new"], "four")]
    assert [heard for heard, _, _ in _said(*other)] == [["do"], ["x"], ["X"], ["new"]]
    lost = [(1, ["do"], "one"), (2, ["do", "x"], None), (3, ["do", "x", "y"], "two")]
    assert [heard for heard, _, _ in _said(*lost)] == [["do"], ["x"], ["y"]]
