"""Logs that inspect_ai, lm-eval and EvalPlus write themselves, read by manyfew; and ours, read by them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.orchestrator.ledger_fixture import Made, counted, make_ledger
from tests.orchestrator.sample_files import buy, records, rows

EPOCHS = 6
WRITE = """
import json, sys
from inspect_ai import Epochs, Task, eval
from inspect_ai.dataset import MemoryDataset, Sample
from inspect_ai.model import ModelOutput, ModelUsage, get_model
from inspect_ai.scorer import includes
from inspect_ai.solver import generate
folder, form, epochs, right, broken = (json.loads(one) for one in sys.argv[1:])
data = MemoryDataset([Sample(id=f"p{i}", input=f"{i} + {i}?", target="yes") for i in range(len(right))], name="sums")
asked = {}
def answer(messages, tools, choice, config):
    i = int(messages[-1].text.split()[0])
    asked[i] = asked.get(i, 0) + 1
    if [i, asked[i]] == broken:
        raise RuntimeError("boom")
    out = ModelOutput.from_content("mockllm/model", "yes" if asked[i] <= right[i] else "no")
    out.usage = ModelUsage(input_tokens=90, output_tokens=20, total_tokens=120, input_tokens_cache_read=10)
    return out
reducers = ["mean", *(f"pass_at_{k}" for k in (1, 2, 3, epochs))]
task = Task(dataset=data, solver=generate(), scorer=includes(), epochs=Epochs(epochs, reducers), name="sums")
(log,) = eval(task, model=get_model("mockllm/model", custom_outputs=answer), log_format=form, log_dir=folder,
              display="none", max_samples=1, fail_on_error=False)
assert log.status == "success", log.error
print(json.dumps({"file": log.location, "scores":
    {s.reducer: s.metrics["accuracy"].value for s in log.results.scores}}))
"""
RIGHT = [0, 1, 2, 4, 6]


def brought(command, *arguments: str) -> dict[str, Any]:
    done = command("import", *arguments, "--db", "a.db", "--json")
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def coverage(command, *more: str) -> dict[int, float]:
    done = command("frontier", "a.db", "--json", *more)
    assert done.returncode == 0, done.stderr
    (model,) = json.loads(done.stdout)["models"].values()
    return {row["k"]: row["coverage"] for row in model["coverage"]}


@pytest.mark.parametrize("form", ["eval", "json"])
def test_pass_at_k_of_an_inspect_log_is_what_inspect_says(peer, command, tmp_path, form):
    told = peer("inspect_ai").answers(WRITE, str(tmp_path / "logs"), form, EPOCHS, RIGHT, None)
    done = brought(command, told["file"], "--price", "mockllm/model=1/2")
    assert (done["samples"], done["scorers"]) == (len(RIGHT) * EPOCHS, {"includes": len(RIGHT) * EPOCHS})
    ours = coverage(command)
    for k in (1, 2, EPOCHS):
        assert ours[k] == pytest.approx(told["scores"][f"pass_at_{k}"], abs=1e-12)
    for row in records(Path("a.db")):
        assert (row["prompt_tokens"], row["cached_tokens"], row["cost_basis"]) == (100, 10, "computed")
        assert row["cost_pico"] == 100 * 10**6 + 20 * 2 * 10**6


def test_an_errored_sample_counts_for_neither(peer, command, tmp_path):
    """inspect_ai leaves it out of its reducers; here it is failed: n counts the samples with a verdict."""
    told = peer("inspect_ai").answers(WRITE, str(tmp_path / "logs"), "eval", EPOCHS, RIGHT, [3, 2])
    done = brought(command, told["file"])
    assert (done["samples"], done["failed"]) == (len(RIGHT) * EPOCHS - 1, 1)
    ours = coverage(command)
    for k in (1, 2):
        assert ours[k] == pytest.approx(told["scores"][f"pass_at_{k}"], abs=1e-12)


def test_an_old_log_that_is_deflated_reads_the_same(peer, command, tmp_path):
    told = peer("inspect_ai").answers(WRITE, str(tmp_path / "logs"), "eval", EPOCHS, RIGHT, None)
    code = """
import json, sys, zipfile
import zipfile_zstd
file, to = (json.loads(one) for one in sys.argv[1:])
with zipfile.ZipFile(file) as old, zipfile.ZipFile(to, "w", zipfile.ZIP_DEFLATED) as new:
    assert {entry.compress_type for entry in old.infolist()} == {93}
    for entry in old.infolist():
        new.writestr(entry.filename, old.read(entry.filename))
print(json.dumps(True))
"""
    peer("inspect_ai").answers(code, told["file"], str(tmp_path / "old.eval"))
    brought(command, told["file"])
    new = records(Path("a.db"))
    Path("a.db").unlink()
    brought(command, "old.eval")
    assert records(Path("a.db")) == new
    Path("a.db").unlink()
    assert brought(command, told["file"], "old.eval")["repeated"] == len(new)


READ = """
import json, sys
from inspect_ai.log import read_eval_log, read_eval_log_sample, read_eval_log_sample_summaries
from inspect_ai.scorer import pass_at
log = read_eval_log(json.loads(sys.argv[1]))
head = read_eval_log(json.loads(sys.argv[1]), header_only=True)
summaries = read_eval_log_sample_summaries(json.loads(sys.argv[1]))
by_id = {}
for sample in log.samples:
    by_id.setdefault(sample.id, []).append(next(iter(sample.scores.values())))
def mean(k):
    return sum(pass_at(k)(scores).as_float() for scores in by_id.values()) / len(by_id)
first = read_eval_log_sample(json.loads(sys.argv[1]), id=log.samples[0].id, epoch=1)
print(json.dumps({
    "status": head.status, "model": head.eval.model, "epochs": head.eval.config.epochs, "task": head.eval.task,
    "samples": len(log.samples), "summaries": len(summaries), "text": first.output.completion,
    "accuracy": head.results.scores[0].metrics["accuracy"].value,
    "pass_at": {k: mean(k) for k in (1, 2, 5)}}))
"""


def test_inspect_reads_our_log_and_says_the_same(peer, command, tmp_path):
    verdicts = {f"p/{c}": counted(5, c) for c in (0, 1, 3, 5)}
    make_ledger(tmp_path / "a.db", {"cheap": Made(verdicts)})
    done = command("export", "a.db", "--format", "inspect", "-o", "a.eval")
    assert done.returncode == 0, done.stderr
    told = peer("inspect_ai").answers(READ, str(tmp_path / "a.eval"))
    assert (told["status"], told["model"], told["task"], told["epochs"]) == ("success", "cheap", "test", 5)
    assert (told["samples"], told["summaries"]) == (20, 20)
    assert told["accuracy"] == pytest.approx(0.45)
    ours = coverage(command)
    for k in (1, 2, 5):
        assert ours[k] == pytest.approx(told["pass_at"][str(k)], abs=1e-12)


COMPARED = (
    "problem",
    "sample_index",
    "text",
    "passed",
    "cost_pico",
    "completion_tokens",
    "prompt_tokens",
    "latency_s",
)


def test_our_samples_come_back_from_an_inspect_log(command, tmp_path):
    bought = buy(tmp_path)
    assert command("export", str(bought), "--format", "inspect", "-o", "logs").returncode == 0
    brought(command, *(str(path) for path in sorted((tmp_path / "logs").glob("*.eval"))))
    there = {(row["model"], *(row[name] for name in COMPARED)) for row in records(bought)}
    back = {(row["model"], *(row[name] for name in COMPARED)) for row in records(Path("a.db"))}
    assert back == there


TASK = """
task: sums
dataset_path: json
dataset_kwargs:
  data_files:
    test: {folder}/data.jsonl
test_split: test
output_type: generate_until
doc_to_text: "Q: {{{{question}}}}"
doc_to_target: "{{{{answer}}}}"
generation_kwargs:
  until: ["\\n"]
  do_sample: true
repeats: {repeats}
filter_list:
  - name: first
    filter:
      - function: take_first
  - name: vote
    filter:
      - function: majority_vote
      - function: take_first
metric_list:
  - metric: exact_match
"""
EVALUATE = """
import json, logging, sys
logging.disable(logging.CRITICAL)
from lm_eval.__main__ import cli_evaluate
folder = json.loads(sys.argv[1])
sys.argv = ["lm_eval", "--model", "dummy", "--tasks", "sums", "--include_path", folder, "--log_samples",
            "--output_path", f"{folder}/out"]
cli_evaluate()
print(json.dumps(True))
"""


@pytest.mark.parametrize("repeats", [1, 4])
def test_a_log_of_lm_eval_is_read(peer, command, tmp_path, repeats):
    """Its model `dummy` answers everything with "lol"."""
    lines = [{"question": "What?", "answer": "lol"}, {"question": "And then?", "answer": "no"}]
    (tmp_path / "data.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    (tmp_path / "sums.yaml").write_text(TASK.format(folder=tmp_path, repeats=repeats))
    environment = {"HF_HOME": str(tmp_path / "hf"), "HF_DATASETS_OFFLINE": "1", "HF_HUB_OFFLINE": "1"}
    peer("lm_eval").answers(EVALUATE, str(tmp_path), **environment)
    (file,) = (tmp_path / "out").rglob("samples_*.jsonl")
    done = brought(command, str(file), "--usd-per-sample", "0.001")
    assert done["samples"] == 2 * repeats
    found = [(row["problem"], row["text"], row["passed"]) for row in records(Path("a.db"))]
    verdicts = (1, 0) if repeats == 1 else (None, None)
    assert sorted(found) == sorted(
        (f"sums/{doc}", "lol", passed) for doc, passed in enumerate(verdicts) for _ in range(repeats)
    )
    (problem, _) = rows(Path("a.db"), "SELECT data FROM problem ORDER BY key")
    assert json.loads(problem["data"]) == {"question": "What?", "answer": "lol"}


def test_lm_eval_shows_our_results(peer, command, tmp_path):
    make_ledger(tmp_path / "a.db", {"cheap": Made({"p1": [1, 0], "p2": [0, 0]})})
    assert command("export", "a.db", "--format", "lm-eval", "-o", "logs").returncode == 0
    (results,) = (tmp_path / "logs/cheap").glob("results_*.json")
    code = """
import json, sys
from lm_eval.utils import get_file_task_name, get_sample_results_filenames, make_table
results, samples = (json.loads(one) for one in sys.argv[1:])
print(json.dumps([make_table(json.load(open(results))), get_sample_results_filenames(["out/" + samples]),
                  get_file_task_name(samples)]))
"""
    (samples,) = (tmp_path / "logs/cheap").glob("samples_*.jsonl")
    table, found, task = peer("lm_eval").answers(code, str(results), samples.name)
    assert "passed" in table
    assert "0.25" in table
    assert (found, task) == ([f"out/{samples.name}"], "test")
    Path("a.db").rename("there.db")
    brought(command, str(samples))
    back = [(row["problem"], row["sample_index"], row["text"]) for row in records(Path("a.db"))]
    assert back == [("test/0", 0, "x"), ("test/0", 1, "x"), ("test/1", 0, "x"), ("test/1", 1, "x")]


def test_evalplus_takes_our_programs(peer, command, tmp_path):
    folder = tmp_path / "p.jsonl"
    prompt = "def double(x):\n    '''Twice x.'''\n"
    problem = {"id": "HumanEval/0", "prompt": prompt, "entry_point": "double", "test": "def check(f): ..."}
    folder.write_text(json.dumps(problem) + "\n")
    texts = ["    return 2 * x\n", "Sure:\n```python\ndef double(x):\n    return x + x\n```\nThat is it."]
    (tmp_path / "s.jsonl").write_text(
        "".join(json.dumps({"task_id": "HumanEval/0", "completion": text}) + "\n" for text in texts)
    )
    brought(command, "s.jsonl", "--model", "m", "--source", "jsonl", "--path", "p.jsonl")
    assert command("export", "a.db", "--format", "evalplus", "-o", "m.jsonl").returncode == 0
    code = """
import json, sys
from evalplus.data.utils import stream_jsonl
from evalplus.data import load_solutions
from evalplus.eval import estimate_pass_at_k
found = list(load_solutions(json.loads(sys.argv[1])))
right = 0
for one in found:
    names = {}
    exec(one["solution"], names)
    right += names["double"](4) == 8
print(json.dumps([len(found), found[0]["task_id"], float(estimate_pass_at_k([len(found)], [right], 1)[0])]))
"""
    assert peer("evalplus").answers(code, str(tmp_path / "m.jsonl")) == [2, "HumanEval/0", 1.0]
