"""The patch in a model's answer, ready for `git apply`."""

from __future__ import annotations

import re
from collections.abc import Iterator
from hashlib import sha256

from verifiers.as_copied import text_in_json, unquoted

_OPENING = re.compile(
    r"(?P<indent>[ \t]*(?:(?:[-*]|\d{1,9}[.)])[ \t]+)?)(?P<fence>`{3,}|~{3,})[ \t]*(?P<kind>[\w+-]*)"
)
_MOST_UNCLOSED = 20
_TAGS = ("patch", "diff")
_FIELDS = ("patch", "model_patch", "diff", "answer")
_START = re.compile(r"^(?:diff --git |--- (?=[^\n]*\n\+\+\+ ))", re.MULTILINE)
_HUNK = re.compile(r"^@@ ", re.MULTILINE)
_COUNTS = re.compile(r"@@ -\d+(?:,(?P<old>\d{1,9}))? \+\d+(?:,(?P<new>\d{1,9}))? @@")
_FILE = re.compile(r"^\+\+\+ (\S+)|^--- (\S+)", re.MULTILINE)
_NO_HUNK = re.compile(
    r"^(?:rename to |new file mode |deleted file mode |new mode |GIT binary patch)", re.MULTILINE
)
_BODY = ("+", "-", " ", "@", "\\", "\t")
_HEAD = (
    *("diff ", "index ", "old mode", "new mode", "new file", "deleted file", "similarity", "dissimilarity"),
    *("rename ", "copy ", "Binary ", "GIT binary"),
)


def extract(text: str) -> str | None:
    """The patch of an answer, or None if there is none. Blocks marked diff or patch come first (fenced or in
    tags), then other fenced blocks that hold one, then a bare diff in the text.

    Several blocks are one patch if each touches files of its own; else the last one stands, as the answer that
    the model ended with. What stands before `</think>` is no answer; a JSON object may hold it as its `patch`.
    """
    if len(text) == text.count("\n") + text.count("\r"):
        return None
    if "\r\n" in text and text.count("\r\n") == text.count("\n"):
        text = text.replace("\r\n", "\n")  # an answer in that line ending throughout, not a file's
    text = _after_thinking(text)
    text = unquoted(text_in_json(text, _FIELDS) or text)
    fenced = list(_fenced(text.split("\n")))
    marked = [body for kind, body in fenced if kind in _TAGS] + list(_tagged(text))
    for blocks in (marked, [body for _, body in fenced]):
        patches = [patch for patch in map(_bare, blocks) if patch is not None]
        if patches:
            return _joined(patches)
    return _bare(text)


def _after_thinking(text: str) -> str:
    """What follows the last `</think>`, unless that is a line of a patch."""
    head, mark, tail = text.rpartition("</think>")
    in_patch = head.rpartition("\n")[2].startswith(("+", "-", " "))
    return tail if mark and tail.strip() and not in_patch else text


def name_of(patch: str) -> str:
    """The patch's name, by its content: the same patch has the same name in every sample and every run."""
    return f"patch-{sha256(patch.encode('utf-8')).hexdigest()[:20]}"


def _fenced(lines: list[str]) -> Iterator[tuple[str, str]]:
    """(label, body) of each closed block. In an item of a list the block is indented as a whole. A bare diff holds no
    block: what looks like one is a line of a file."""
    at, in_diff, unclosed = 0, False, 0
    while at < len(lines) and unclosed < _MOST_UNCLOSED:
        line = lines[at]
        at += 1
        in_diff = (
            line.startswith("diff --git ")
            or (line.startswith("--- ") and at < len(lines) and lines[at].startswith("+++ "))
            or (in_diff and (not line or line.startswith(_BODY + _HEAD)))
        )
        opening = None if in_diff else _OPENING.match(line)
        if opening is None:
            continue
        width, fence = len(opening["indent"]), opening["fence"]
        for end in range(at, len(lines)):
            inside = lines[end].lstrip(" \t")
            if inside.startswith(fence) and len(lines[end]) - len(inside) <= width:
                yield opening["kind"].lower(), _moved_left(lines[at:end])
                at = end + 1
                break
        else:
            unclosed += 1


def _moved_left(lines: list[str]) -> str:
    """Without the indentation that all lines share: a diff's own first line has none."""
    width = min((len(line) - len(line.lstrip(" \t")) for line in lines if line.strip()), default=0)
    return "".join(f"{line[width:]}\n" for line in lines)


def _tagged(text: str) -> Iterator[str]:
    for tag in _TAGS:
        opening, closing, at = f"<{tag}>", f"</{tag}>", 0
        while (start := text.find(opening, at)) >= 0 and (end := text.find(closing, start)) >= 0:
            yield text[start + len(opening) : end].removeprefix("\n")
            at = end


def _bare(text: str) -> str | None:
    """From where a diff starts to where it ends; None if there is none. Blank lines at the end belong to it as far
    as its last hunk counts them."""
    start = _START.search(text)
    if start is None:
        return None
    lines: list[str] = []
    old = new = ends = 0
    binary = False  # its own lines look like anything
    for line in text[start.start() :].removesuffix("\n").split("\n"):
        if line and not line.startswith(_BODY + _HEAD) and not binary:
            break
        if line.startswith(("diff --git ", "GIT binary patch")):
            binary = line.startswith("GIT")
        lines.append(line)
        if counts := _COUNTS.match(line):
            old, new = int(counts["old"] or 1), int(counts["new"] or 1)
        elif (old > 0 or new > 0) and not line.startswith("\\"):
            old -= not line.startswith("+")
            new -= not line.startswith("-")
            ends = len(lines) if old <= 0 and new <= 0 else ends
    while len(lines) > ends and not lines[-1].strip():
        lines.pop()
    patch = "\n".join(lines) + "\n"
    return patch if _HUNK.search(patch) or _NO_HUNK.search(patch) else None


def _joined(patches: list[str]) -> str:
    seen: set[str] = set()
    for patch in patches:
        files = {_plain(new or old) for new, old in _FILE.findall(patch)} - {"/dev/null"}
        if files & seen:
            return patches[-1]
        seen |= files
    return "".join(patches)


def _plain(name: str) -> str:
    return name.removeprefix("a/").removeprefix("b/")
