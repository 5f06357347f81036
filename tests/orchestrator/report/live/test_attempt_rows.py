"""The attempts at work on the live screen: within the terminal, whatever a model called its command."""

from __future__ import annotations

import pytest
from rich.cells import cell_len

from orchestrator.progress import AttemptProgress
from orchestrator.report.live.attempt_rows import attempt_lines
from orchestrator.report.live.glyphs import UNICODE


def attempts(n: int, doing: str = "bash: sed -i 's/a/b/' calc.py") -> list[AttemptProgress]:
    return [
        AttemptProgress(
            alias="cheap",
            problem=f"django__django-{i}",
            sample_index=i,
            calls=i + 1,
            cost_pico=i * 10**9,
            cap_pico=10**11,
            doing=doing,
        )
        for i in range(n)
    ]


def test_a_line_for_each_with_its_dollars_of_its_cap_and_its_last_command():
    lines = [line.plain for line in attempt_lines(attempts(4), 100, 10, UNICODE, "utf-8")]
    assert len(lines) == 5
    assert lines[0].split() == ["attempt", "of", "problem", "calls", "cost", "last", "command"]
    assert "django__django-3 #3" in lines[4]
    assert "of $0.1" in lines[4]
    assert lines[4].endswith("bash: sed -i 's/a/b/' calc.py")


def test_those_without_room_are_counted():
    lines = [line.plain for line in attempt_lines(attempts(40), 100, 6, UNICODE, "utf-8")]
    assert len(lines) == 6
    assert lines[-1] == "+ 36 more at work"
    assert attempt_lines(attempts(4), 100, 1, UNICODE, "utf-8") == []


@pytest.mark.parametrize("width", [24, 40, 80, 200])
def test_hostile_words_stay_on_their_line(width):
    hostile = "\x1b[2J\n\x07木木木" * 90
    for line in attempt_lines(attempts(3, hostile), width, 9, UNICODE, "utf-8"):
        assert cell_len(line.plain) <= width
        assert line.plain.isprintable()
