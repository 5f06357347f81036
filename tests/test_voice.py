"""How manyfew speaks: phrases that the code's texts and docstrings no longer use, with what they say instead."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from providers import errors

ROOT = Path(__file__).parents[1]
PACKAGES = ("manyfew", "orchestrator", "pricing", "providers", "verifiers", "benchmarks")
FILES = sorted(file for package in PACKAGES for file in (ROOT / package).rglob("*.py"))
AVOIDED = {
    r"dear(er|est)?": "expensive",
    r"nothing is left to ask": "all samples collected",
    r"has asked for all": "last request sent",
    r"(charged|presumed) at (its|their) bound": "counted at the most it can cost",
    r"held by what is in flight": "set aside for running requests",
    r"only what no problem costs": "leave out policies that can cost more than this on any one problem",
    r"(requests|what is) in flight may land": "wait for requests in flight",
    r"goes on where": "continues where",
    r"no sampled number of": "even N × it solve less",
    r"the answer turns": "stays the better buy unless",
    r"has no mean over": "has no average",
    r"no cheap_k": "reach, less than",
    r"brought no sample": "bought nothing",
    r"billed in vain": "billed without a usable sample",
    r"without a word of": "missing from",
    r"thrice looked at": "after three checks",
    r"a success ends a problem": "a problem ends at its first success",
    r"takes an earlier report's place|in an earlier one's place": "overwrites an earlier report",
    r"won't do": "what is wrong, and the right form",
    r"why believe it": "guarantees and evidence",
    r"told by a line end": "writes one more newline to find out",
    r"is of one moment": "from the same moment",
    r"could not be told": "has no verdict",
}


def texts(file: Path) -> Iterator[tuple[int, str]]:
    """Its texts and docstrings, with their lines; parts of f-strings are joined."""
    tree = ast.parse(file.read_text("utf-8"))
    inner = {
        id(value) for node in ast.walk(tree) if isinstance(node, ast.JoinedStr) for value in ast.walk(node)
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.JoinedStr):
            parts = (value.value if isinstance(value, ast.Constant) else "…" for value in node.values)
            yield node.lineno, "".join(map(str, parts))
        elif isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in inner:
            yield node.lineno, node.value


@pytest.mark.parametrize("package", PACKAGES)
def test_texts_and_docstrings_speak_plainly(package):
    found = [
        f"{file.relative_to(ROOT)}:{line}: {match[0]!r}: say {better!r}"
        for file in FILES
        if file.is_relative_to(ROOT / package)
        for line, text in texts(file)
        for phrase, better in AVOIDED.items()
        for match in re.finditer(rf"\b(?:{phrase})\b", " ".join(text.split()), re.IGNORECASE)
    ]
    assert found == []


def test_no_comment_and_no_name_says_dear():
    found = [
        f"{file.relative_to(ROOT)}: {match[0]}"
        for file in FILES
        for match in re.finditer(r"\w*dear\w*", file.read_text("utf-8"), re.IGNORECASE)
    ]
    assert found == []


def test_an_error_of_a_provider_is_named_in_words():
    names = [
        n for n, e in vars(errors).items() if isinstance(e, type) and issubclass(e, errors.ProviderError)
    ]
    classes = re.compile(
        rf"\b({'|'.join(names)})\b \d*×|\b({'|'.join(n for n in names if n != 'Stopped')}) \d{{3}}\b"
    )
    found = [
        f"{file.relative_to(ROOT)}:{line}: {text}"
        for file in (ROOT / "orchestrator/report").rglob("*.py")
        for line, text in texts(file)
        if classes.search(text)
    ]
    assert found == []


def test_the_check_sees_what_it_looks_for(tmp_path):
    (tmp_path / "a.py").write_text(
        'def f(x):\n    """It goes\n    on where."""\n    return f"a {x} won\'t do"\n'
    )
    assert list(texts(tmp_path / "a.py")) == [(2, "It goes\n    on where."), (4, "a … won't do")]
