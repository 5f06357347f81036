"""An unstreamed reply's body cut into the events that its wire streams: the same reply, in pieces.

Cuts are drawn by a seed. Choices of one reply come interleaved, as servers send them; a choice that the body holds
twice comes again after the first has ended.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from random import Random
from typing import Any

PIECE = 9
"""The longest piece of a text, in characters."""


@dataclass(frozen=True)
class Event:
    """`name`: the event's own, where the wire names its events. `ends`: a sample is whole with it."""

    data: str
    name: str | None = None
    ends: bool = False

    @property
    def sent(self) -> bytes:
        name = f"event: {self.name}\n" if self.name else ""
        return f"{name}data: {self.data}\n\n".encode()


def named(name: str, ends: bool = False, **fields: Any) -> Event:
    return Event(json.dumps({"type": name, **fields}), name, ends)


def chat_events(body: dict[str, Any], random: Random, options: dict[str, Any]) -> list[Event]:
    """Of /v1/chat/completions and /v1/completions."""
    chat = body["object"] == "chat.completion"
    head = {name: value for name, value in body.items() if name not in ("choices", "usage")}
    head["object"] = "chat.completion.chunk" if chat else body["object"]

    def chunk(choices: list[dict[str, Any]], ends: bool = False, **more: Any) -> Event:
        return Event(json.dumps({**head, "choices": choices, **more}), ends=ends)

    events: list[Event] = []
    for pieces in _rounds(body["choices"]):
        waiting = [_pieces(choice, chat, random) for choice in pieces]
        while waiting:
            one = random.choice(waiting)
            piece = next(one, None)
            if piece is None:
                waiting.remove(one)
            else:
                events.append(chunk([piece], ends=piece["finish_reason"] is not None))
    if options.get("include_usage") and "usage" in body:
        events.append(chunk([], usage=body["usage"]))
    return [*events, Event("[DONE]")]


def _rounds(choices: list[dict[str, Any]]) -> list[list[dict[str, Any]]]:
    """First each index once, then those that come again."""
    rounds: list[list[dict[str, Any]]] = []
    times: Counter[int] = Counter()
    for choice in choices:
        turn = times[choice["index"]]
        times[choice["index"]] += 1
        if turn == len(rounds):
            rounds.append([])
        rounds[turn].append(choice)
    return rounds


def _pieces(choice: dict[str, Any], chat: bool, random: Random) -> Iterator[dict[str, Any]]:
    """The pieces of one choice: its role, its texts, its end; token ids with whatever brings them."""
    ids = choice.get("token_ids")
    base = {"index": choice["index"], "logprobs": None, "finish_reason": None}
    message = choice.get("message", {})
    texts = (
        [(name, message.get(name)) for name in ("reasoning", "reasoning_content", "refusal", "content")]
        if chat
        else [("text", choice["text"])]
    )
    cut = [(name, piece) for name, text in texts if text for piece in cuts(text, random)]
    shares = _dealt(ids, len(cut) + 1)
    if chat:
        yield {**base, "delta": {"role": "assistant", "content": ""}}
    for (name, piece), share in zip(cut, shares[:-1], strict=True):
        made = {**base, "delta": {name: piece}} if chat else {**base, name: piece}
        yield made if ids is None else {**made, "token_ids": share}
    last = {**base, "finish_reason": choice["finish_reason"]}
    last |= {"delta": {}} if chat else {"text": ""}
    yield last if ids is None else {**last, "token_ids": shares[-1]}


def _dealt(ids: list[int] | None, hands: int) -> list[list[int]]:
    given = ids or []
    return [given[i * len(given) // hands : (i + 1) * len(given) // hands] for i in range(hands)]


def cuts(text: str, random: Random) -> Iterator[str]:
    """The text in pieces."""
    at = 0
    while at < len(text):
        size = random.randint(1, PIECE)
        yield text[at : at + size]
        at += size


def message_events(body: dict[str, Any], random: Random) -> list[Event]:
    """Of Anthropic's /v1/messages."""
    usage = body.get("usage")
    start = {**body, "content": [], "stop_reason": None, "stop_sequence": None, "stop_details": None}
    if usage is not None:
        first = min(1, max(0, usage["output_tokens"]))  # never above the final count
        start["usage"] = {**usage, "output_tokens": first, "output_tokens_details": None}
    events = [named("message_start", message=start), named("ping")]
    for index, block in enumerate(body["content"]):
        name = {"text": "text", "thinking": "thinking"}.get(block["type"])
        begins = {**block, name: ""} if name else block
        events.append(named("content_block_start", index=index, content_block=begins))
        for piece in cuts(block[name], random) if name else ():
            delta = {"type": f"{name}_delta", name: piece}
            events.append(named("content_block_delta", index=index, delta=delta))
        events.append(named("content_block_stop", index=index))
    delta = {name: body[name] for name in ("container", "stop_reason", "stop_sequence", "stop_details")}
    totals = ("input_tokens", "output_tokens", "cache_creation_input_tokens", "cache_read_input_tokens")
    more = (
        {}
        if usage is None
        else {"usage": {name: usage[name] for name in (*totals, "output_tokens_details", "server_tool_use")}}
    )
    return [*events, named("message_delta", ends=True, delta=delta, **more), named("message_stop")]


def response_events(body: dict[str, Any], random: Random) -> list[Event]:
    """Of OpenAI's /v1/responses."""
    begun = {**body, "status": "in_progress", "output": [], "usage": None}
    events = [named("response.created", response=begun), named("response.in_progress", response=begun)]
    for index, item in enumerate(body["output"]):
        events.append(named("response.output_item.added", output_index=index, item={**item, "content": []}))
        for part in item.get("content", ()):
            text = part.get("text") or part.get("refusal") or ""
            for piece in cuts(text, random):
                events.append(named("response.output_text.delta", output_index=index, delta=piece))
            events.append(named("response.output_text.done", output_index=index, text=text))
        events.append(named("response.output_item.done", output_index=index, item=item))
    return [*events, named(f"response.{body['status']}", ends=True, response=body)]
