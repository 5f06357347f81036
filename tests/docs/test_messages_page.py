"""The page of messages quotes what the program says."""

from __future__ import annotations

import ast
import re

import pytest

from tests.docs.pages import DOCS, ROOT

QUOTED = re.compile(r'^### "(.+)"$', re.MULTILINE)
PACKAGES = ("orchestrator", "providers", "pricing")


def _said() -> str:
    texts: list[str] = []
    for package in PACKAGES:
        for file in (ROOT / package).rglob("*.py"):
            tree = ast.parse(file.read_text("utf-8"))
            constants = (node.value for node in ast.walk(tree) if isinstance(node, ast.Constant))
            texts += [value for value in constants if isinstance(value, str)]
    return "\n".join(texts)


def test_every_heading_is_part_of_a_message():
    said = _said()
    quoted = QUOTED.findall((DOCS / "messages.md").read_text("utf-8"))
    assert len(quoted) > 20
    assert [one for one in quoted if one not in said] == []


@pytest.mark.parametrize(
    "words", ["rate limited", "connection lost", "no usable answer", "server error", "no connection"]
)
def test_the_common_failures_are_there(words):
    assert words in QUOTED.findall((DOCS / "messages.md").read_text("utf-8"))
