"""The samples of one model as a log of inspect_ai: a sample's epoch is its index + 1, its verdict a score."""

from __future__ import annotations

import json
import sqlite3
import zipfile
from datetime import UTC, datetime
from hashlib import sha256
from importlib.metadata import version
from pathlib import Path
from typing import Any

from orchestrator.ledger.exporting.by_model import ByModel, SampledModel, SampledProblem, gold_text
from pricing.types import PICO_PER_USD

_REASONS = {
    "length": "max_tokens",
    "stop": "stop",
    "content_filter": "content_filter",
    "tool_calls": "tool_calls",
}


def write_inspect(ledger: ByModel, model: SampledModel, target: Path) -> int:
    """Gives the number of samples."""
    log = _Log(model, ledger.epochs(model))
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        summaries: list[dict[str, Any]] = []
        for problem in ledger.problems(model):
            for row in problem.samples:
                sample = log.sample(problem, row)
                put(archive, f"samples/{problem.key}_epoch_{sample['epoch']}.json", sample)
                summaries.append(_summary(sample))
        put(archive, "_journal/start.json", {"version": 2, "eval": log.spec(), "plan": _PLAN})
        put(archive, "summaries.json", summaries)
        put(archive, "header.json", log.header())
    return len(summaries)


def put(archive: zipfile.ZipFile, name: str, value: Any) -> None:
    """A part without a time of writing, so that the same ledger gives the same log."""
    info = zipfile.ZipInfo(name, date_time=(1980, 1, 1, 0, 0, 0))
    info.compress_type = zipfile.ZIP_DEFLATED
    archive.writestr(info, json.dumps(value, ensure_ascii=True))


_PLAN: dict[str, Any] = {"name": "plan", "steps": [], "config": {}}


class _Log:
    """What the log says of its samples together."""

    def __init__(self, model: SampledModel, epochs: int) -> None:
        self._model = model
        self._epochs = epochs
        self._keys: dict[str, list[float]] = {}
        self._usage = {"input_tokens": 0, "output_tokens": 0, "total_tokens": 0}
        self._scorer: str | None = None
        self._first: float | None = None
        self._last: float | None = None
        self._count = 0

    def sample(self, problem: SampledProblem, row: sqlite3.Row) -> dict[str, Any]:
        usage = _usage(row)
        at = _time(row["created_at"])
        self._note(problem.key, row, usage)
        message = {
            "role": "assistant",
            "content": _content(row),
            "source": "generate",
            "model": self._model.alias,
        }
        reason = _REASONS.get(row["finish_reason"] or "stop", "unknown")
        uuid = sha256(json.dumps([self._model.alias, problem.key, row["sample_index"], row["text"]]).encode())
        return {
            "id": problem.key,
            "epoch": row["sample_index"] + 1,
            "input": problem.question,
            "target": gold_text(problem.gold),
            "messages": [{"role": "user", "content": problem.question, "source": "input"}, message],
            "output": {
                "model": self._model.alias,
                "choices": [{"message": message, "stop_reason": reason}],
                "completion": row["text"],
                **({"usage": usage} if usage else {}),
            },
            "scores": _scores(row),
            "metadata": {} if row["request"] is None else {"request": row["request"]},
            "store": {},
            "events": [],
            "model_usage": {self._model.alias: usage} if usage else {},
            "completed_at": at,
            "total_time": row["latency_s"],
            "working_time": row["latency_s"],
            "uuid": uuid.hexdigest()[:22],
            "attachments": {},
        }

    def spec(self) -> dict[str, Any]:
        name = sha256(json.dumps([self._model.sweep, self._model.alias]).encode()).hexdigest()[:22]
        return {
            "eval_id": name,
            "run_id": name,
            "created": _time(self._first),
            "task": self._model.sweep,
            "task_id": name,
            "task_version": 0,
            "task_attribs": {},
            "task_args": {},
            "dataset": {
                "name": self._model.sweep,
                "samples": len(self._keys),
                "sample_ids": list(self._keys),
                "shuffled": False,
            },
            "model": self._model.alias,
            "model_args": {},
            "config": {"epochs": self._epochs, "epochs_reducer": ["mean"]},
            "packages": {"manyfew": version("manyfew")},
            "metadata": {"provider": self._model.provider, "model": self._model.name},
        }

    def header(self) -> dict[str, Any]:
        rates = [sum(values) / len(values) for values in self._keys.values() if values]
        accuracy: dict[str, Any] = {
            "name": "accuracy",
            "value": sum(rates) / len(rates) if rates else 0.0,
            "params": {},
        }
        scorer = self._scorer or "none"
        score: dict[str, Any] = {
            "name": scorer,
            "scorer": scorer,
            "reducer": "mean",
            "params": {},
            "metrics": {"accuracy": accuracy},
        }
        results: dict[str, Any] = {
            "total_samples": self._count,
            "completed_samples": self._count,
            "scores": [score] if self._scorer else [],
        }
        stats = {
            "started_at": _time(self._first),
            "completed_at": _time(self._last),
            "model_usage": {self._model.alias: self._usage},
        }
        whole = {"version": 2, "status": "success", "eval": self.spec(), "plan": _PLAN}
        return {**whole, "results": results, "stats": stats}

    def _note(self, key: str, row: sqlite3.Row, usage: dict[str, Any] | None) -> None:
        verdicts = self._keys.setdefault(key, [])
        if row["passed"] is not None:
            verdicts.append(float(row["passed"]))
        self._scorer = self._scorer or next(iter(_scores(row)), None)
        for name in self._usage if usage else ():
            self._usage[name] += (usage or {})[name]
        at = row["created_at"]
        self._first = at if self._first is None else min(self._first, at)
        self._last = at if self._last is None else max(self._last, at)
        self._count += 1


def _summary(sample: dict[str, Any]) -> dict[str, Any]:
    names = ("id", "epoch", "input", "target", "scores", "model_usage", "total_time", "working_time", "uuid")
    found: dict[str, Any] = {name: sample[name] for name in names} | {"metadata": {}, "completed": True}
    return found | {"completed_at": sample["completed_at"], "message_count": len(sample["messages"])}


def _content(row: sqlite3.Row) -> Any:
    if not row["reasoning"]:
        return row["text"]
    return [{"type": "reasoning", "reasoning": row["reasoning"]}, {"type": "text", "text": row["text"]}]


def _scores(row: sqlite3.Row) -> dict[str, Any]:
    if row["passed"] is None and row["score"] is None:
        return {}
    name = (row["verifier"] or "score").partition("/")[0]
    value = row["score"] if row["passed"] is None else "C" if row["passed"] else "I"
    return {name: {"value": value, "answer": row["answer"]}}


def _usage(row: sqlite3.Row) -> dict[str, Any] | None:
    if row["prompt_tokens"] is None or row["completion_tokens"] is None:
        return None
    read, written = row["cached_tokens"] or 0, row["cache_write_tokens"] or 0
    usage = {
        "input_tokens": row["prompt_tokens"] - read - written,
        "output_tokens": row["completion_tokens"],
        "total_tokens": row["prompt_tokens"] + row["completion_tokens"],
        "input_tokens_cache_read": read,
        "input_tokens_cache_write": written,
        "reasoning_tokens": row["reasoning_tokens"],
        "total_cost": None if row["cost_pico"] is None else row["cost_pico"] / PICO_PER_USD,
    }
    return {name: value for name, value in usage.items() if value is not None}


def _time(seconds: float | None) -> str:
    return datetime.fromtimestamp(seconds or 0, UTC).isoformat()
