"""What can be checked of the docs' one voice: plain words of today, and no diary."""

from __future__ import annotations

import re

import pytest

from tests.docs.pages import DOCS, ROOT

PAGES = sorted([*DOCS.rglob("*.md"), *ROOT.glob("*.md"), ROOT / "docs/sweep_keys.toml"])
AVOIDED = {
    r"dear(er|est)?": "expensive",
    r"thrice": "three times",
    r"as ever": "as usual",
    r"without a word of": "without",
    r"won't do": "what is wrong, and the right form",
    r"whether all is there": "checks your setup",
    r"goes on where": "continues where",
    r"nothing is left to ask": "done: all samples collected",
    r"foretold|foretell|foretells": "predicts",
    r"where it can't ask": "if it can't ask",
    r"(this|that) day's|half an hour earlier|this morning|of before": "what is, not how it came to be",
    r"what it rests on|what this rests on|why believe it": "assumptions; guarantees and evidence",
}


def _prose(text: str) -> str:
    """Without transcripts and code."""
    text = re.sub(r"^( *)```.*?^\1```$", "", text, flags=re.MULTILINE | re.DOTALL)
    return re.sub(r"`[^`\n]+`", "", text)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_the_page_speaks_plainly(page):
    text = _prose(page.read_text("utf-8"))
    found = [
        f"{match[0]!r}: say {better!r}"
        for phrase, better in AVOIDED.items()
        for match in re.finditer(rf"\b(?:{phrase})\b", text, re.IGNORECASE)
    ]
    assert found == []


def test_prose_has_no_transcripts():
    assert _prose("a\n```console\n$ dear\n```\nb\n  ```\n  dear\n  ```\n`dear`\n").split() == ["a", "b"]
