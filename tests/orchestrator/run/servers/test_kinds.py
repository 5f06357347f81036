"""Servers other than vLLM, each scripted to answer as its kind does, started by `command` with its own paths."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.orchestrator.run.books import check_books, check_complete
from tests.orchestrator.run.servers.nodes import gone, logged, served, told, write
from tests.orchestrator.run.sweeps import run

pytestmark = pytest.mark.slow


@pytest.fixture(autouse=True)
def _no_gpu(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "")


def at_ollama(folder: Path, model: str, **serve: Any) -> dict[str, Any]:
    given: dict[str, Any] = {"env": {"OLLAMA_HOST": "127.0.0.1:{port}"}, "health": "/", **serve}
    model_of = served(
        folder, "like=ollama", "engine=1", provider="openai-compatible", model=model, serve=given
    )
    model_of["serve"]["command"][2] = "serve"  # its port is in the environment alone
    return model_of


def test_sglang_is_waited_for_until_it_is_warm(tmp_path: Path) -> None:
    db = tmp_path / "test.db"
    model = served(
        tmp_path,
        "like=sglang",
        "loads=0.8",
        "engine=1",
        provider="openai-compatible",
        model="Qwen/Qwen2.5-0.5B-Instruct",
        serve={"health": "/health"},
    )
    ended = run(write(tmp_path, {"a": model}), db)
    assert ended.status == 0, ended.result
    assert "Loading weights" in logged(tmp_path, "a")
    check_complete(db, {"a": (3, 2)})
    check_books(db)
    assert gone(tmp_path) == []


@pytest.mark.parametrize("model", ["qwen2.5", "qwen2.5:1.5b"])
def test_ollama_lists_a_model_without_a_tag_as_the_latest(tmp_path: Path, model: str) -> None:
    db = tmp_path / "test.db"
    ended = run(write(tmp_path, {"a": at_ollama(tmp_path, model)}), db)
    assert ended.status == 0, ended.result
    assert told(tmp_path)[-1] == "end"
    check_complete(db, {"a": (3, 2)})
    check_books(db)
    assert gone(tmp_path) == []


def test_ollama_without_its_own_path_is_never_up(tmp_path: Path) -> None:
    model = at_ollama(tmp_path, "qwen2.5", health="/health", ready_timeout_s=1.5)
    ended = run(write(tmp_path, {"a": model}), tmp_path / "test.db")
    assert ended.status == 4
    assert "ready_timeout_s" in str(ended.result.reason)
    assert gone(tmp_path) == []
