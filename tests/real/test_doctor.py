"""`manyfew doctor` and a run where sweep file and server do not fit together."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.orchestrator.run.books import check_books, money, one
from tests.orchestrator.run.sweeps import ROOT, finish, start
from tests.real import sweeps
from tests.real.fleet import Server, free_port

pytestmark = [pytest.mark.real, pytest.mark.timeout(600)]


def doctor(path: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-P", "-m", "manyfew", "doctor", str(path)],
        cwd=path.parent,
        env={**os.environ, "PYTHONPATH": str(ROOT), "COLUMNS": "300"},
        capture_output=True,
        text=True,
        timeout=60,
    )


def test_what_fits_is_said_with_the_servers_version(chat: Server, base: Server, tmp_path: Path) -> None:
    models = {"chat": sweeps.chat(chat.base_url), "base": sweeps.base(base.base_url)}
    told = doctor(sweeps.write(tmp_path, models))
    assert told.returncode == 0, told.stdout
    assert f"{chat.base_url} answers, vLLM 0." in told.stdout
    assert f"chat: smollm2-135m is served at {chat.base_url}, context 2,048" in told.stdout
    assert f"base: gemma-3-270m is served at {base.base_url}, context 2,048" in told.stdout


def test_a_model_at_the_other_models_server(chat: Server, base: Server, tmp_path: Path) -> None:
    models = {"chat": sweeps.chat(chat.base_url), "base": sweeps.base(chat.base_url)}
    told = doctor(sweeps.write(tmp_path, models))
    assert told.returncode == 1
    line, remedy = _line_with(told.stdout, f"base: {chat.base_url} doesn't list gemma-3-270m")
    assert line.startswith("missing")
    assert "it lists smollm2-135m" in remedy
    assert f"chat: smollm2-135m is served at {chat.base_url}" in told.stdout, (
        "the one that fits is not blamed"
    )


def test_the_run_of_it_stops_that_model_alone_and_costs_nothing(
    chat: Server, base: Server, tmp_path: Path
) -> None:
    db = tmp_path / "real.db"
    models = {"chat": sweeps.chat(chat.base_url), "base": sweeps.base(chat.base_url)}
    before = chat.counters()
    ended = finish(start(sweeps.write(tmp_path, models, limit=2, samples=2, max_tokens=8), db), 120)
    assert ended.status == 4, ended.err
    assert "gemma-3-270m" in ended.out
    assert "does not exist" in one(db, "SELECT stopped FROM model WHERE alias = 'base'")
    check_books(db)
    assert (money(db, "base").held, money(db, "chat").presumed) == (0, 0)
    assert one(db, "SELECT count(*) FROM sample_records WHERE model = 'chat'") == 4
    assert chat.counters().made - before.made == 4


def test_more_tokens_than_the_model_has_room_for(chat: Server, tmp_path: Path) -> None:
    told = doctor(sweeps.write(tmp_path, {"chat": sweeps.chat(chat.base_url)}, max_tokens=4096))
    assert told.returncode == 1
    line, _ = _line_with(told.stdout, "max_tokens is 4,096")
    assert "2,048" in line


def test_a_server_that_is_not_there(chat: Server, tmp_path: Path) -> None:
    nobody = f"http://127.0.0.1:{free_port()}/v1"
    told = doctor(sweeps.write(tmp_path, {"chat": sweeps.chat(chat.base_url, nobody)}))
    assert told.returncode == 1
    line, remedy = _line_with(told.stdout, f"{nobody} can't be reached")
    assert line.startswith("missing")
    assert "start the server" in remedy


def _line_with(text: str, part: str) -> tuple[str, str]:
    """The line that holds `part`, and the one after it."""
    lines = text.splitlines()
    at = next((number for number, line in enumerate(lines) if part in line), None)
    assert at is not None, f"{part!r} is not in:\n{text}"
    return lines[at], lines[at + 1]
