"""The samples of one model as lm-evaluation-harness logs them: a line a document with all its answers, and the results
beside it that name the model."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from orchestrator.ledger.exporting.by_model import ByModel, SampledModel, gold_text


def write_lm_eval(ledger: ByModel, model: SampledModel, folder: Path) -> int:
    """Into `folder`, which is made. Gives the number of samples."""
    folder.mkdir()
    task = re.sub(r"[^\w.-]+", "_", model.sweep).strip("._") or "task"
    part = folder / "samples.part"
    count, last, rates = 0, 0.0, list[float]()
    with part.open("w", encoding="utf-8") as file:
        for number, problem in enumerate(ledger.problems(model)):
            passed = [float(row["passed"]) for row in problem.samples if row["passed"] is not None]
            rate = {"passed": sum(passed) / len(passed)} if passed else {}
            rates += rate.values()
            texts = [row["text"] for row in problem.samples]
            line: dict[str, Any] = {
                "doc_id": number,
                "doc": {"id": problem.key, "question": problem.question, "answer": problem.gold},
                "target": gold_text(problem.gold),
                "arguments": {"gen_args_0": {"arg_0": problem.question, "arg_1": {}}},
                "resps": [texts],
                "filtered_resps": texts[:1],
                "filter": "none",
                "metrics": list(rate),
                **rate,
            }
            file.write(json.dumps(line) + "\n")
            count += len(texts)
            last = max(last, *(row["created_at"] for row in problem.samples))
    date = datetime.fromtimestamp(last, UTC).strftime("%Y-%m-%dT%H-%M-%S.%f")
    part.rename(folder / f"samples_{task}_{date}.jsonl")
    mean = {"passed,none": sum(rates) / len(rates)} if rates else {}
    results = {
        "results": {task: {"alias": task, **mean}},
        "group_subtasks": {},
        "configs": {task: {"task": task}},
        "versions": {task: 0},
        "n-shot": {task: 0},
        "higher_is_better": {task: {"passed": True}},
        "config": {"model": model.provider, "model_args": {"model": model.name or model.alias}},
        "date": last,
        "model_name": model.alias,
    }
    (folder / f"results_{date}.json").write_text(json.dumps(results, indent=2), encoding="utf-8")
    return count
