"""Models on one node: in turn on one slot, side by side on several, sharing a server; and what it costs."""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest

from tests.orchestrator.run.books import check_books, check_complete, money, one, rows, watched
from tests.orchestrator.run.servers.nodes import USD_PER_HOUR, gone, logged, served, told, write
from tests.orchestrator.run.sweeps import USD, run


@pytest.fixture(autouse=True)
def _no_gpu(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "")


def starts(folder: Path) -> list[str]:
    """The starts' GPUs and the ends, without the ports."""
    return [re.sub(r"^start \d+", "start", line) for line in told(folder)]


def seconds_of_servers(db: Path) -> float:
    return one(db, "SELECT sum(ended_at - started_at) FROM server")


def test_two_models_in_turn(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """On one slot the second starts when nothing of the first is left; every second of both is booked."""
    monkeypatch.setenv("OPENAI_API_KEY", "sk-a-vendors-own-key")
    monkeypatch.setenv("HF_TOKEN", "hf-stays")
    db = tmp_path / "test.db"
    path = write(tmp_path, {"a": served(tmp_path, "loads=0.6"), "b": served(tmp_path, model="m2")})
    with watched(db, 10 * USD):
        ended = run(path, db)
    assert ended.status == 0, ended.result
    assert starts(tmp_path) == ["start ", "end", "start ", "end"]
    check_complete(db, {"a": (3, 2), "b": (3, 2)})
    check_books(db)
    spent = money(db)
    assert (spent.presumed, spent.reserved) == (0, 0)
    assert spent.settled / USD == pytest.approx(seconds_of_servers(db) * USD_PER_HOUR / 3600, rel=0.05)
    bought = one(db, "SELECT sum(cost_pico) FROM sample_records")
    assert spent.settled == bought + spent.unused
    (loading,) = rows(
        db, "SELECT loading_pico FROM lease JOIN model ON model.id = model_id WHERE alias = 'a'"
    )
    assert loading["loading_pico"] / USD >= 0.6 * USD_PER_HOUR / 3600
    log = logged(tmp_path, "a")
    assert "Loading weights" in log
    assert "sk-a-vendors-own-key" not in log
    assert "hf-stays" in log
    assert '"VLLM_API_KEY": "[key]"' in log
    assert any(server.phase == "loading" for shown in ended.shown for server in shown.servers)
    assert gone(tmp_path) == []


def test_what_is_there_starts_no_server(tmp_path: Path) -> None:
    db = tmp_path / "test.db"
    path = write(tmp_path, {"a": served(tmp_path)}, problems=1, samples=1)
    assert run(path, db).status == 0
    before, spent = told(tmp_path), money(db)
    assert run(path, db).status == 0
    assert (told(tmp_path), money(db)) == (before, spent)


def test_a_policy_goes_on_with_the_server_that_is_there(tmp_path: Path) -> None:
    """Also where the other one, which waits for the slot, would be the better buy."""
    models = {alias: served(tmp_path, model=alias) for alias in ("a", "b")}
    models["b"]["gpu_usd_per_hour"] = USD_PER_HOUR / 3
    path = write(tmp_path, models, policy={"kind": "solve"}, budget_usd=100)
    ended = run(path, tmp_path / "test.db")
    assert (ended.status, ended.result.reason) == (0, None)
    check_books(tmp_path / "test.db")


@pytest.mark.slow
def test_slots_in_the_files_order(tmp_path: Path) -> None:
    """Two slots: the first two side by side, the third on the first that is free."""
    db = tmp_path / "test.db"
    models = {
        "a": served(tmp_path, "slow=0.2", model="a"),
        "b": served(tmp_path, "slow=1.2", model="b"),
        "c": served(tmp_path, model="c"),
    }
    path = write(tmp_path, models)
    path.write_text(path.read_text() + "\n[serve]\ngpus = [4, 6]\n")
    ended = run(path, db)
    assert ended.status == 0, ended.result
    lines = starts(tmp_path)
    assert sorted(lines[:2]) == ["start 4", "start 6"]  # at the same time: either may say so first
    assert [line for line in lines if line != "end"][2] == "start 4"
    check_books(db)


@pytest.mark.slow
def test_copies_as_many_as_fit(tmp_path: Path) -> None:
    db = tmp_path / "test.db"
    model = served(tmp_path, "slow=0.5", max_n=1, sequences=2, serve={"copies": "all", "gpus": 2})
    path = write(tmp_path, {"a": model}, problems=6, samples=4)
    path.write_text(path.read_text() + '\n[serve]\ngpus = [0, 1, 2, 3, "GPU-5"]\n')
    ended = run(path, db)
    assert ended.status == 0, ended.result
    assert sorted(line for line in starts(tmp_path) if line != "end") == ["start 0,1", "start 2,3"]
    assert one(db, "SELECT count(DISTINCT server) FROM sample_records") == 2
    check_complete(db, {"a": (6, 4)})
    check_books(db)
    assert money(db).settled / USD == pytest.approx(
        seconds_of_servers(db) * 2 * USD_PER_HOUR / 3600, rel=0.05
    )


@pytest.mark.slow
def test_aliases_of_one_server_share_it(tmp_path: Path) -> None:
    """Two temperatures of one model: one process, its loading and idle time borne in equal parts."""
    db = tmp_path / "test.db"
    model = served(tmp_path, "loads=0.6", "slow=0.2")
    models = {
        "cold": {**model, "temperature": 0.0},
        "hot": {**model, "temperature": 1.0, "api": "completions"},
    }
    with watched(db, 10 * USD):
        ended = run(write(tmp_path, models), db)
    assert ended.status == 0, ended.result
    assert starts(tmp_path) == ["start ", "end"]
    check_complete(db, {"cold": (3, 2), "hot": (3, 2)})
    check_books(db)
    loading = [row[0] for row in rows(db, "SELECT loading_pico FROM lease ORDER BY id")]
    assert len(loading) == 2
    assert abs(loading[0] - loading[1]) <= 2, "equal parts, by largest remainder"
    assert money(db).settled / USD == pytest.approx(seconds_of_servers(db) * USD_PER_HOUR / 3600, rel=0.05)


def test_the_environment_of_a_server_has_no_vendors_keys() -> None:
    from orchestrator.run.servers.environment import environment, filled

    inherited = {"GEMINI_API_KEY": "x", "MY_KEY": "x", "HF_TOKEN": "t", "PATH": os.environ["PATH"]}
    found = environment(inherited, {"A": "1"}, secret="s", key_variables={"MY_KEY"}, gpus=("2", "GPU-7"))
    assert not {"GEMINI_API_KEY", "MY_KEY"} & set(found)
    assert (found["HF_TOKEN"], found["A"], found["VLLM_API_KEY"]) == ("t", "1", "s")
    assert found["CUDA_VISIBLE_DEVICES"] == "2,GPU-7"
    assert filled(["{port}", '{"a": 1}', "{{port}}"], {"port": "8"}) == ["8", '{"a": 1}', "{port}"]
