"""The program in a model's answer.

What a reasoning model thought (up to the last `</think>`) is left out. Of an answer in tags that a prompt asked for
(`<code>…</code>`, `[PYTHON]…[/PYTHON]`, `[BEGIN]…[DONE]`), only what stands between the last of them is read. Then:

1. Of the fenced blocks (``` or ~~~, closed or cut off) those marked as Python, else those without a mark, else any;
   for a function those that define it, if some do; and of these the last (or the first: `block = "first"`, as
   "Large Language Monkeys" does). Blocks before it that only define or import what it uses without defining it go
   first. Before that, an answer to few-shot examples is cut if it goes on to ask itself the next question (a line
   that begins with `Q:` or `Question:`).
2. Without a block, the text itself: for a function, all of it if it defines the function, else the continuation of
   the prompt, cut if something new begins at the left margin, as the HumanEval paper's stop sequences do
   (`class`, `def`, `#`, `if`, `print`; here also decorators, imports, assertions, fences and end markers). If that
   is no Python, what stands in single backticks.

An answer that is a JSON object with the program as its `code` is that program. Where the program's own lines are no
Python, what a notebook or a session at Python's prompt left among them is left out.

A function that is only there as a method of a class (`class Solution`, as LeetCode asks for it) is called on an
instance of it.

Several readings of one answer are alternatives in a fixed order (with the indentation that a chat API has stripped
put back, without the prose around a definition). The first that is Python is run, and no other.
"""

from __future__ import annotations

import html
import re
import textwrap
from collections.abc import Iterator
from functools import lru_cache

from verifiers.as_copied import readable, text_in_json, without_session
from verifiers.code.definitions import helpers_of, method_of
from verifiers.code.problem import FunctionProblem

MAX_TEXT = 200_000
"""Characters of an answer that are looked at; a longer one is no program."""
Alternatives = list[list[str]]
"""Readings of an answer, each in parts that run one after the other in one namespace."""

_FENCE = re.compile(r"^[ \t>]*(?:(?:[-*]|\d{1,9}[.)])[ \t]+)?(`{3,}|~{3,})[ \t]*([^`\n]*)$", re.MULTILINE)
_INLINE_FENCE = re.compile(r"```(?=[^`\s])([^`]*)```")
_FIELDS = ("code", "solution", "program", "completion", "answer", "python")
_INLINE_LANGUAGE = re.compile(r"\A(?:python3?|py) ")
_ATTRIBUTES = re.compile(r"\{\s?\.?([A-Za-z0-9]{1,20})[^}]{0,80}\}$")
_PYTHON = re.compile(r"(?:python|py|python3|py3|pypy3?|python 3|ipython)\b", re.IGNORECASE)
_MARK = re.compile(r"(?:[A-Za-z][\w+#.-]{0,20}|(?:python|py)[\w]{0,9}[ \t{:,].*)$", re.IGNORECASE)
_TAG = re.compile(
    r"(?<![\"'`\w])(?:<(?P<tag>code|python|program|solution|answer)(?: [^<>\n]{0,80})?>"
    r"|\[(?P<mark>PYTHON|CODE|BEGIN|SOLUTION|ANSWER)\])",
    re.IGNORECASE,
)
_MOST_TAGS = 50
_ESCAPED = re.compile(r"&(?:lt|gt|quot|#39);")
_NO_PROGRAM = re.compile(
    r"(?:^|\n)[ \t>*#-]{0,9}(?:(?:sample|example|expected|console|test|the|for|your|program|this)[ ]){0,3}"
    r"(?:in|out)puts?\b[^\n]{0,25}\s{0,9}\Z",
    re.IGNORECASE,
)
"""What announces a block that is no program."""
_LAST_TOKEN = re.compile(r"<\|(?:endoftext|end_of_text|im_end|eot_id|end|EOT)\|>")
_END_TOKEN = re.compile(r"(?<=[`~])(?:<\|?[a-z_]{1,20}\|?>|</s>)\s{0,9}$", re.IGNORECASE)
_QUOTED = re.compile(r"^(?:>>>|\.\.\.|>)(?:[ ]|$)", re.MULTILINE)
"""Before each line of a block within a quotation, or of one copied from Python's prompt."""
_LANGUAGE_LINE = re.compile(r"\A\s{0,9}(?:python ?3?|py)(?: ?copy(?: code)?)?[ \t]{0,9}\n", re.IGNORECASE)
"""What is left of a fence, or of a page that code was copied from."""
_INLINE = re.compile(r"(?<!`)`([^`]{3,2000})`(?!`)")
_MOST_PARAGRAPHS = 8
_PROSE = re.compile(r"[A-Z][a-z']*+ [^=()\[\]{}#]*[.:!]")
_NEXT_QUESTION = re.compile(r"^(?:Q|Question):", re.MULTILINE)
_STOP = re.compile(
    r"\n(?:class\b|def\b|async def\b|#|if\b|print\b|@|import\b|from\b|assert\b|```|~~~|<\||</)|<\|?endoftext|</?s>"
)
_MARGIN = re.compile(r"\n(?=[^\s])")
_RETURNS = re.compile(r"^return\b", re.MULTILINE)
_CDATA = re.compile(r"\A\s{0,9}<!\[CDATA\[(.*?)\]\]>\s{0,9}\Z", re.DOTALL)
_CODE_SIGN = re.compile(
    r"^(?:(?:import|from|def|async def|class|for|while|if|print|return)\b|@)"
    r"|^[ \t]*\w++(?:, ?\w++){0,9} ?=|\b(?:print|input)\(",
    re.MULTILINE,
)
_CODE_LINE = re.compile(r"^(?:(?:import|from|def|async def|class)\b|@)", re.MULTILINE)


def whole_program(text: str, *, first_block: bool = False) -> Alternatives:
    """The readings of an answer that is a program of its own; [] if there is none."""
    text = _answered(text)
    question = _NEXT_QUESTION.search(text)
    if question and question.start() > 0 and text[: question.start()].strip():
        text = text[: question.start()]
    blocks = _of_python(_blocks(text))
    if blocks:
        block = blocks[0 if first_block else -1]
        helpers = helpers_of(blocks, block)
        return _unique([*_with([], helpers, block), [_tagged(block)]])
    inline = [code for code in _INLINE.findall(text) if "(" in code][-1:]
    readings = (text, textwrap.dedent(text), text.strip(), *_code_in(text), *_paragraphs(text), *inline)
    return _unique([[part] for part in readings])


def function(text: str, problem: FunctionProblem, *, first_block: bool = False) -> Alternatives:
    """The readings of an answer that gives a problem's `entry_point`, as a whole or as the rest of its `prompt`."""
    text = _answered(text)
    prompt, name, stub = problem.prompt, problem.entry_point, problem.stub
    defines = re.compile(rf"^[ \t]*(?:async[ \t]+)?def[ \t]+{re.escape(name)}\b", re.MULTILINE)
    blocks = _blocks(text)
    those = [body for _, body in blocks if defines.search(body)]
    if those:
        block = those[0 if first_block else -1]
        helpers = helpers_of([body for _, body in blocks], block)
        return _bound(_unique(_with([stub], helpers, block)), name)
    inline = [code for code in _INLINE.findall(text) if defines.search(code)][-1:]
    if (defines.search(text) or not stub) and not blocks:
        return _bound(
            _unique([[stub, part] for part in (text, text.strip(), *_code_in(text), *inline)]), name
        )
    if not stub:  # the prompt is prose: nothing goes on from it
        return _unique([[_of_python(blocks)[0 if first_block else -1]]])
    if not blocks or _begins_indented(text):
        cut = _STOP.split("\n" + text, maxsplit=1)[0][1:]
        margin = _MARGIN.split(text, maxsplit=1)[0]
        returned = [code for code in _INLINE.findall(text) if code.startswith("return ")][-1:]
        bare = [_indented(prompt, text)] if _RETURNS.search(text) else []  # no program of its own may return
        return _unique(
            [
                *bare,
                *_continuations(prompt, cut),
                *_continuations(prompt, margin),
                *([stub, code] for code in inline),
                *(reading for code in returned for reading in _continuations(prompt, code)),
            ]
        )
    block = _of_python(blocks)[0 if first_block else -1]
    return _unique(_continuations(prompt, block))


def _with(before: list[str], helpers: list[str], block: str) -> Alternatives:
    """The block after what it needs: as it is, or without its margin."""
    plain = [textwrap.dedent(one) for one in (*helpers, block)]
    return [[*before, *helpers, block], [*before, *plain]]


def _bound(alternatives: Alternatives, name: str) -> Alternatives:
    """With a last part for what is only a method: its name, outside of the class."""
    return [[*parts, *method_of(textwrap.dedent(parts[-1]), name)] for parts in alternatives]


def _answered(text: str) -> str:
    """The part of an answer that holds the program."""
    text = _after_thinking(text)
    return _without_language(_tagged(text_in_json(text, _FIELDS) or text))


def _without_language(text: str) -> str:
    return _LANGUAGE_LINE.sub("", text)


def _continuations(prompt: str, rest: str) -> Alternatives:
    """The prompt goes on with the rest: as it is, with the first line's indentation put back, or with all of it."""
    if not rest.strip():
        return []
    first = "    " + rest.lstrip()
    return [[prompt + rest], [prompt + first], _indented(prompt, rest)]


def _indented(prompt: str, rest: str) -> list[str]:
    return [prompt + textwrap.indent(textwrap.dedent(rest), "    ")]


def _begins_indented(text: str) -> bool:
    """As the body of a function does; an indented fence is no body."""
    rest = text.lstrip()
    indent = text[: len(text) - len(rest)].rpartition("\n")[2]
    return bool(indent) and not rest.startswith(("```", "~~~"))


def _plain(text: str) -> str:
    """Without what an editor or a chat template leaves: marks of byte order, an end token after a fence."""
    last = _LAST_TOKEN.search(text)
    text = text[: last.start()] if last and text[: last.start()].strip() else text
    return _END_TOKEN.sub("", readable(text))


def _after_thinking(text: str) -> str:
    if len(text) > MAX_TEXT:
        return ""
    head, mark, tail = _plain(text).rpartition("</think>")
    return tail if mark and (tail.strip() or not head.strip()) else head + mark + tail


def _tagged(text: str) -> str:
    """What stands between the last tags outside of fenced blocks; the text if there are none."""
    found = list(_TAG.finditer(text))
    if not found:
        return text
    lower, fenced = text.lower(), [(start, end) for start, end, _, _ in _fences(text)]
    for opening in reversed(found[-_MOST_TAGS:]):
        name = (opening["tag"] or opening["mark"]).lower()
        closing = f"</{name}>" if opening["tag"] else ("[done]" if name == "begin" else f"[/{name}]")
        end = lower.find(closing, opening.end())
        inside = text[opening.end() : end if end >= 0 else len(text)].strip("\r\n")
        inside = _CDATA.sub(r"\1", inside)
        closed = end >= 0 or opening["mark"] or name == "code"
        if closed and inside.strip() and not any(start < opening.start() < end for start, end in fenced):
            return f"{html.unescape(inside) if _ESCAPED.search(inside) else inside}\n"
    return text


def _blocks(text: str) -> list[tuple[str, str]]:
    """(mark, body) of each fenced block."""
    if (whole := _before_lone_fence(text)) is not None:
        return [("", whole)]
    found = [
        (mark, body, mark or not _NO_PROGRAM.search(text, max(0, start - 100), start))
        for start, _, mark, body in _fences(text)
    ]
    blocks = [
        (mark, body) for mark, body, is_program in found if is_program or not any(one for _, _, one in found)
    ]
    return blocks or [
        ("", _INLINE_LANGUAGE.sub("", match[1].strip()) + "\n") for match in _INLINE_FENCE.finditer(text)
    ]


def _before_lone_fence(text: str) -> str | None:
    """The program of an answer whose opening fence was in the prompt, so that only the closing one is there."""
    opening = _FENCE.search(text)
    if opening is None or opening[2].strip() or _FENCE.search(text, opening.end()):
        return None
    before, after = text[: opening.start()], text[opening.end() :]
    return before if _CODE_SIGN.search(before) and not _CODE_SIGN.search(after) else None


def _fences(text: str) -> Iterator[tuple[int, int, str, str]]:
    """(start, end, mark, body) of each fenced block; one that is cut off goes to the end."""
    at = 0
    while opening := _FENCE.search(text, at):
        fence, mark = opening[1], opening[2].strip()
        # At the end of a line is enough: few-shot examples have their fences on the lines of the program.
        closing = _closing(fence).search(text, opening.end())
        at = closing.end() if closing else len(text)
        inside = text[opening.end() + 1 : closing.start() if closing else len(text)]
        lines = inside.rstrip().split("\n")
        if lines[0].startswith(">") and all(map(_QUOTED.match, lines)):
            inside = _QUOTED.sub("", inside)
        if (program := text_in_json(inside, _FIELDS)) is not None:
            mark, inside = "", program
        mark = _ATTRIBUTES.sub(r"\1", mark)
        if mark and not _MARK.match(mark):  # ```n = int(input()): the code begins on the fence's own line
            mark, inside = "", f"{mark}\n{inside}"
        yield opening.start(), at, mark, f"{_without_language(inside).rstrip()}\n"


@lru_cache(maxsize=16)
def _closing(fence: str) -> re.Pattern[str]:
    return re.compile(rf"(?<!{fence[0]}){fence[0]}{{{len(fence)},}}[ \t]*$", re.MULTILINE)


def _of_python(blocks: list[tuple[str, str]]) -> list[str]:
    """Those marked as Python, else those without a mark, else all."""
    marked = [body for mark, body in blocks if _PYTHON.match(mark)]
    return marked or [body for mark, body in blocks if not mark] or [body for _, body in blocks]


def _code_in(text: str) -> list[str]:
    """The text from its first line of code on, without the prose before and after."""
    start = _CODE_LINE.search(text)
    if start is None:
        return []
    tail = text[start.start() :]
    lines = tail.split("\n")
    code = [
        at
        for at, line in enumerate(lines)
        if line[:1] in (" ", "\t", ")", "]", "}") or _CODE_LINE.match(line)
    ]
    return [tail, "\n".join(lines[: code[-1] + 1]) + "\n"]


def _paragraphs(text: str) -> list[str]:
    """The text up to each of its last paragraphs, the same without a first line that announces the program, and all
    after paragraphs of prose."""
    first, _, rest = text.strip().partition("\n")
    parts = text.strip().split("\n\n")
    found = ["\n\n".join(parts[:end]) for end in range(len(parts) - 1, 0, -1)[:_MOST_PARAGRAPHS]]
    if first.rstrip().endswith(":") and rest.strip():
        announced = len(first) + 1
        found += [part[announced:] for part in (text.strip(), *found) if part[announced:].strip()]
    begin = next((at for at, part in enumerate(parts[:_MOST_PARAGRAPHS]) if not _PROSE.fullmatch(part)), 0)
    return [*found, "\n\n".join(parts[begin:])] if begin else found


def _unique(alternatives: Alternatives) -> Alternatives:
    out: Alternatives = []
    for parts in [
        *alternatives,
        *([*parts[:-1], without_session(parts[-1])] for parts in alternatives if parts),
    ]:
        if parts not in out and any(part.strip() for part in parts[-1:]):
            out.append(parts)
    return out
