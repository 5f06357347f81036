"""A run with public and hidden tests makes two sets of verdicts."""

from __future__ import annotations

import shutil

import pytest

from tests.loopback.openai_wire import openai_vendor
from tests.orchestrator.run.serving import serving
from tests.orchestrator.run.sweeps import SweepFile, model, run
from tests.orchestrator.sample_files import rows

ADD = "```python\nprint(sum(map(int, input().split())))\n```"
PUBLIC_ALONE = "```python\nprint(3)\n```"
WRONG = "```python\nprint(0)\n```"
PROBLEM = {
    "id": "p",
    "question": "Add.",
    "answer": "",
    "public_tests": {"input": ["1 2\n"], "output": ["3\n"]},
    "private_tests": {"input": ["2 2\n"], "output": ["4\n"]},
}


@pytest.mark.skipif(shutil.which("bwrap") is None, reason="needs bubblewrap")
def test_public_tests_are_a_set_of_the_same_run(tmp_path, command):
    vendor = openai_vendor(answer=lambda _, index: (ADD, PUBLIC_ALONE, WRONG)[index % 3])
    db = tmp_path / "l.db"
    with serving(vendor):
        models = {"m": model(vendor, max_n=1)}
        sweep = SweepFile(models, problems=[PROBLEM], samples=6, verifier={"kind": "code"})
        assert run(sweep.write(tmp_path), db).status == 0
        assert run(sweep.write(tmp_path), db).status == 0
    sets = rows(db, "SELECT id, name, current FROM verdict_set ORDER BY id")
    assert [(one["name"], one["current"]) for one in sets] == [("code", 1), ("code-public", 0)]
    (public,) = rows(db, "SELECT count(*) AS n, sum(passed) AS right FROM set_verdict")
    (whole,) = rows(db, "SELECT count(*) AS n, sum(passed) AS right FROM sample")
    assert (public, whole) == ({"n": 6, "right": 4}, {"n": 6, "right": 2})
    done = command("frontier", str(db), "--accept", "code-public", "--truth", "code")
    assert done.returncode == 0, done.stderr
    assert "delivered" in done.stdout
