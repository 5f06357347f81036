"""Servers that never come up, die, hang or leave something behind, and runs that are interrupted or killed: what is
said, what it costs, and that no process is left."""

from __future__ import annotations

import io
import os
import re
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from rich.console import Console

from orchestrator.report.terminal.plan import plan_text
from orchestrator.report.terminal.summary import Ending, next_commands
from orchestrator.run.planning.plan import plan_sweep
from orchestrator.run.prepare import prepare
from orchestrator.sweep.load import load
from tests.orchestrator.run.books import check_books, check_complete, money, one, rows
from tests.orchestrator.run.servers.nodes import (
    USD_PER_HOUR,
    engines,
    gone,
    living,
    logged,
    ours,
    served,
    told,
    write,
)
from tests.orchestrator.run.sweeps import USD, finish, interrupt_twice, run, start

pytestmark = pytest.mark.slow


@pytest.fixture(autouse=True)
def _no_gpu(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "")


def begin(path: Path, *arguments: str) -> subprocess.Popen[str]:
    return start(path, path.parent / "test.db", *arguments, SERVERS_OF=str(path.parent))


def await_that(condition: Callable[[], object], process: subprocess.Popen[str], within_s: float = 20) -> None:
    until = time.monotonic() + within_s
    while not condition():
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < until, "it took too long"
        time.sleep(0.05)


def samples(db: Path) -> int:
    there = db.exists() and one(db, "SELECT count(*) FROM sqlite_master WHERE name = 'sample_records'")
    return one(db, "SELECT count(*) FROM sample_records") if there else 0


def pids(folder: Path, word: str) -> list[int]:
    """The living processes of a run whose command line has that word."""
    return [int(line.split()[0]) for line in ours(folder) if word in line]


def test_dies_at_start(tmp_path: Path) -> None:
    """Status 4 with the log's last error; the next model goes on."""
    db = tmp_path / "test.db"
    path = write(tmp_path, {"a": served(tmp_path, "dies=start"), "b": served(tmp_path, model="m2")})
    ended = run(path, db)
    assert ended.status == 4
    assert "ValueError: no such weights" in str(ended.result.reason)
    assert "status 3" in str(ended.result.reason)
    assert len([line for line in told(tmp_path) if line.startswith("start")]) == 2, "it is not tried again"
    check_complete(db, {"b": (3, 2)})
    check_books(db)
    assert gone(tmp_path) == []


def test_runs_out_of_memory_when_started_again(tmp_path: Path) -> None:
    db = tmp_path / "test.db"
    flag = tmp_path / "flag"
    model = served(tmp_path, "dies=0")
    command = model["serve"]["command"]
    begins, ends = " ".join(command[:4]), command[-1]
    script = f"test -e {flag} && D=dies=oom || D=dies=0; touch {flag}; exec {begins} $D {ends}"
    model["serve"]["command"] = ["bash", "-c", script]
    ended = run(write(tmp_path, {"a": model}), db)
    assert ended.status == 4
    assert "out of memory" in str(ended.result.reason)
    assert len([line for line in told(tmp_path) if line.startswith("start")]) == 2
    check_books(db)


@pytest.mark.parametrize("once", [True, False])
def test_dies_while_it_works(tmp_path: Path, once: bool) -> None:
    """It is started again, at most twice."""
    db = tmp_path / "test.db"
    lives = (f"lives={tmp_path / 'lives'}",) if once else ()
    model = served(tmp_path, "dies=1", *lives, max_n=1, sequences=1)
    ended = run(write(tmp_path, {"a": model}, problems=4), db)
    starts = len([line for line in told(tmp_path) if line.startswith("start")])
    check_books(db)
    if once:
        assert (ended.status, starts) == (0, 2), ended.result
        check_complete(db, {"a": (4, 2)})
    else:
        assert (ended.status, starts) == (4, 3), ended.result
        assert "illegal memory access" in str(ended.result.reason)
    assert gone(tmp_path) == []


def test_a_port_that_is_taken(tmp_path: Path) -> None:
    db = tmp_path / "test.db"
    ended = run(write(tmp_path, {"a": served(tmp_path, f"taken={tmp_path / 'taken'}")}), db)
    assert ended.status == 0, ended.result
    ports = {line.split()[1] for line in told(tmp_path) if line.startswith("start")}
    assert len(ports) == 2
    check_books(db)


def test_the_wrong_model(tmp_path: Path) -> None:
    db = tmp_path / "test.db"
    ended = run(write(tmp_path, {"a": served(tmp_path, "serves=another")}), db)
    assert ended.status == 4
    assert "serves another, not m" in str(ended.result.reason)
    assert gone(tmp_path) == []


def test_never_ready(tmp_path: Path) -> None:
    db = tmp_path / "test.db"
    model = served(tmp_path, "never=1", serve={"ready_timeout_s": 1.5})
    ended = run(write(tmp_path, {"a": model}), db)
    assert ended.status == 4
    assert "ready_timeout_s" in str(ended.result.reason)
    assert one(db, "SELECT loading_pico FROM lease") == money(db).settled > 0
    assert gone(tmp_path) == []


def test_silence_is_death_and_a_slow_log_is_not(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("orchestrator.run.servers.process.SILENT_S", 4)
    models = {"a": served(tmp_path, "never=1"), "b": served(tmp_path, "loads=6", model="m2")}
    db = tmp_path / "test.db"
    ended = run(write(tmp_path, models), db)
    assert ended.status == 4
    assert "log stood still" in str(ended.result.reason)
    check_complete(db, {"b": (3, 2)})


@pytest.mark.parametrize("leaves", ["engine=1", "forks=1", "deaf=1"])
def test_leaves_an_engine_or_hears_no_term(tmp_path: Path, leaves: str) -> None:
    db = tmp_path / "test.db"
    ended = run(write(tmp_path, {"a": served(tmp_path, leaves, serve={"stop_grace_s": 1})}), db)
    assert ended.status == 0, ended.result
    assert gone(tmp_path, 0) == []
    assert living(engines(tmp_path, "a")) == []
    check_books(db)


@pytest.mark.parametrize("killed", ["manyfew run", "guard.py", "scripted.py"])
def test_kill_9(tmp_path: Path, killed: str) -> None:
    """Of manyfew, of the guard (either half) or of the server: nothing is left within 5 s, engines included; the run
    goes on by itself, or when it is run again."""
    db = tmp_path / "test.db"
    model = served(tmp_path, "engine=1", "slow=0.4", max_n=1, sequences=1)
    path = write(tmp_path, {"a": model}, problems=4)
    process = begin(path)
    await_that(lambda: samples(db) >= 2, process)
    before = engines(tmp_path, "a")
    assert len(before) == 1
    victims = [process.pid] if killed == "manyfew run" else pids(tmp_path, killed)
    for pid in victims[:1]:
        os.kill(pid, signal.SIGKILL)
    if killed == "manyfew run":
        process.communicate()
        assert gone(tmp_path, 5) == []
        assert one(db, "SELECT sum(reserved_pico) FROM lease") > 0
        process = begin(path)
    ended = finish(process)
    assert ended.status == 0, ended.err
    assert gone(tmp_path, 0) == []
    assert living(before) == []
    check_complete(db, {"a": (4, 2)})
    check_books(db)
    if killed == "manyfew run":
        assert money(db).presumed > 0
    assert money(db).held <= 10 * USD


@pytest.mark.parametrize(("number", "status"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_once_lets_samples_land_and_stops(tmp_path: Path, number: int, status: int) -> None:
    db = tmp_path / "test.db"
    path = write(tmp_path, {"a": served(tmp_path, "slow=0.5", "engine=1", max_n=1, sequences=2)}, problems=40)
    process = begin(path)
    await_that(lambda: samples(db) >= 2, process)
    process.send_signal(number)
    ended = finish(process, 30)
    assert ended.status == status, ended.err
    assert told(tmp_path)[-1] == "end", "it was told to stop before it was killed"
    assert gone(tmp_path, 0) == []
    check_books(db)
    assert money(db).presumed == 0
    assert {row["state"] for row in rows(db, "SELECT state FROM request")} <= {"settled", "free"}


def test_twice_kills_within_3_s(tmp_path: Path) -> None:
    db = tmp_path / "test.db"
    path = write(tmp_path, {"a": served(tmp_path, "slow=30", "deaf=1", serve={"stop_grace_s": 60})})
    process = begin(path)
    await_that(lambda: db.exists() and one(db, "SELECT count(*) FROM request"), process)
    interrupt_twice(process)
    assert finish(process, 20).status == 130
    assert gone(tmp_path, 3) == []


def test_while_it_loads(tmp_path: Path) -> None:
    path = write(tmp_path, {"a": served(tmp_path, "never=1")})
    process = begin(path)
    await_that(lambda: told(tmp_path), process)
    process.send_signal(signal.SIGINT)
    ended = finish(process, 20)
    assert ended.status == 130, ended.err
    assert gone(tmp_path, 0) == []
    check_books(tmp_path / "test.db")


def test_loading_takes_more_than_the_budget_covers(tmp_path: Path) -> None:
    """The stop begins when no more is left than it may take, and nothing is exceeded."""
    db = tmp_path / "test.db"
    path = write(tmp_path, {"a": served(tmp_path, "loads=1")}, problems=1, samples=1)
    assert run(path, db).status == 0  # how long it loads is known from here on
    path = write(tmp_path, {"a": served(tmp_path, "never=1")}, problems=2, samples=1)
    budget = money(db).settled / USD + 18 * USD_PER_HOUR / 3600
    ended = run(path, db, budget=f"{budget:.4f}")
    assert ended.status == 3, ended.result
    assert any("loading took more than the budget covers" in line for line in ended.result.warnings)
    assert money(db).held <= budget * USD
    check_books(db)


def test_no_start_that_cannot_be_paid(tmp_path: Path) -> None:
    """Two minutes of loading are $1.20, which plan says too."""
    db = tmp_path / "test.db"
    path = write(tmp_path, {"a": served(tmp_path)}, budget_usd=1)
    prepared = prepare(load(path))
    text = io.StringIO()
    said = plan_text(plan_sweep(prepared, db), name="test", fit_command="", width=200)
    Console(file=text, width=200).print(said)
    prepared.executor.close()
    assert "your budget of $1.00 does not cover loading its servers, about $1.20." in text.getvalue()
    ended = run(path, db)
    assert ended.status == 3
    assert ended.result.reason is not None
    assert (
        "does not cover starting the server of a (loading it, one request and its stop, $1."
        in ended.result.reason
    )
    assert told(tmp_path) == []
    assert money(db).held == 0
    (again,) = next_commands(
        ended.result.progress, Ending(status="budget", reason=None, warnings=(), db=db, sweep=path)
    )
    more = again.rpartition(" ")[2]
    assert float(more) > 1 + 1.2, "what is left of it covers loading"
    assert run(path, db, budget=more).status == 0


def test_bad_input(tmp_path: Path) -> None:
    for changes, said in (
        ({"command": ["no-such-program", "{port}"]}, "there is no command no-such-program"),
        ({"gpus": 2}, "asks for 2, and there is no GPU to use here"),
        ({"args": ["{prt}"]}, "unknown placeholder {prt}"),
        ({"command": []}, "serve.command"),
        ({"command": ["python"]}, "names no {port}"),
    ):
        folder = tmp_path / re.sub(r"\W", "", said)
        model = served(tmp_path)
        model["serve"].update(changes)
        ended = finish(begin(write(folder, {"a": model})))
        assert ended.status == 2
        assert said in ended.err
        assert ended.err.count("\n") == 1
    model = {**served(tmp_path), "servers": ["http://127.0.0.1:8000/v1"]}
    ended = finish(begin(write(tmp_path / "both", {"a": model})))
    assert (ended.status, "can't be combined with serve" in ended.err) == (2, True)
    other = served(tmp_path, gpu_usd_per_hour=1.0)
    ended = finish(begin(write(tmp_path / "two", {"a": served(tmp_path), "b": other})))
    assert (ended.status, "both ask the same server" in ended.err) == (2, True)


def test_other_args_on_a_ledger_are_refused(tmp_path: Path) -> None:
    db = tmp_path / "test.db"
    first = write(tmp_path, {"a": served(tmp_path, args=("--max-model-len=2048",))}, problems=1)
    assert run(first, db).status == 0
    same = served(tmp_path, args=("--max-model-len", "2048", "--max-num-seqs", "7"))
    assert run(write(tmp_path, {"a": same}, problems=1), db).status == 0
    other = write(tmp_path, {"a": served(tmp_path, args=("--max-model-len", "4096"))}, problems=1)
    ended = finish(begin(other))
    assert ended.status == 2
    assert "--max-model-len" in ended.err
    assert logged(tmp_path, "a")
