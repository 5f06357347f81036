"""Patches judged through the harness's own command line, files and formats (a stand-in for what docker does)."""

import json
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

import pytest

from verifiers.registry import get
from verifiers.swebench import harness as harness
from verifiers.swebench.kind import Swebench
from verifiers.types import Bounds, Package, Verdict

pytestmark = pytest.mark.slow

HERE = Path(__file__).parent
CASES = HERE / "cases.jsonl"
STANDIN = HERE / "standin"
ROWS = [json.loads(line) for line in CASES.read_text().splitlines()]
A, B, C = (row["instance_id"] for row in ROWS)


def patch(word: str, number: int = 0) -> str:
    return (
        "```diff\ndiff --git a/app.py b/app.py\n--- a/app.py\n+++ b/app.py\n@@ -1 +1 @@\n"
        f"-old = {number}\n+new = '{word}'\n```"
    )


@pytest.fixture
def made(tmp_path, monkeypatch):
    """Gives a verifier of this test's own work folder."""
    (tmp_path / "containers").mkdir()
    monkeypatch.setenv("PYTHONPATH", str(STANDIN))
    monkeypatch.setenv("STANDIN_CONTAINERS", str(tmp_path / "containers"))
    monkeypatch.setattr(harness, "POLL_S", 0.02)

    def make(timeout_s: float = 900, **options) -> Swebench:
        options = {"dataset": str(CASES), "work": str(tmp_path / "work")} | options
        made = get("swebench", options, Bounds(workers=3, timeout_s=timeout_s))
        assert isinstance(made, Swebench)
        return made

    return make


def judge(verifier: Swebench, *items: tuple[str, str]) -> list[Verdict]:
    return verifier.verify_many([(text, {"instance_id": instance}) for instance, text in items])


def calls(tmp_path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (tmp_path / "work/calls.jsonl").read_text().splitlines()]


def test_verdicts_and_what_a_person_sees_of_them(made):
    words = ["FIXES", "BREAKS FIXES", "nothing", "NOAPPLY", "SLOW", "NOTESTS", "ENVIRONMENT", "DAEMON"]
    verdicts = dict(zip(words, judge(made(), *[(A, patch(word)) for word in words]), strict=True))
    assert {word: verdict.passed for word, verdict in verdicts.items()} == {
        "FIXES": True, "BREAKS FIXES": False, "nothing": False, "NOAPPLY": False, "SLOW": False,
        "NOTESTS": False, "ENVIRONMENT": None, "DAEMON": None,
    }  # fmt: skip
    assert verdicts["FIXES"].evidence == "FAIL_TO_PASS 1/1; PASS_TO_PASS 2/2"
    broken = "FAIL_TO_PASS 1/1; PASS_TO_PASS 1/2, failed: tests/test_size.py::test_import"
    assert verdicts["BREAKS FIXES"].evidence == broken
    assert verdicts["nothing"].evidence == (
        "FAIL_TO_PASS 0/1, failed: tests/test_size.py::test_area; PASS_TO_PASS 2/2"
    )
    assert verdicts["NOAPPLY"].reason == "the patch does not apply"
    assert "patch failed: app/core.py:1" in str(verdicts["NOAPPLY"].evidence)
    assert verdicts["SLOW"].reason == "tests past their limit of 900 s"
    assert "network_unreachable" in str(verdicts["ENVIRONMENT"].reason)
    assert "no space left on device" in str(verdicts["DAEMON"].reason)


def test_the_harness_is_called_as_it_wants_to_be(made, tmp_path):
    judge(made(), (A, patch("FIXES")))
    (call,) = calls(tmp_path)
    assert call["dataset_name"] == str(CASES)
    assert (call["split"], call["timeout"], call["max_workers"]) == ("test", 900, 3)
    (line,) = (tmp_path / "work/predictions.jsonl").read_text().splitlines()
    prediction = json.loads(line)
    assert prediction.keys() == {"instance_id", "model_name_or_path", "model_patch"}
    assert prediction["model_patch"].startswith("diff --git a/app.py b/app.py\n")
    assert list((tmp_path / "work").glob(f"{prediction['model_name_or_path']}.{call['run_id']}.json"))


def test_many_samples_of_a_problem_are_layers_and_the_same_patch_is_judged_once(made, tmp_path):
    items = [
        (A, patch("FIXES", 1)),
        (A, patch("x", 2)),
        (B, patch("FIXES", 1)),
        (A, patch("FIXES", 1)),
        (A, "no"),
    ]
    verdicts = judge(made(), *items)
    assert [verdict.passed for verdict in verdicts] == [True, False, True, True, False]
    assert verdicts[0] == verdicts[3]
    assert verdicts[4].reason == "no patch in the answer"
    assert [call["ids"] for call in calls(tmp_path)] == [[A, B], [A]]


def test_without_a_patch_no_harness_runs(made, tmp_path):
    verdicts = judge(made(), (A, "I would fix it."), (B, "```diff\n```"))
    assert [verdict.passed for verdict in verdicts] == [False, False]
    assert not (tmp_path / "work").exists()


def test_judged_before_is_read_and_not_run_again(made, tmp_path):
    first = judge(made(), (A, patch("FIXES")), (B, patch("NOAPPLY")))
    assert judge(made(), (B, patch("NOAPPLY")), (A, patch("FIXES"))) == first[::-1]
    assert len(calls(tmp_path)) == 1


@pytest.mark.parametrize("word", ["CRASH", "HALF"])
def test_a_harness_that_dies_midway(made, tmp_path, word):
    verdicts = judge(made(), (A, patch("FIXES")), (B, patch(word)), (C, patch("FIXES")))
    assert [verdict.passed for verdict in verdicts] == [True, None, None]
    assert "ended with status 7" in str(verdicts[2].reason)
    # Once what killed it is gone (here: from the file of patches), the next call does only what is left.
    verdicts = judge(made(), (A, patch("FIXES")), (C, patch("FIXES")))
    assert [verdict.passed for verdict in verdicts] == [True, True]
    assert [call["ids"] for call in calls(tmp_path)] == [[A, B, C], [C]]


@pytest.mark.parametrize(
    "report", ["", "{", "[]", "{}", '{"%s": {"resolved": "yes"}}', "\x00", '{"%s": null}']
)
def test_a_report_that_is_none_is_made_again(made, tmp_path, report):
    (first,) = judge(made(), (A, patch("FIXES")))
    (path,) = (tmp_path / "work/logs").rglob("report.json")
    path.write_text(report.replace("%s", A))
    assert judge(made(), (A, patch("FIXES"))) == [first]
    assert len(calls(tmp_path)) == 2


def test_a_harness_that_breaks_at_once_is_not_started_for_every_layer(made, tmp_path):
    verdicts = judge(made(), *[(A, patch("CRASH", number)) for number in range(5)])
    assert [verdict.passed for verdict in verdicts] == [None] * 5
    assert len(calls(tmp_path)) == 1


def test_an_instance_that_the_data_set_lacks_costs_only_itself(made, tmp_path):
    verdicts = judge(
        made(), ("other__repo-1", patch("FIXES")), (A, patch("FIXES")), ("../../x", patch("FIXES"))
    )
    assert [verdict.passed for verdict in verdicts] == [None, True, None]
    assert "has no instance other__repo-1" in str(verdicts[0].reason)
    assert "no instance_id" in str(verdicts[2].reason)
    assert not list(tmp_path.glob("x*"))


def test_half_a_surrogate_pair_is_no_patch(made):
    assert judge(made(), (A, patch("FIXES \ud800")))[0].passed is False


def test_a_harness_without_a_sign_of_life_is_ended_with_its_containers(made, tmp_path, monkeypatch):
    monkeypatch.setattr(harness, "SET_UP_S", 0.3)
    (tmp_path / "containers/someone_elses").touch()
    verdicts = judge(made(timeout_s=1), (A, patch("FIXES")), (B, patch("LINGERS")))
    assert [verdict.passed for verdict in verdicts] == [True, None]
    assert "no sign of life for 1 s" in str(verdicts[1].reason)
    assert [path.name for path in (tmp_path / "containers").iterdir()] == ["someone_elses"]


def test_ctrl_c_ends_the_harness_and_keeps_what_is_done(made, tmp_path):
    def press() -> None:
        while not list((tmp_path / "containers").iterdir()):
            time.sleep(0.02)
        os.kill(os.getpid(), signal.SIGINT)

    finger = threading.Thread(target=press)
    finger.start()
    with pytest.raises(KeyboardInterrupt):
        judge(made(), (A, patch("FIXES")), (B, patch("LINGERS")))
    finger.join()
    assert not list((tmp_path / "containers").iterdir())
    assert judge(made(), (A, patch("FIXES")))[0].passed is True
    assert len(calls(tmp_path)) == 1


@pytest.mark.skipif(sys.platform == "win32", reason="signals and locks of POSIX")
def test_a_harness_that_outlives_a_killed_verifier_keeps_the_folder(made, tmp_path):
    code = (
        "import sys; from verifiers.registry import get\n"
        f"v = get('swebench', {{'dataset': {str(CASES)!r}, 'work': {str(tmp_path / 'work')!r}}})\n"
        f"v.verify({patch('LINGERS')!r}, {{'instance_id': {A!r}}})\n"
    )
    root = str(HERE.parents[1])
    env = os.environ | {"PYTHONPATH": f"{STANDIN}{os.pathsep}{root}"}
    child = subprocess.Popen([sys.executable, "-c", code], env=env)
    try:
        while not list((tmp_path / "containers").iterdir()):
            assert child.poll() is None
            time.sleep(0.02)
    finally:
        child.kill()
        child.wait()
    orphan = _harness_of(tmp_path)
    try:
        (verdict,) = judge(made(), (B, patch("FIXES")))
        assert verdict == Verdict(passed=None, reason=f"another process works in {tmp_path / 'work'}")
    finally:
        os.killpg(orphan, signal.SIGKILL)
    deadline = time.monotonic() + 10
    while (verdict := judge(made(), (B, patch("FIXES")))[0]).passed is None and time.monotonic() < deadline:
        time.sleep(0.05)
    assert verdict.passed is True


def _harness_of(tmp_path: Path) -> int:
    for process in Path("/proc").glob("[0-9]*"):
        try:
            command = (process / "cmdline").read_bytes()
        except OSError:
            continue
        if b"run_evaluation" in command and str(tmp_path).encode() in command:
            return int(process.name)
    raise AssertionError("no harness runs")


def test_what_is_missing_is_said_with_its_remedy(made, monkeypatch):
    assert made().lacks() is None
    monkeypatch.setenv("STANDIN_DOCKER", "Error while fetching server API version:\n no such file")
    lack = made().lacks()
    assert lack is not None
    assert "no such file" in lack[0]
    assert "\n" not in lack[0]
    assert "start its daemon" in lack[1]
    monkeypatch.setenv("PYTHONPATH", "")
    lack = made().lacks()
    assert lack is not None
    assert "swebench" in lack[0]
    assert lack[1] == Package("swebench", sys.executable, "swebench>=4.1")
    assert made(python="/no/such/python").lacks() is not None


def test_what_decides_is_in_the_version(made, tmp_path):
    base = made().version
    assert "5.0.2" in base
    assert made().version == base
    other = tmp_path / "other.jsonl"
    other.write_text(CASES.read_text() + "\n")
    for changed in ({"dataset": str(other)}, {"split": "dev"}, {"timeout_s": 901}):
        assert made(**changed).version != base
    assert made(work=str(tmp_path / "elsewhere")).version == base


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"split": 3}, "split"),
        ({"dataset": ""}, "dataset"),
        ({"x": 1}, "'x'"),
    ],
)
def test_a_wrong_option_is_named(made, options, said):
    with pytest.raises(ValueError, match=said):
        made(**options)
