"""The gateway's decisions, without I/O: bounds, joins, replays, what is taken out of a stream."""

from __future__ import annotations

import json
import zlib
from random import Random
from typing import Any

import pytest

from orchestrator.doctor.stand_in import Chat, Messages, Responses, Run
from orchestrator.gateway.body import CallBody, Refusal
from orchestrator.gateway.bound import TooLittle, affordable, input_bound, settled, writes_asked_for
from orchestrator.gateway.edit import edited
from orchestrator.gateway.join import joined
from orchestrator.gateway.model import sells_one_vendor
from orchestrator.gateway.replies.delivery import Delivery
from orchestrator.gateway.replies.reading import tool_call
from orchestrator.gateway.replies.stream_edit import UsageTakenOut
from orchestrator.gateway.wires import CHAT, MESSAGES, RESPONSES
from orchestrator.ledger.writing.agent_attempts import packed, shared_bytes
from orchestrator.scheduler.call_retry import Then, Tries, after
from providers.errors import BadRequest, Lost, MayHaveCost, Overloaded, RateLimited, Stopped

USER = {"role": "user", "content": "hello"}


def chat(**fields: Any) -> CallBody:
    return CallBody(CHAT, json.dumps({"model": "m", "messages": [USER], **fields}).encode())


def test_a_longer_conversation_is_bound_by_what_its_beginning_counted():
    first = chat()
    known = [settled(first, 1, 1000)]
    longer = chat(messages=[USER, {"role": "assistant", "content": "x" * 100}])
    new = len(json.dumps({"role": "assistant", "content": "x" * 100}, separators=(",", ":"))) + 2 + 16
    assert input_bound(longer, overhead=10**6, earlier=known) == 1000 + 10 + 64 + new
    assert input_bound(longer, overhead=512) == len(longer.raw) + 3 * 16 + 512


@pytest.mark.parametrize(
    "other",
    [
        {"tool_choice": "none"},
        {"response_format": {"type": "json_object"}},
        {"tools": [{"type": "function", "function": {"name": "f"}}]},
        {"model": "another"},
        {"messages": [{"role": "user", "content": "hellO"}]},
    ],
)
def test_a_prefix_holds_only_if_all_else_that_counts_is_equal(other):
    known = [settled(chat(), 1, 3)]
    assert input_bound(chat(**other), overhead=0, earlier=known) >= len(chat(**other).raw)
    assert input_bound(chat(temperature=0.3, max_tokens=9), overhead=0, earlier=known) == 3 + 1 + 64


def test_an_item_that_the_vendor_keeps_counts_as_the_output_that_brought_it():
    item = {"type": "reasoning", "id": "rs_1", "summary": []}
    body = CallBody(RESPONSES, json.dumps({"model": "m", "input": [item]}).encode())
    with pytest.raises(Refusal, match="rs_1"):
        input_bound(body, overhead=0)
    base = input_bound(body, overhead=0, brought={"rs_1": 0})
    assert input_bound(body, overhead=0, brought={"rs_1": 5000}) == base + 5000
    sealed = {**item, "encrypted_content": "abc"}
    input_bound(CallBody(RESPONSES, json.dumps({"model": "m", "input": [sealed]}).encode()), overhead=0)


def test_max_tokens_is_what_the_rest_pays_for():
    def worst(n: int) -> int:
        return 100 + 10 * n

    assert affordable(None, ceiling=4096, room=None, shrink=True, worst=worst) == 4096
    assert affordable(10**6, ceiling=4096, room=10**9, shrink=True, worst=worst) == 4096
    assert affordable(4096, ceiling=4096, room=10_105, shrink=True, worst=worst) == 1000
    assert affordable(100, ceiling=4096, room=1100, shrink=True, worst=worst) == 100
    for stated, room, shrink in ((4096, 5000, True), (4096, 20_000, False), (100, 1099, True)):
        with pytest.raises(TooLittle):
            affordable(stated, ceiling=4096, room=room, shrink=shrink, worst=worst)


def test_only_what_must_be_is_changed_byte_for_byte():
    raw = b'{"messages": [ {"role":"user",  "content":"\\u00e9 1.0"} ], "model":"x", "max_tokens":9, "temperature":1e0}'
    sent = edited(CallBody(CHAT, raw), model="m", max_tokens=7, params={}, service_tier=None)
    assert b'[ {"role":"user",  "content":"\\u00e9 1.0"} ]' in sent
    assert b'"temperature":1e0' in sent
    assert json.loads(sent) | {"messages": 0} == {
        "messages": 0,
        "model": "m",
        "max_tokens": 7,
        "temperature": 1.0,
    }
    both = chat(max_tokens=9, max_completion_tokens=8, stream=True)
    sent = json.loads(
        edited(both, model="m", max_tokens=7, params={"temperature": 0}, service_tier="default")
    )
    assert "max_completion_tokens" not in sent
    assert (sent["max_tokens"], sent["temperature"], sent["service_tier"]) == (7, 0, "default")
    assert sent["stream_options"] == {"include_usage": True}


def test_a_cache_is_priced_as_it_is_asked_for():
    marked = {
        "role": "user",
        "content": [{"type": "text", "text": "x", "cache_control": {"type": "ephemeral"}}],
    }
    body = {"model": "m", "max_tokens": 1, "messages": [marked]}
    assert writes_asked_for(chat()) == ()
    assert writes_asked_for(CallBody(MESSAGES, json.dumps(body).encode())) == ("cache_write",)
    marked["content"][0]["cache_control"]["ttl"] = "1h"  # type: ignore[index]
    hour = CallBody(MESSAGES, json.dumps(body).encode())
    assert writes_asked_for(hour) == ("cache_write", "cache_write_1h")


class Client:
    def __init__(self, *, gone: bool) -> None:
        self.is_gone = gone


def delivery(*, gone: bool, ended: bool = False, delivered: bool = False, status: int = 200) -> Delivery:
    made = Delivery(b"a", streams=False)
    made.clients.append(Client(gone=gone))
    if ended:
        made.answer(status, "application/json", b"{}")
    made.delivered = delivered
    return made


@pytest.mark.parametrize(
    ("one", "is_retry", "joins"),
    [
        (delivery(gone=False), False, False),
        (delivery(gone=True), False, True),
        (delivery(gone=False), True, True),
        (delivery(gone=True, ended=True), False, True),
        (delivery(gone=False, ended=True, delivered=True), False, False),
        (delivery(gone=False, ended=True, delivered=True), True, True),
        (delivery(gone=False, ended=True, delivered=True, status=500), True, False),
        (delivery(gone=True, ended=True, status=402), False, False),
    ],
)
def test_who_gets_an_answer_that_was_bought(one, is_retry, joins):
    assert (joined([one], b"a", is_retry=is_retry) is one) is joins
    assert joined([one], b"b", is_retry=is_retry) is None


@pytest.mark.parametrize("size", [1, 7, 1000])
def test_the_chunk_of_usage_is_taken_out_and_nothing_else(size):
    events = [
        b": hello\n\n",
        b'data: {"choices":[{"delta":{"content":"a \\"usage\\" "}}],"usage":null}\n\n',
        b'data: {"choices":[{"delta":{}}],"usage":{"prompt_tokens":1}}\r\n\r\n',
        b'data: {"choices":[],"usage":{"prompt_tokens":1,"completion_tokens":2}}\n\n',
        b"data: [DONE]\n\n",
    ]
    stream, edit = b"".join(events), UsageTakenOut()
    out = b"".join(edit.feed(stream[at : at + size]) for at in range(0, len(stream), size)) + edit.end()
    assert out == b"".join(events[:3] + events[4:])


def test_what_follows():
    def then(error, tries):
        return after(error, tries, now=0.0, max_wait_s=600, random=Random(0))[0]

    charged = BadRequest("filtered")
    charged.outcome = MayHaveCost.UNKNOWN
    about = Stopped("no such parameter")
    about.about_request = True
    tries = Tries(made=1)
    assert then(RateLimited("x"), tries) is then(Overloaded("x"), tries) is Then.AGAIN
    assert then(RateLimited("x", retry_after_s=700), tries) is Then.STOP
    assert [then(Lost("x"), tries) for _ in range(2)] == [Then.AGAIN, Then.LOST]
    assert then(BadRequest("x"), tries) is then(charged, tries) is then(about, tries) is Then.PASS_ON
    assert then(Stopped("bad key"), tries) is Then.STOP


def test_a_body_is_kept_from_where_it_differs_and_no_character_is_cut():
    assert shared_bytes(b"abcd", b"abxd") == 2
    assert shared_bytes("aé".encode(), "aè".encode()) == 1
    assert shared_bytes(b"", b"a") == shared_bytes(b"a", b"") == 0


@pytest.mark.parametrize("size", [0, 1, 100, 511, 512, 5_000, 300_000])
def test_what_is_kept_of_a_body_reads_back_and_is_smaller(size):
    text = (b"the same words, and number %d, " * (size // 20 + 1) % tuple(range(size // 20 + 1)))[:size]
    assert zlib.decompress(packed(text)) == text
    assert len(packed(text)) < max(20, size)


def test_the_stand_in_fills_whatever_a_tool_requires():
    fields = {
        "command": {"type": "string"},
        "risk": {"type": "string", "enum": ["LOW", "HIGH"]},
        "why": {"type": "string"},
        "seconds": {"type": "number"},
        "reset": {"type": "boolean"},
        "more": {"type": "string"},
    }
    schema = {"properties": fields, "required": ["risk", "command", "why", "seconds", "reset"]}
    tool = {"type": "function", "function": {"name": "terminal", "parameters": schema}}
    name, arguments = Chat({"messages": [], "tools": [tool]}, 1).arguments(Run("ls"))
    assert name == "terminal"
    assert arguments == {"command": "ls", "risk": "LOW", "why": "run", "seconds": 1, "reset": False}


def test_where_one_name_may_mean_several_tokenizers():
    assert sells_one_vendor("https://api.deepseek.com/v1")
    assert sells_one_vendor(None)
    assert not sells_one_vendor("https://openrouter.ai/api/v1")


ASKED = [{"type": "function", "function": {"name": "bash", "parameters": {"properties": {"command": {}}}}}]
FLAT = [{"type": "function", "name": "bash", "parameters": {"properties": {"command": {}}}}]
BLOCK = [{"name": "bash", "input_schema": {"properties": {"command": {}}}}]


@pytest.mark.parametrize(
    ("wire", "made", "body"),
    [
        ("chat", Chat, {"messages": [], "tools": ASKED}),
        ("messages", Messages, {"messages": [], "tools": BLOCK}),
        ("responses", Responses, {"input": [], "tools": FLAT}),
    ],
)
def test_what_an_agent_does_is_read_from_a_whole_answer_and_from_events(wire, made, body):
    call = made({"model": "m", **body}, 1)
    reply = call.reply(Run("pytest -q tests"), (1, 1))
    events = b"".join(
        (f"event: {name}\n" if name else "").encode()
        + f"data: {event if isinstance(event, str) else json.dumps(event)}\n\n".encode()
        for name, event in call.events(reply, (1, 1))
    )
    assert tool_call(json.dumps(reply).encode(), wire) == "bash: pytest -q tests"
    assert tool_call(events, wire) == "bash: pytest -q tests"
    said = call.reply("Done.", (1, 1))
    assert tool_call(json.dumps(said).encode(), wire) is None
