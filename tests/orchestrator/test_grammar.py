"""A count stands in front of its noun in the number that it asks for, in every sentence."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from orchestrator.grammar import by, many, part_of

ROOT = Path(__file__).parents[2]
NOUNS = (
    "answers|attempts|batches|calls|cells|characters|documents|examples|kinds|ledgers|models|nodes|notes|problems|"
    "programs|replies|requests|rows|runs|samples|tests|texts|verdicts"
)
BEFORE = re.compile(rf"\s(?:[a-z]+ )?(?:{NOUNS})\b|\s(?:are|have|were|stay|wait|match)\b")
NEVER_ONE = {
    "orchestrator/analysis/comparisons.py",  # "1 was sampled, which says" is the other branch
    "orchestrator/analysis/selection.py",  # above a limit of many thousands
    "orchestrator/analysis/study.py",  # "its one sample" is the other branch
    "orchestrator/ledger/exporting/logs.py",  # logs are of several models here
    "orchestrator/quickstart/make_tape.py",
    "orchestrator/report/live/log_lines.py",  # a ratio in a line for programs: 0/1 samples
    "orchestrator/report/terminal/show.py",  # of a text too long to be shown
    "orchestrator/report/terminal/warnings_table.py",  # several models' rows as one
    "orchestrator/text/empty_words.py",  # of ten or more
    "orchestrator/text/one_sided_words.py",  # from twenty
    "verifiers/cluster/ray_executor.py",  # of several
}


def counts_before_plurals(source: str) -> Iterator[tuple[int, str]]:
    """Of its f-strings: a whole number in braces, and a plural that stands behind it whatever the number is."""
    for node in ast.walk(ast.parse(source)):
        if not isinstance(node, ast.JoinedStr):
            continue
        for value, text in zip(node.values, node.values[1:], strict=False):
            if (
                isinstance(value, ast.FormattedValue)
                and isinstance(text, ast.Constant)
                and BEFORE.match(str(text.value))
                and _is_count(value)
            ):
                yield value.lineno, f"{{{ast.unparse(value.value)}}}{text.value}"


def _is_count(value: ast.FormattedValue) -> bool:
    """`{n:,}` and `{len(x)}`; a limit that the program states itself is none."""
    if any(isinstance(one, ast.Name) and one.id.strip("_").isupper() for one in ast.walk(value.value)):
        return False
    called = value.value.func if isinstance(value.value, ast.Call) else None
    spec = ast.unparse(value.format_spec) if value.format_spec else ""
    return spec == "f','" or (isinstance(called, ast.Name) and called.id in ("len", "sum"))


@pytest.mark.parametrize("package", ["manyfew", "orchestrator", "pricing", "providers", "verifiers"])
def test_no_count_stands_before_a_plural_that_it_may_not_ask_for(package):
    found = [
        f"{name}:{line}: {text!r}: say many(…, noun)"
        for file in sorted((ROOT / package).rglob("*.py"))
        if (name := str(file.relative_to(ROOT))) not in NEVER_ONE
        for line, text in counts_before_plurals(file.read_text("utf-8"))
    ]
    assert found == []


def test_the_search_sees_counts_and_leaves_limits_alone():
    source = 'f"{n:,} samples left, {len(x)} further problems were, {MOST:,} calls, {part:.1f} calls, {rows:,} in it"'
    assert [text.split(" ")[0] for _, text in counts_before_plurals(source)] == ["{n}", "{len(x)}"]


@pytest.mark.parametrize(
    ("number", "noun", "said"),
    [
        (0, "sample", "0 samples"),
        (1, "sample", "1 sample"),
        (2, "more problem", "2 more problems"),
        (1, "open batch", "1 open batch"),
        (3, "open batch", "3 open batches"),
        (1024, "reply", "1,024 replies"),
        (2, "pass", "2 passes"),
        (2, "day", "2 days"),
    ],
)
def test_a_noun_goes_by_its_count(number, noun, said):
    assert many(number, noun) == said


@pytest.mark.parametrize(
    ("number", "whole", "said"),
    [(0, 1, "0 of 1 problem were"), (1, 1, "1 of 1 problem was"), (1, 40, "1 of 40 problems was")],
)
def test_a_part_is_of_a_whole_and_its_verb_goes_by_the_part(number, whole, said):
    assert f"{part_of(number, whole, 'problem')} {by(number, 'was', 'were')}" == said
