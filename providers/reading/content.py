"""The content of a message as servers of OpenAI's chat API give it: a text, typed parts, or something else. Pure."""

from __future__ import annotations

from typing import Any, cast

from providers.reading.lenient_json import as_object, written


def content_of(content: object) -> tuple[str, str | None]:
    """(text, thinking) of a message's content: text, a typed part or a list of them; else what it is in JSON."""
    fields = as_object(content)
    is_part = "type" in fields or isinstance(fields.get("text"), str)
    if not is_part and not isinstance(content, list):
        return written(content), None
    text: list[str] = []
    thinking: list[str] = []
    for part in [fields] if is_part else cast("list[Any]", content):
        if not isinstance(part, dict):
            text.append(written(part))
            continue
        fields = cast("dict[str, Any]", part)
        if fields.get("type") == "thinking":
            thinking.append(content_of(fields.get("thinking"))[0])
        elif fields.get("type") in ("text", "output_text", None):
            text.append(written(fields.get("text")))
    return "".join(text), "".join(thinking) or None
