"""Source `jsonl`: problems of the user's own, one JSON object a line, or an array of them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import IO, Any, cast

from orchestrator.errors import InputError
from orchestrator.problems.lines import decode_lines
from orchestrator.problems.rows import field, read_rows, renamed
from orchestrator.problems.types import Api, Problem, ProblemsSpec

ROLES = ("system", "user", "assistant")


class Jsonl:
    """Each line carries one of `question`, `prompt` and `messages`, usually `answer`, and anything else
    that a template or a verifier names. `id` is text or a whole number and is unique in the file; without it the key
    is the line's number from 0. `rename` gives a field another name."""

    system: str | None = None
    few_shot = False

    @property
    def verifier(self) -> tuple[str, Mapping[str, Any]]:
        return "numeric", {}

    def template(self, spec: ProblemsSpec, api: Api, /) -> str:
        return "{question}"

    def read(self, spec: ProblemsSpec, /) -> Iterator[Problem]:
        if spec.path is None:
            raise InputError("problems.path", "source jsonl needs a file", 'add path = "…"')
        where = str(spec.path)
        rows = read_rows(spec.path)
        return parse((named(number, row, where, spec.rename) for number, row in rows), where)


NAMES = ("id", "question", "prompt", "messages", "answer")


def named(
    number: int, row: Mapping[str, Any], where: str, rename: Mapping[str, str], prefix: str = ""
) -> tuple[int, dict[str, Any]]:
    """The row with its fields by the names used here, whatever their case; `Problem` is a question too. A row without
    an id is numbered from 0, behind `prefix`."""
    data = renamed(row, rename, f"{where}:{number}")
    for name in NAMES:
        if name not in data and (key := field(row, name)) is not None:
            data[name] = row[key]
    if not any(name in data for name in NAMES[1:4]) and (key := field(row, "problem")) is not None:
        data["question"] = row[key]
    data.setdefault("id", f"{prefix}{number - 1}")
    return number, data


def parse_file(lines: IO[bytes], where: str) -> Iterator[Problem]:
    """The problems of an open file in this format."""
    return parse(
        (named(number, row, where, {}) for number, row in decode_lines(lines, where)),
        where,
    )


def parse(objects: Iterator[tuple[int, dict[str, Any]]], where: str) -> Iterator[Problem]:
    """Checks each object and yields it as a problem; `where` names the file in errors."""
    seen: dict[str, int] = {}
    for number, data in objects:
        key = _key(data, f"{where}:{number}")
        if key in seen:
            raise InputError(
                f"{where}:{number}",
                f"id {key!r} is taken by line {seen[key]}",
                "give every problem an id of its own",
            )
        seen[key] = number
        _check_question(data, f"{where}:{number}")
        yield Problem(key, data)
    if not seen:
        raise InputError(where, "holds no problem", "one JSON object a line with question and answer")


def _key(data: Mapping[str, Any], where: str) -> str:
    value = data["id"]
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    if isinstance(value, str) and value.strip():
        return value
    raise InputError(where, "id is neither text nor a whole number", "give every problem an id of its own")


def _check_question(data: Mapping[str, Any], where: str) -> None:
    """At least one of question, prompt, messages, each of the right shape."""
    given = [name for name in ("question", "prompt", "messages") if data.get(name) is not None]
    if not given:
        raise InputError(where, "neither question nor prompt nor messages", "add one of them")
    for name in given:
        if name == "messages":
            _check_messages(data[name], where)
        elif not isinstance(data[name], str):
            raise InputError(where, f"{name} is not text", "write it as a string")
        elif not data[name].strip():
            raise InputError(where, f"{name} is empty", "write what to ask")


def _check_messages(value: object, where: str) -> None:
    if not isinstance(value, list) or not value:
        raise InputError(where, "messages is not a list of messages", _MESSAGES_REMEDY)
    for at, message in enumerate(cast("list[object]", value)):
        if not isinstance(message, dict):
            raise InputError(where, f"messages[{at}] is not an object", _MESSAGES_REMEDY)
        fields = cast("dict[str, object]", message)
        if fields.get("role") not in ROLES:
            raise InputError(where, f"messages[{at}] has no role of {', '.join(ROLES)}", _MESSAGES_REMEDY)
        if not isinstance(fields.get("content"), str):
            raise InputError(where, f"messages[{at}] has no content as text", _MESSAGES_REMEDY)
        if extra := sorted(fields.keys() - {"role", "content"}):
            raise InputError(where, f"messages[{at}] has a field {extra[0]!r} that is not sent", "remove it")


_MESSAGES_REMEDY = '[{"role": "user", "content": "…"}, …]'
