"""What a sweep lacks, told by its findings alone."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from orchestrator.doctor.finding import Finding
from orchestrator.doctor.sweep import sweep_findings
from orchestrator.sweep.load import load
from tests.loopback.openai_wire import openai_vendor
from tests.orchestrator.run.serving import serving
from tests.orchestrator.run.sweeps import SweepFile, model


def findings(folder: Path, *, problems: str | None = None, limit: int | None = None) -> dict[str, Finding]:
    """By topic, of a sweep that is otherwise whole."""
    vendor = openai_vendor(models=("m",))
    with serving(vendor):
        path = SweepFile({"m": model(vendor)}, problems=3).write(folder)
        if problems is not None:
            (folder / "problems.jsonl").write_text(problems)
        sweep = load(path)
        sweep = replace(sweep, problems=replace(sweep.problems, limit=limit))
        return {one.topic: one for one in sweep_findings(sweep, folder / "l.db")}


@pytest.mark.parametrize(("limit", "count"), [(None, 3), (1, 1)])
def test_problems_that_are_there_are_counted(tmp_path, limit, count):
    found = findings(tmp_path, limit=limit)
    assert found["problems"] == Finding("ok", "problems", f"{count} from jsonl")
    assert {one.state for one in found.values()} <= {"ok", "note"}


def test_a_source_that_gives_none_is_missing_and_says_where_to_look(tmp_path):
    found = findings(tmp_path, limit=0)
    assert found["problems"] == Finding(
        "missing", "problems", "the source has no problems", "check [problems]"
    )


def test_a_file_without_a_problem_is_missing_with_its_place(tmp_path):
    found = findings(tmp_path, problems="")["problems"]
    assert (found.state, "problems.jsonl: holds no problem" in found.text) == ("missing", True)
    assert "question and answer" in (found.remedy or "")
