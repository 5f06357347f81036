"""The code of an answer: which part of a model's text is meant as the proof."""

from __future__ import annotations

import re
from collections.abc import Callable
from textwrap import dedent, indent

from verifiers.as_copied import readable, text_in_json, unquoted

_FENCE = re.compile(
    r"^[ \t]*(?:(?:[-*]|\d{1,9}[.)])[ \t]+)?(?:```+|~~~+)[ \t]*([\w+.#-]*)[^\n]*$", re.MULTILINE
)
_FIELDS = ("proof", "code", "solution", "answer")
_ANSWER = re.compile(
    r"<(?:answer|proof|code)>((?:(?!</(?:answer|proof|code)>).){0,200000})</(?:answer|proof|code)>", re.DOTALL
)
MAX_TEXT = 200_000
"""No proof is longer; what is, is refused unread."""


def code_of(text: str, languages: tuple[str, ...], is_whole: Callable[[str], bool]) -> str:
    """The last fenced block that states the theorem (`is_whole`), else the last one in a language of the prover or in
    none, else the text. What stands before `</think>` is no answer.

    Where the prompt itself opened the block, as prompts for base models do, the first fence closes it and what stands
    before it is the code. A block that is never closed, as after a stop sequence, ends with the text.
    """
    text = readable(text).rpartition("</think>")[2].lstrip("\n")
    text = unquoted(text_in_json(text, _FIELDS) or text)
    if (answer := _ANSWER.fullmatch(text.strip())) is not None:
        text = answer[1]
    fences = list(_FENCE.finditer(text))
    if not fences:
        return text
    if not fences[0].group(1) and len(fences) % 2 and text[: fences[0].start()].strip():
        return text[: fences[0].start()]
    blocks: list[tuple[str, str]] = []
    for at in range(0, len(fences), 2):
        end = fences[at + 1].start() if at + 1 < len(fences) else len(text)
        blocks.append((fences[at].group(1).lower(), text[fences[at].end() + 1 : end]))
    ours = [code for language, code in blocks if language in languages or not language]
    whole = [code for code in ours if is_whole(code)]
    return (whole or ours or [blocks[-1][1]])[-1]


def indented(body: str) -> str:
    """A block of tactics, moved as one to two spaces from the left: what stands below what stays."""
    return indent(dedent(body.strip("\n")), "  ").rstrip()


def plain(message: str, limit: int) -> str:
    """A prover's words, which hold the model's, without control characters and at most `limit` long."""
    clean = "".join(sign if sign == "\n" or sign.isprintable() else " " for sign in message).strip()
    return clean if len(clean) <= limit else f"{clean[: limit - 1]}…"


def first_line(message: str, limit: int = 200) -> str:
    return plain(" ".join(message.split("\n\n")[0].split()), limit)
