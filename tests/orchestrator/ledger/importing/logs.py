"""Logs of other tools, as those tools write them."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path
from typing import Any


def inspect_header(**changes: Any) -> dict[str, Any]:
    of = {"task": "sums", "task_id": "T1", "run_id": "R1", "model": "openai/gpt-4o-2024-08-06"}
    return {
        "version": 2,
        "status": "success",
        "eval": {
            **of,
            "created": "2026-11-01T10:00:00+00:00",
            "dataset": {"name": "sums"},
            "config": {"epochs": 2},
        }
        | changes,
        "plan": {"steps": []},
    }


def inspect_sample(id_: int | str = 1, epoch: int = 1, text: str = "4", **changes: Any) -> dict[str, Any]:
    usage = {"input_tokens": 100, "output_tokens": 50, "total_tokens": 150}
    return {
        "id": id_,
        "epoch": epoch,
        "input": f"What is {id_}+{id_}?",
        "target": "4",
        "messages": [],
        "output": {
            "model": "gpt-4o-2024-08-06",
            "choices": [{"message": {"role": "assistant", "content": text}, "stop_reason": "stop"}],
        },
        "scores": {"match": {"value": "C" if text == "4" else "I", "answer": text}},
        "model_usage": {"openai/gpt-4o-2024-08-06": usage},
        "total_time": 3.5,
        "working_time": 2.5,
        "completed_at": "2026-11-01T10:00:05+00:00",
        "uuid": f"u-{id_}-{epoch}-{text}",
        "events": [{"event": "model", "data": [1, 2, 3]}],
        "attachments": {},
    } | changes


def write_eval(
    path: Path,
    samples: list[dict[str, Any]],
    header: dict[str, Any] | None = None,
    *,
    finished: bool = True,
) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        head = header or inspect_header()
        archive.writestr("_journal/start.json", json.dumps({k: head[k] for k in ("version", "eval", "plan")}))
        for sample in samples:
            archive.writestr(f"samples/{sample['id']}_epoch_{sample['epoch']}.json", json.dumps(sample))
        archive.writestr("summaries.json", "[]")
        if finished:
            archive.writestr("header.json", json.dumps(head))
    return path


def write_json_log(path: Path, samples: list[dict[str, Any]], **changes: Any) -> Path:
    path.write_text(json.dumps(inspect_header(**changes) | {"samples": samples}, indent=2))
    return path


def lm_eval_line(doc: int, texts: list[str], filter_: str = "none", score: float = 0.0) -> dict[str, Any]:
    return {
        "doc_id": doc,
        "doc": {"question": f"What is {doc}+{doc}?", "answer": str(2 * doc)},
        "target": str(2 * doc),
        "arguments": {"gen_args_0": {"arg_0": f"Q: {doc}+{doc}", "arg_1": {"until": ["\n"]}}},
        "resps": [texts],
        "filtered_resps": texts[:1],
        "filter": filter_,
        "metrics": ["exact_match"],
        "doc_hash": "h",
        "exact_match": score,
    }


def openai_batch_line(custom_id: str, texts: list[str], **changes: Any) -> dict[str, Any]:
    choices = [
        {"index": at, "message": {"role": "assistant", "content": text}, "finish_reason": "stop"}
        for at, text in enumerate(texts)
    ]
    usage = {"prompt_tokens": 100, "completion_tokens": 40, "total_tokens": 140}
    body: dict[str, Any] = {
        "id": f"chatcmpl-{custom_id}",
        "model": "gpt-4o-2024-08-06",
        "choices": choices,
        "usage": usage,
    }
    body["created"] = 1_793_000_000
    return {
        "id": "batch_req_1",
        "custom_id": custom_id,
        "response": {"status_code": 200, "request_id": "r", "body": body},
        "error": None,
    } | changes


def anthropic_batch_line(custom_id: str, text: str) -> dict[str, Any]:
    usage = {"input_tokens": 10, "output_tokens": 20, "cache_read_input_tokens": 30}
    content = [{"type": "thinking", "thinking": "hm"}, {"type": "text", "text": text}]
    message = {"id": "msg_1", "type": "message", "role": "assistant", "model": "claude-haiku-4-5-20251001"}
    message |= {"content": content, "stop_reason": "max_tokens", "usage": usage}
    return {"custom_id": custom_id, "result": {"type": "succeeded", "message": message}}


def evals_item(item: int, text: str, passed: bool, **changes: Any) -> dict[str, Any]:
    return {
        "object": "eval.run.output_item",
        "id": f"outputitem_{item}_{text}",
        "created_at": 1_790_000_000,
        "run_id": "evalrun_1",
        "eval_id": "eval_1",
        "status": "pass" if passed else "fail",
        "datasource_item_id": item,
        "datasource_item": {"question": "?"},
        "results": [{"name": "String check", "passed": passed, "score": float(passed)}],
        "sample": {
            "input": [{"role": "user", "content": f"What is {item}+{item}?"}],
            "output": [{"role": "assistant", "content": text}],
            "finish_reason": "stop",
            "model": "gpt-4o-2024-08-06",
            "usage": {"total_tokens": 15, "completion_tokens": 5, "prompt_tokens": 10, "cached_tokens": 0},
            "error": None,
        },
    } | changes


def livecodebench_item(question: str, codes: list[str], grades: list[bool]) -> dict[str, Any]:
    return {
        "question_id": question,
        "question_title": "t",
        "question_content": f"Solve {question}.",
        "output_list": [f"```{code}```" for code in codes],
        "code_list": codes,
        "graded_list": grades,
        "pass@1": 0.5,
    }


def trajectory(instance: str | None, submission: str | None, cost: float) -> dict[str, Any]:
    info = {
        "exit_status": "Submitted",
        "submission": submission,
        "model_stats": {"instance_cost": cost, "api_calls": 7},
        "mini_version": "2.4.6",
        "config": {"model": {"model_name": "anthropic/claude-sonnet-4-5"}},
    }
    named = {} if instance is None else {"instance_id": instance}
    messages = [{"role": "system", "content": "s"}, {"role": "user", "content": "Fix the bug."}]
    return {"info": info, "messages": messages, "trajectory_format": "mini-swe-agent-1", **named}


def swe_agent_trajectory(submission: str, cost: float) -> dict[str, Any]:
    stats = {"instance_cost": cost, "tokens_sent": 1000, "tokens_received": 50, "api_calls": 3}
    replay = {"agent": {"model": {"name": "gpt-4o"}}}
    return {
        "trajectory": [{"action": "ls", "observation": "x" * 5000}] * 30,
        "history": [],
        "info": {"submission": submission, "exit_status": "submitted", "model_stats": stats},
        "replay_config": json.dumps(replay),
        "environment": "swe_main",
    }
