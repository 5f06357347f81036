"""Sweep files for real servers: GSM8K's problems where they are beside the project, else its own."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

from tests.orchestrator.run.sweeps import ROOT, toml

GSM8K = ROOT.parent / "shared/data"
RECORD = ROOT / "orchestrator/quickstart/record.toml"
PRICE = {"chat": {"input": 0.1, "output": 0.2}, "base": {"input": 0.01, "output": 0.02}}
TOKENS = 64


def chat(*servers: str, **keys: Any) -> dict[str, Any]:
    """The chat model, at one server or more."""
    return _model("chat", "smollm2-135m", servers, **keys)


def base(*servers: str, **keys: Any) -> dict[str, Any]:
    """The base model, which answers by example."""
    return _model("completions", "gemma-3-270m", servers, **keys)


def _model(api: str, name: str, servers: tuple[str, ...], **keys: Any) -> dict[str, Any]:
    price = PRICE["chat" if api == "chat" else "base"]
    given = {"provider": "vllm", "api": api, "model": name, "servers": list(servers), "price": price}
    return {**given, "max_n": 8, "sequences": 32, **keys}


def problems(limit: int, *, few_shot: int = 0) -> dict[str, Any]:
    """The tables [problems] and [prompt]."""
    test, train = GSM8K / "gsm8k_test.jsonl", GSM8K / "gsm8k_train.jsonl"
    if test.exists() and train.exists():
        examples = {"few_shot": few_shot, "few_shot_path": str(train)} if few_shot else {}
        return {"problems": {"source": "gsm8k", "path": str(test), "limit": limit, **examples}}
    own: dict[str, Any] = {"problems": {"source": "quickstart", "limit": limit}}
    if few_shot:
        own["prompt"] = tomllib.loads(RECORD.read_text())["prompt"]
    return own


def write(
    folder: Path,
    models: dict[str, dict[str, Any]],
    *,
    limit: int = 8,
    samples: int = 8,
    few_shot: int = 0,
    budget_usd: float = 0.05,
    max_tokens: int = TOKENS,
    name: str = "real",
) -> Path:
    """Writes sweep.toml there. The temperature is stated: what a server would take otherwise is the model's own."""
    path = folder / "sweep.toml"
    sampling = {"samples": samples, "temperature": 0.8, "max_tokens": max_tokens}
    path.write_text(
        toml(
            {
                "name": name,
                "budget_usd": budget_usd,
                **problems(limit, few_shot=few_shot),
                "sampling": sampling,
                "models": models,
            }
        )
    )
    return path
