"""Points of the frontier as sweep files: each plans, says what its policy says, and a cascade is run to its end."""

from __future__ import annotations

import json
import sqlite3
import tomllib
from contextlib import closing

import pytest

from orchestrator.ledger.reading.for_run.last_sweep import LastSweep
from orchestrator.next_dollar.sweep_text import tables, without_commands
from orchestrator.sweep.write import to_toml
from tests.orchestrator.conftest import ROOT


@pytest.fixture(scope="module")
def bought(tmp_path_factory):
    """The quickstart's tape on twelve problems, and its frontier."""
    import manyfew

    folder = tmp_path_factory.mktemp("bought")
    sweep = tomllib.loads((ROOT / "runs" / "quickstart.toml").read_text("utf-8"))
    sweep["problems"]["limit"] = 12
    sweep["sampling"]["samples"] = 16
    for model in sweep["models"].values():
        model["speed"] = 100_000
    (folder / "quick.toml").write_text(to_toml(sweep))
    done = manyfew.run(folder / "quick.toml", db=folder / "a.db", budget=1)
    return folder / "a.db", done.ledger.frontier()["best_buys"]


@pytest.mark.slow
def test_every_point_can_be_written_and_planned(command, tmp_path, bought):
    db, points = bought
    kinds, planned_kinds = set(), set()
    for number, point in enumerate(points, start=1):
        policy, file = point["policy"], f"{number}.toml"
        done = command("frontier", str(db), "--write-policy", str(number), "-o", file)
        assert done.returncode == 0, done.stderr
        assert f"manyfew run {file}" in done.stderr
        kinds.add(policy["kind"])
        files = [file, f"{number}-then.toml"] if policy["kind"] == "cascade" else [file]
        sweeps = [tomllib.loads((tmp_path / name).read_text()) for name in files]
        models = {alias: model for sweep in sweeps for alias, model in sweep["models"].items()}
        assert {alias: model["samples"] for alias, model in models.items()} == policy["samples"]
        mode = "until_solved" if policy["stop"] == "first_success" else "uniform"
        assert {model["mode"] for model in models.values()} == {mode}
        assert [next(iter(sweep["models"])) for sweep in sweeps] == policy["order"][: len(files)]
        assert sweeps[0]["budget_usd"] >= point["usd_per_problem"] * 12 * 1.2 * 0.999
        if (policy["kind"], policy["stop"]) in planned_kinds:
            continue
        planned_kinds.add((policy["kind"], policy["stop"]))
        planned = json.loads(command("plan", file, "--json").stdout)
        assert sum(model["expected_usd"] for model in planned["models"].values()) <= sweeps[0]["budget_usd"]
        assert sum(model["samples"] for model in planned["models"].values()) == 12 * sum(
            policy["samples"][alias] for alias in sweeps[0]["models"]
        )
    assert "cascade" in kinds


def test_a_cascade_asks_the_expensive_model_only_what_the_cheap_one_left(command, tmp_path, bought):
    db, points = bought
    number = 1 + next(at for at, point in enumerate(points) if point["policy"]["kind"] == "cascade")
    first, then = points[number - 1]["policy"]["order"]
    assert command("frontier", str(db), "--write-policy", str(number), "-o", "p.toml").returncode == 0
    early = command("plan", "p-then.toml")
    assert early.returncode == 2
    assert "unsolved_in" in early.stderr
    assert command("run", "p.toml").returncode == 0
    done = command("run", "p-then.toml")
    ledger = tmp_path / "runs" / f"quickstart-policy-{number}.db"
    with closing(sqlite3.connect(ledger)) as connection:
        rows = connection.execute(
            "SELECT model, problem, max(passed) FROM sample_records GROUP BY 1, 2"
        ).fetchall()
    solved = {problem for model, problem, passed in rows if model == first and passed}
    if len(solved) == 12:
        assert done.returncode == 2
        assert "nothing left to ask" in done.stderr
        return
    assert done.returncode == 0, done.stderr
    asked = {problem for model, problem, _ in rows if model == then}
    assert asked == {problem for model, problem, _ in rows if model == first} - solved
    assert command("run", "p-then.toml").returncode == 0


@pytest.mark.parametrize(
    ("arguments", "word"),
    [
        (("--write-policy", "1"), "-o SWEEP"),
        (("-o", "x.toml"), "--write-policy N"),
        (("--write-policy", "0", "-o", "x.toml"), "no best buy 0"),
        (("--write-policy", "999", "-o", "x.toml"), "no best buy 999"),
        (("--write-policy", "1", "-o", "there.toml/in.toml"), "can't be written"),
        (("--write-policy", "1", "-o", "there.toml"), "is there already"),
    ],
)
def test_what_makes_no_sense_is_one_line(command, tmp_path, bought, arguments, word):
    (tmp_path / "there.toml").write_text("mine")
    done = command("frontier", str(bought[0]), *arguments)
    assert done.returncode == 2
    assert word in done.stderr
    assert done.stderr.count("\n") == 1
    assert (tmp_path / "there.toml").read_text() == "mine"
    assert not (tmp_path / "x.toml").exists()


@pytest.mark.parametrize(
    ("key", "word"),
    [
        ('unsolved_in = "a.db"', "unsolved_by is missing"),
        ('unsolved_by = "cheap"', "unsolved_in is missing"),
        ('unsolved_in = "a.db"\nunsolved_by = "nobody"', "has no sample of these problems"),
        ('unsolved_in = "mine.txt"\nunsolved_by = "gemma"', "mine.txt"),
    ],
)
def test_a_second_stage_without_a_first_is_one_line(command, tmp_path, bought, key, word):
    (tmp_path / "a.db").write_bytes(bought[0].read_bytes())
    (tmp_path / "mine.txt").write_text("no ledger")
    text = (ROOT / "runs" / "quickstart.toml").read_text("utf-8")
    (tmp_path / "s.toml").write_text(text.replace("[problems]\n", f"[problems]\n{key}\n", 1))
    done = command("plan", "s.toml")
    assert done.returncode == 2
    assert word in done.stderr
    assert done.stderr.count("\n") == 1


def test_no_command_is_taken_from_a_ledger():
    """Anybody may have made it; what is written says whose commands are to be copied."""
    text = (
        '[policy]\nkind = "solve"\n[serve]\ngpus = [0]\n[models.a]\nprovider = "vllm"\n[models.a.serve]\n'
        'command = ["rm", "-rf", "/"]\n[models.b]\nprovider = "openai"\n[models.b.agent]\ncommand = ["sh"]\n'
        '[models.c]\nprovider = "openai"\n'
    )
    sweep = LastSweep(name="s", text=text, problems=(), held_pico=0)
    assert tables(sweep) == {
        "models": {"a": {"provider": "vllm"}, "b": {"provider": "openai"}, "c": {"provider": "openai"}}
    }
    assert "models.a.serve and models.b.agent" in without_commands(sweep, ("a", "b", "c"))
    assert without_commands(sweep, ("c",)) == ""
