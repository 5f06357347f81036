"""SWE-bench's own harness on a hand-made image: a repository of one file, a test that fails and one that passes."""

import json
import subprocess
from pathlib import Path
from textwrap import indent

import pytest

from verifiers.registry import get
from verifiers.sandbox.container import IMAGE
from verifiers.swebench.kind import Swebench
from verifiers.types import Bounds

FILES = {
    "shapes.py": "def area(w, h):\n    return w + h\n\n\ndef edge(w, h):\n    return 2 * (w + h)\n\n\n",
    "test_shapes.py": "import shapes\n\n\ndef test_area():\n    assert shapes.area(3, 4) == 12\n\n\n"
    "def test_edge():\n    assert shapes.edge(3, 4) == 14\n",
    # As pytest's summary says it: what the harness reads.
    "run_tests.py": "import test_shapes\nfor name in ('test_area', 'test_edge'):\n    try:\n"
    "        getattr(test_shapes, name)()\n        print('PASSED', f'test_shapes.py::{name}')\n"
    "    except Exception:\n        print('FAILED', f'test_shapes.py::{name}')\n",
}
NAME = "docker.io/maker/shapes:1"


def patch(old: str, new: str) -> str:
    return (
        "diff --git a/shapes.py b/shapes.py\n--- a/shapes.py\n+++ b/shapes.py\n"
        f"@@ -1,5 +1,5 @@\n def area(w, h):\n-    return {old}\n+    return {new}\n \n \n def edge(w, h):\n"
    )


RIGHT = patch("w + h", "w * h")
BLANKS = """\
diff --git a/shapes.py b/shapes.py
--- a/shapes.py
+++ b/shapes.py
@@ -1,8 +1,8 @@
 def area(w, h):
-    return w + h
+    return w * h
 
 
 def edge(w, h):
     return 2 * (w + h)
 
 
"""  # noqa: W293 - the file's own blank lines
ANSWERS = {
    "right": (f"Here it is:\n```diff\n{RIGHT}```", True),
    "in an item of a list": (f"1. Apply:\n{indent(f'```diff{chr(10)}{RIGHT}```', '   ')}\n", True),
    "with the file's blank lines at its end": (BLANKS, True),
    "wrong": (f"```diff\n{patch('w + h', 'w - h')}```", False),
    "of other lines": (f"```diff\n{patch('w % h', 'w * h')}```", False),
    "none": ("I would multiply.", False),
}


@pytest.fixture(scope="module")
def dataset(docker: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The image, and a data set with the same issue once for each answer, so that the harness runs once."""
    folder = tmp_path_factory.mktemp("shapes")
    for name, text in FILES.items():
        (folder / name).write_text(text)
    (folder / "Containerfile").write_text(
        f"FROM {IMAGE}\nCOPY *.py /testbed/\nWORKDIR /testbed\nRUN git init -q . && git add . && git -c user.name=a"
        " -c user.email=a@b.c commit -qm first\n"
    )
    command = ["podman", "build", "--quiet", "--network=none", "--pull=never", "-t", NAME, str(folder)]
    built = subprocess.run(command, capture_output=True, text=True, timeout=120)
    assert built.returncode == 0, built.stderr
    row = {
        "repo": "maker/shapes",
        "version": "1",
        "base_commit": "HEAD",
        "image": NAME,
        "problem_statement": "area adds its sides",
        "patch": RIGHT,
        "test_patch": "",
        "FAIL_TO_PASS": '["test_shapes.py::test_area"]',
        "PASS_TO_PASS": '["test_shapes.py::test_edge"]',
        "log_parser": "parse_log_pytest",
        "eval_type": "pass_and_fail",
        "eval_script": "cd /testbed\n: '>>>>> Start Test Output'\npython3 run_tests.py\n: '>>>>> End Test Output'\n",
    }
    path = folder / "shapes.json"
    path.write_text(
        json.dumps([{"instance_id": f"maker__shapes-{number}", **row} for number in range(len(ANSWERS))])
    )
    return path


@pytest.mark.timeout(300)
def test_verdicts_of_the_real_harness(docker, dataset: Path, python: Path, tmp_path: Path):
    options = {"dataset": str(dataset), "python": str(python), "work": str(tmp_path)}
    verifier = get("swebench", options, Bounds(workers=2, timeout_s=120))
    assert isinstance(verifier, Swebench)
    assert verifier.lacks() is None
    assert "swebench 5." in verifier.version
    asked = [
        (text, {"instance_id": f"maker__shapes-{number}"})
        for number, (text, _) in enumerate(ANSWERS.values())
    ]
    verdicts = dict(zip(ANSWERS, verifier.verify_many(asked), strict=True))
    assert {name: verdict.passed for name, verdict in verdicts.items()} == {
        name: passed for name, (_, passed) in ANSWERS.items()
    }, verdicts
    assert verdicts["right"].evidence == "FAIL_TO_PASS 1/1; PASS_TO_PASS 1/1"
    assert "failed: test_shapes.py::test_area" in str(verdicts["wrong"].evidence)
    assert verdicts["of other lines"].reason == "the patch does not apply"
    # What was judged is read from the folder the next time.
    assert verifier.verify_many(asked) == list(verdicts.values())
    assert len(list(tmp_path.glob("logs/run_evaluation/*/*/*/patch.diff"))) == len(ANSWERS) - 1
