"""docs/paper.md: its commands lead from files of the published form to a figure and a table."""

import json
import random

import pytest

from tests.docs.pages import DOCS, blocks, type_

pytestmark = pytest.mark.slow
FILES = {"MATH_Pythia-70M.json": 0.02, "MATH_Pythia-12B.json": 0.2}


def record(problem: int, share: float) -> dict[str, object]:
    drawn = random.Random(f"{problem} {share}")
    verdicts = [drawn.random() < share for _ in range(100)]
    return {
        "question": f"What is {problem} + {problem}?",
        "samples": [f"The answer is {2 * problem + (not right)}." for right in verdicts],
        "is_corrects": verdicts,
        "gt_answer": str(2 * problem),
        "orig_dset_split": "test",
        "orig_dset_idx": problem,
    }


def test_published_samples_become_the_figure_and_the_table(tmp_path):
    for name, share in FILES.items():
        (tmp_path / name).write_text(json.dumps([record(p, share * (p % 4) / 3) for p in range(24)]), "utf-8")
    text = (DOCS / "paper.md").read_text("utf-8")
    commands = [c for block in blocks(text[text.index("## From the paper") :]) for c in block.commands]
    assert [c.split()[1] for c in commands] == ["import", "figure", "figure", "frontier"]
    said = [type_(command, tmp_path, {"OPENAI_BASE_URL": "http://127.0.0.1:9/v1"}) for command in commands]
    assert [one.returncode for one in said] == [0, 0, 0, 0], [one.stdout for one in said]
    assert "4,800 samples of 24 problems imported" in said[0].stdout
    assert (tmp_path / "coverage.pdf").read_bytes().startswith(b"%PDF-")
    table = (tmp_path / "table.md").read_text("utf-8")
    assert "| model | pass@1 | pass@10 | pass@100 |" in table, "no columns of dollars that nobody knows"
    assert "4,800 samples (2 models, 24 problems); nothing was spent here." in said[3].stdout
    assert "Pythia-12B" in said[3].stdout
