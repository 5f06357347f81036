"""The patch in a model's answer, ready for `git apply`."""

from __future__ import annotations

import re
from hashlib import sha256

_FENCE = re.compile(
    r"^(?P<fence>`{3,}|~{3,})[ \t]*(?P<kind>[\w+-]*)[^\n]*\n(?P<body>.*?)^(?P=fence)",
    re.MULTILINE | re.DOTALL,
)
_TAG = re.compile(r"<(patch|diff)>\n?(?P<body>.*?)</\1>", re.DOTALL)
_START = re.compile(r"^(?:diff --git |--- (?=[^\n]*\n\+\+\+ ))", re.MULTILINE)
_HUNK = re.compile(r"^@@ ", re.MULTILINE)
_FILE = re.compile(r"^\+\+\+ (\S+)|^--- (\S+)", re.MULTILINE)
_NO_HUNK = re.compile(
    r"^(?:rename to |new file mode |deleted file mode |new mode |GIT binary patch)", re.MULTILINE
)
_LABELS = frozenset({"diff", "patch"})
_BODY = ("+", "-", " ", "@", "\\", "\t")
_HEAD = (
    *("diff ", "index ", "old mode", "new mode", "new file", "deleted file", "similarity", "dissimilarity"),
    *("rename ", "copy ", "Binary ", "GIT binary"),
)


def extract(text: str) -> str | None:
    """The patch of an answer, or None if there is none. Blocks marked diff or patch come first (fenced or in
    tags), then other fenced blocks that hold one, then a bare diff in the text.

    Several blocks are one patch if each touches files of its own; else the last one stands, as the answer that
    the model ended with.
    """
    if len(text) == text.count("\n") + text.count("\r"):
        return None
    if "\r\n" in text and text.count("\r\n") == text.count("\n"):
        text = text.replace("\r\n", "\n")  # an answer in that line ending throughout, not a file's
    fenced = [(m["kind"].lower(), m["body"]) for m in _FENCE.finditer(text)]
    marked = [body for kind, body in fenced if kind in _LABELS] + [m["body"] for m in _TAG.finditer(text)]
    for blocks in (marked, [body for _, body in fenced]):
        patches = [patch for patch in map(_bare, blocks) if patch is not None]
        if patches:
            return _joined(patches)
    return _bare(text)


def name_of(patch: str) -> str:
    """The patch's name, by its content: the same patch has the same name in every sample and every run."""
    return f"patch-{sha256(patch.encode('utf-8')).hexdigest()[:20]}"


def _bare(text: str) -> str | None:
    """From where a diff starts to where it ends; None if there is none."""
    start = _START.search(text)
    if start is None:
        return None
    lines: list[str] = []
    for line in text[start.start() :].split("\n"):
        if line and not line.startswith(_BODY + _HEAD) and not _binary(lines):
            break
        lines.append(line)
    while lines and not lines[-1].strip():
        lines.pop()
    patch = "\n".join(lines) + "\n"
    return patch if _HUNK.search(patch) or _NO_HUNK.search(patch) else None


def _binary(lines: list[str]) -> bool:
    """Whether these lines end inside a binary patch, whose own lines look like anything."""
    for line in reversed(lines):
        if line.startswith("diff --git "):
            return False
        if line.startswith("GIT binary patch"):
            return True
    return False


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
