"""How each key is written, for the remedy of an error."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from orchestrator.sweep.lines import Key

_EXAMPLES = {
    "name": '"my-sweep"',
    "budget_usd": "5.0",
    "problems": '[problems] with source = "gsm8k"',
    "source": '"gsm8k"',
    "path": '"problems.jsonl"',
    "split": '"test"',
    "dataset": '"openai/gsm8k"',
    "subset": '"main"',
    "question": '"problem"',
    "answer": '"solution"',
    "rename": '{ question = "problem", answer = "solution" }',
    "limit": "100",
    "shuffle": "7",
    "unsolved_in": '"runs/cheap-first.db"',
    "unsolved_by": '"cheap"',
    "few_shot": "5",
    "few_shot_path": '"gsm8k_train.jsonl"',
    "few_shot_seed": "0",
    "prompt": '[prompt] with template = "{question}"',
    "system": '"You are careful."',
    "template": '"{question}"',
    "sampling": "[sampling] with samples = 100 and max_tokens = 512",
    "samples": "100",
    "samples_by_problem": '{ "test/17" = 400 }',
    "mode": '"uniform"',
    "max_tokens": "512",
    "temperature": "0.8",
    "top_p": "0.95",
    "top_k": "40",
    "min_p": "0.05",
    "stop": '["Question:"]',
    "presence_penalty": "0.5",
    "frequency_penalty": "0.5",
    "repetition_penalty": "1.1",
    "extra": '{ reasoning_effort = "low" }',
    "allow_extra": '["new_field"]',
    "verifier": '[verifier] with kind = "numeric"',
    "kind": '"numeric"',
    "workers": "2",
    "memory_mb": "1024",
    "sandbox": '"container"',
    "pattern": "'#### (\\d+)'",
    "verifier.group": "1",
    "which": '"last"',
    "call": '"my_module:is_right"',
    "command": '["./judge"]',
    "threshold": "1.0",
    "part": '"last_line"',
    "letters": "4",
    "first_index": "0",
    "ignore_space": "true",
    "ignore_case": "true",
    "ignore_punctuation": "true",
    "rule": '"final"',
    "tolerance": '0.01 or "1%"',
    "field": '"answer"',
    "models": 'at least one table such as [models.cheap], with provider = "vllm"',
    "provider": '"vllm", "openai", "anthropic", "google", "openai-compatible" or "replay"',
    "model": '"gpt-6-sol"',
    "servers": '["http://127.0.0.1:8000/v1"]',
    "base_url": '"https://api.example.com/v1"',
    "api": '"chat"',
    "api_key_env": '"OPENAI_API_KEY"',
    "api_version": '"2023-06-01"',
    "max_n": "16",
    "sequences": "256",
    "gpu_usd_per_hour": "2.5",
    "gpus": "1",
    "serve": '{ args = ["--max-model-len", "2048"] }',
    "serve.command": '["vllm", "serve", "{model}", "--host", "127.0.0.1", "--port", "{port}"]',
    "args": '["--max-model-len", "2048"]',
    "env": '{ HF_HUB_OFFLINE = "1" }',
    "copies": "2",
    "ready_timeout_s": "0",
    "stop_grace_s": "20",
    "health": '"/health"',
    "ready": '"/v1/models"',
    "price": "{ input = 0.1, output = 0.4 }, in dollars per million tokens",
    "input": "0.1 in price = { input = 0.1, output = 0.4 }, in dollars per million tokens",
    "output": "0.4 in price = { input = 0.1, output = 0.4 }, in dollars per million tokens",
    "cached_input": "0.05, in dollars per million tokens",
    "cache_write": "0.125, in dollars per million tokens",
    "cache_write_1h": "0.2, in dollars per million tokens",
    "price_as": '"gpt-6-sol"; manyfew prices lists the names',
    "price_tiers": '["priority"]',
    "service_tier": '"default"',
    "inference_geo": '"global"',
    "free_5xx": "true",
    "server_defaults": "true",
    "prompt_overhead_tokens": "512",
    "limits": "{ requests_per_minute = 500, concurrency = 32 }",
    "requests_per_minute": "500",
    "tokens_per_minute": "30000",
    "input_tokens_per_minute": "30000",
    "output_tokens_per_minute": "8000",
    "concurrency": "32",
    "group": '"my-account"',
    "architecture": "{ parameters = 1.5e9, layers = 28, width = 1536 }",
    "parameters": "1.5e9 in architecture = { parameters = 1.5e9, layers = 28, width = 1536 }",
    "layers": "28",
    "width": "1536",
    "prompt_cache": "false",
    "batch": "false",
    "timeout_s": "60",
    "max_wait_s": "600",
    "max_attempts": "8",
    "max_lost": "3",
    "unset": '["temperature"]',
    "tape": '"quickstart"',
    "speed": "60",
}


def example(key: Key) -> str:
    """`samples = 100` for the last name of `key`; what to write for a table; empty for a name of the user's own."""
    names = [part for part in key if isinstance(part, str)]
    name = names[-1] if names else ""
    if len(names) == 4 and names[2] == "samples_by_problem":
        return '"test/17" = 400'
    if len(names) == 2 and names[0] == "models":
        return '[models.cheap] with provider = "vllm"'
    value = _EXAMPLES.get(".".join(names[-2:])) or _EXAMPLES.get(name, "")
    return (
        value
        if not value or name in {"problems", "prompt", "sampling", "verifier", "models"}
        else f"{name} = {value}"
    )
