"""An agent's attempt as a dialogue: what each of its calls added to the conversation, and what was answered."""

from __future__ import annotations

import json
import sqlite3
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, cast

Json = dict[str, Any]
_SQL = """
SELECT r.id, r.call, r.state, r.prompt_tokens, r.completion_tokens, r.settled_pico + r.presumed_pico, e.wire,
  e.prefix_of, e.prefix_bytes, e.rest, e.content_type, e.reply
FROM request AS r JOIN exchange AS e ON e.request_id = r.id WHERE r.agent_attempt_id = ? ORDER BY r.id
"""
_MERGED_SQL = """
SELECT r.ref, r.call, r.state, r.prompt_tokens, r.completion_tokens, r.settled_pico + r.presumed_pico, e.wire,
  e.prefix_of, e.prefix_bytes, e.rest, e.content_type, e.reply
FROM merged_request AS r JOIN merged_exchange AS e ON e.ref = r.ref WHERE r.agent_attempt_ref = ?
ORDER BY r.reserved_at, r.call
"""


@dataclass(frozen=True, slots=True)
class Part:
    """One thing said. `by`: system | user | tool | model | call (of a tool by the model)."""

    by: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """One call. `heard`: what its body adds to the body before; `said`: the answer."""

    call: int
    state: str
    prompt_tokens: int | None
    completion_tokens: int | None
    cost_pico: int
    heard: tuple[Part, ...]
    said: tuple[Part, ...]


def dialogue(connection: sqlite3.Connection, attempt: int | str) -> Iterator[Call]:
    """`attempt`: its id; of a merged ledger's, its ref. A call that was lost and made again is one, with the cost of
    both; by the next run too, whose calls go on counting."""
    bodies: dict[int | str, bytes] = {}
    before: list[Any] = []
    lost: Call | None = None
    lost_turns: list[Any] = []
    for row in connection.execute(_MERGED_SQL if isinstance(attempt, str) else _SQL, (attempt,)).fetchall():
        number, call, state, prompt, completion, cost, wire, prefix_of, prefix, rest, kind, reply = row
        bodies[number] = bodies.get(prefix_of, b"")[:prefix] + zlib.decompress(rest)
        body = _object(bodies[number])
        turns = _turns(wire, body)
        if lost is not None and lost.call != call and lost_turns != turns:
            yield lost
            before, lost = lost_turns, None
        heard = [part for turn in turns[_shared(before, turns) :] for part in _parts(turn)]
        made = Call(
            call=call,
            state=state,
            prompt_tokens=prompt,
            completion_tokens=completion,
            cost_pico=cost + (lost.cost_pico if lost else 0),
            heard=tuple(part for part in heard if part.by not in ("model", "call")),
            said=() if reply is None else tuple(answer(wire, kind or "", zlib.decompress(reply))),
        )
        if reply is None:
            lost, lost_turns = made, turns
            continue
        before, lost = turns, None
        yield made
    if lost is not None:
        yield lost


def _shared(one: list[Any], other: list[Any]) -> int:
    """How many turns both begin with."""
    return next(
        (place for place, (a, b) in enumerate(zip(one, other, strict=False)) if a != b),
        min(len(one), len(other)),
    )


def answer(wire: str, content_type: str, reply: bytes) -> list[Part]:
    """A reply, whole or as events."""
    if "event-stream" not in content_type:
        return _whole(wire, _object(reply))
    texts: list[str] = []
    calls: dict[Any, list[str]] = {}
    for line in reply.decode("utf-8", errors="replace").splitlines():
        event = _object(line[5:].encode()) if line.startswith("data:") else {}
        if event.get("type") == "response.completed":
            return _whole(wire, _dict(event.get("response")))
        for delta in _deltas(event):
            texts.append(_text(delta.get("content") or delta.get("text")))
            for tool in _dicts(delta.get("tool_calls")):
                function = _dict(tool.get("function"))
                said = calls.setdefault(tool.get("index"), ["", ""])
                said[0] += str(function.get("name") or "")
                said[1] += str(function.get("arguments") or "")
        block = _dict(event.get("content_block"))
        if block.get("type") == "tool_use":
            calls[event.get("index")] = [str(block.get("name")), ""]
        partial = _dict(event.get("delta")).get("partial_json")
        if partial and event.get("index") in calls:
            calls[event["index"]][1] += str(partial)
    text = "".join(texts)
    return [
        *([Part("model", text)] if text.strip() else []),
        *(_tool(name, said) for name, said in calls.values()),
    ]


def _deltas(event: Json) -> Iterator[Json]:
    for choice in _dicts(event.get("choices")):
        yield _dict(choice.get("delta"))
    if event.get("type") == "content_block_delta":
        yield _dict(event.get("delta"))


def _whole(wire: str, body: Json) -> list[Part]:
    if wire == "chat":
        turns = [_dict(choice.get("message")) for choice in _dicts(body.get("choices"))]
    elif wire == "messages":
        turns = [{"role": "assistant", "content": body.get("content")}]
    else:
        turns = _dicts(body.get("output"))
    return [part for turn in turns for part in _parts(turn)]


def _turns(wire: str, body: Json) -> list[Any]:
    given = body.get("input" if wire == "responses" else "messages")
    if isinstance(given, str):
        return [{"role": "user", "content": given}]
    first = body.get("instructions" if wire == "responses" else "system")
    return [*([{"role": "system", "content": first}] if first else []), *_dicts(given)]


def _parts(turn: Json) -> Iterator[Part]:
    """Of a turn on any wire."""
    kind = str(turn.get("type") or "")
    if kind.endswith("_call_output"):
        yield Part("tool", _text(turn.get("output")))
        return
    if kind.endswith("_call"):
        yield _tool(
            str(turn.get("name") or kind), turn.get("arguments") or turn.get("input") or turn.get("action")
        )
        return
    role = str(turn.get("role") or "")
    by = {"assistant": "model", "developer": "system"}.get(role, role)
    content = turn.get("content")
    if isinstance(content, list):
        for part in _dicts(cast("Any", content)):
            if part.get("type") == "tool_use":
                yield _tool(str(part.get("name")), part.get("input"))
            elif part.get("type") == "tool_result":
                yield Part("tool", _text(part.get("content")))
            elif _text([part]).strip():
                yield Part(by, _text([part]))
    elif content or by == "tool":
        yield Part(by, str(content or ""))
    for call in _dicts(turn.get("tool_calls")):
        function = _dict(call.get("function"))
        yield _tool(str(function.get("name")), function.get("arguments"))


def _tool(name: str, arguments: Any) -> Part:
    """A lone argument stands for all."""
    given = _object(arguments.encode()) if isinstance(arguments, str) else _dict(arguments)
    values = list(given.values())
    one = values[0] if len(values) == 1 else given or arguments
    return Part("call", f"{name}: {one if isinstance(one, str) else json.dumps(one, ensure_ascii=False)}")


def _text(content: Any) -> str:
    if isinstance(content, list):
        return "".join(str(part.get("text") or "") for part in _dicts(cast("Any", content)))
    return "" if content is None else str(content)


def _object(data: bytes) -> Json:
    try:
        return _dict(json.loads(data))
    except (ValueError, RecursionError):
        return {}


def _dict(value: Any) -> Json:
    return cast("Json", value) if isinstance(value, dict) else {}


def _dicts(value: Any) -> list[Json]:
    return [_dict(item) for item in cast("list[Any]", value)] if isinstance(value, list) else []
