"""From a problem to what is sent: templates with plain `{field}` names, and `{{`, `}}` for braces.

No attribute access, no index, no format or conversion: a template is text, never code.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from orchestrator.errors import InputError
from orchestrator.problems.types import Api, Problem
from providers.types import Message, Prompt

_PIECE = re.compile(r"\{\{|\}\}|\{([^{}]*)\}|\{|\}")
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
WHERE = "prompt.template"


@lru_cache(maxsize=64)
def parse(template: str) -> tuple[tuple[str, str | None], ...]:
    """A template as (literal text, field that follows it or None) pairs; InputError for anything else."""
    pieces: list[tuple[str, str | None]] = []
    text = ""
    at = 0
    for match in _PIECE.finditer(template):
        text += template[at : match.start()]
        at = match.end()
        found = match.group()
        if found in ("{{", "}}"):
            text += found[0]
        elif found in ("{", "}"):
            raise InputError(
                WHERE, f"a lone {found} at character {match.start() + 1}", "write {{ and }} for braces"
            )
        elif _NAME.fullmatch(name := match.group(1)):
            pieces.append((text, name))
            text = ""
        else:
            raise InputError(
                WHERE, f"{found[:60]!r} is not a plain field name", "{question}; write {{ and }} for braces"
            )
    pieces.append((text + template[at:], None))
    return tuple(pieces)


def fields(template: str) -> tuple[str, ...]:
    """The field names of a template, in order, each once."""
    return tuple(dict.fromkeys(name for _, name in parse(template) if name is not None))


def fill(template: str, problem: Problem) -> str:
    """The template with the problem's fields put in. Values are never read as templates."""
    values = _fields_of(problem.data)
    out: list[str] = []
    for text, name in parse(template):
        out.append(text)
        if name is None:
            continue
        if values.get(name) is None:
            known = ", ".join(sorted(key for key, value in values.items() if value is not None))
            raise InputError(WHERE, f"problem {problem.key!r} has no field {name!r}", f"it has {known}")
        out.append(_plain(values[name]))
    return "".join(out)


def build(template: str, system: str | None, api: Api, problem: Problem) -> Prompt:
    """What is sent for one problem. A problem's own `messages` are sent as they are. The completions wire
    has no system part: a system prompt stated there goes before the text, with a blank line between."""
    messages = problem.data.get("messages")
    if messages is not None:
        if api == "completions":
            raise InputError(
                f"problem {problem.key!r}",
                "has messages, which the completions wire cannot send",
                'use api = "chat"',
            )
        return Prompt(messages=tuple(Message(m["role"], m["content"]) for m in messages))
    text = fill(template, problem)
    if not text.strip():
        raise InputError(WHERE, f"the prompt of problem {problem.key!r} is empty", "put {question} into it")
    if api == "completions":
        return Prompt(text=f"{system}\n\n{text}" if system else text)
    head = (Message("system", system),) if system else ()
    return Prompt(messages=(*head, Message("user", text)))


def _fields_of(data: Mapping[str, Any]) -> Mapping[str, Any]:
    """The problem's fields; `prompt` also answers to `question`, since a file may carry either."""
    if data.get("question") is None and data.get("prompt") is not None:
        return {**data, "question": data["prompt"]}
    return data


def _plain(value: object) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
