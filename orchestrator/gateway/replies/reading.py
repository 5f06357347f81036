"""What the gateway reads of an answer on its way: which items it brought, and what tool it calls. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, cast

import msgspec

from providers.reading.error_text import one_line
from providers.reading.lenient_json import as_object, as_objects

LONGEST = 60


def items_brought(answer: bytes, wire: str) -> Iterator[str]:
    """The ids of a response's items, which a later call may name in their place."""
    if wire != "responses":
        return
    response = _response(answer)
    for item in as_objects(cast("list[Any]", response.get("output") or [])):
        if isinstance(item.get("id"), str):
            yield item["id"]


def tool_call(answer: bytes, wire: str) -> str | None:
    """The first words of the first tool that an answer calls, whole or as events; None if it calls none."""
    if wire != "responses" and _is_stream(answer):
        return _streamed_call(answer)
    fields = _response(answer) if wire == "responses" else _json(answer)
    if wire == "chat":
        for choice in as_objects(cast("list[Any]", fields.get("choices") or []))[:1]:
            message = as_object(choice.get("message"))
            for call in as_objects(cast("list[Any]", message.get("tool_calls") or []))[:1]:
                function = as_object(call.get("function"))
                return _words(function.get("name"), function.get("arguments"))
    elif wire == "messages":
        for block in as_objects(cast("list[Any]", fields.get("content") or [])):
            if block.get("type") == "tool_use":
                return _words(block.get("name"), block.get("input"))
    else:
        for item in as_objects(cast("list[Any]", fields.get("output") or [])):
            if item.get("type") in ("function_call", "custom_tool_call", "local_shell_call"):
                return _words(item.get("name"), item.get("arguments") or item.get("input"))
    return None


def _streamed_call(answer: bytes) -> str | None:
    """Of events of the wires chat or messages: the first call's pieces, put together."""
    name, pieces, first = "", list[str](), None
    for line in answer.split(b"\n"):
        event = _json(line[5:]) if line.startswith(b"data:") else {}
        for choice in as_objects(cast("list[Any]", event.get("choices") or [])):
            for call in as_objects(cast("list[Any]", as_object(choice.get("delta")).get("tool_calls") or [])):
                first = call.get("index") if first is None else first
                function = as_object(call.get("function"))
                if call.get("index") == first:
                    name = name or str(function.get("name") or "")
                    pieces.append(str(function.get("arguments") or ""))
        block = as_object(event.get("content_block"))
        if block.get("type") == "tool_use" and first is None:
            first, name = event.get("index"), str(block.get("name"))
        if first is not None and event.get("index") == first:
            pieces.append(str(as_object(event.get("delta")).get("partial_json") or ""))
    return _words(name, "".join(pieces)) if first is not None else None


def _words(name: object, arguments: object) -> str:
    if isinstance(arguments, str):
        arguments = _json(arguments.encode()) or arguments
    if isinstance(arguments, dict):
        values = cast("dict[str, Any]", arguments).values()
        arguments = next((value for value in values if isinstance(value, str)), "")
    return one_line(f"{name}: {arguments}")[:LONGEST]


def _response(answer: bytes) -> dict[str, Any]:
    if not _is_stream(answer):
        return _json(answer)
    for line in reversed(answer.split(b"\n")):
        if line.startswith(b"data:") and b'"response"' in line:
            return as_object(_json(line[5:]).get("response"))
    return {}


def _is_stream(answer: bytes) -> bool:
    return answer.lstrip().startswith((b"event:", b"data:", b":"))


def _json(text: bytes) -> dict[str, Any]:
    try:
        return as_object(msgspec.json.decode(text))
    except (msgspec.DecodeError, ValueError, RecursionError):
        return {}
