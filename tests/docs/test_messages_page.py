"""The page of messages quotes what the program says."""

from __future__ import annotations

import ast
import re

from orchestrator.scheduler.admission import (
    ALL_AT_WORK,
    BEGINS,
    FULL,
    JUDGE_BEHIND,
    LOADS,
    PROVES_BOUND,
    SLOWED_DOWN,
)
from orchestrator.text.failure_words import KINDS, failure_words
from tests.docs.pages import DOCS, ROOT

HEADING = re.compile(r"^(?:###|\|) (\".+?\")(?: \|.*)?$", re.MULTILINE)
PACKAGES = ("orchestrator", "providers", "pricing")


def quoted() -> list[str]:
    """What the headings and the tables' first cells quote; some quote several messages."""
    headings: list[str] = HEADING.findall((DOCS / "messages.md").read_text("utf-8"))
    return [one for heading in headings for one in re.findall(r'"([^"]+)"', heading)]


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
    assert len(quoted()) > 20
    assert [one for one in quoted() if one not in said] == []


def test_every_way_to_fail_and_to_wait_is_there():
    fails = {words for kind in KINDS if (words := failure_words(kind)[0]) != kind}
    waits = {FULL, ALL_AT_WORK, SLOWED_DOWN, LOADS, JUDGE_BEHIND, BEGINS, PROVES_BOUND}
    assert (fails | waits) - set(quoted()) == set()
