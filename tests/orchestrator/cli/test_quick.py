"""Commands that are read without the library that parses command lines: the same flags, and nothing else changes."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import typer.main

from orchestrator.cli.app import app
from orchestrator.cli.quick.run import SWITCHES, VALUES, Asked, asked_run


def test_knows_every_flag_of_run():
    group: Any = typer.main.get_command(app("run"))
    command = group.commands["run"]
    flags = {name for option in command.params for name in option.opts if name.startswith("--")}
    assert flags - {"--help"} == {*VALUES, *SWITCHES}
    assert set(VALUES.values()) | set(SWITCHES.values()) | {"sweep"} == set(Asked._fields)


@pytest.mark.parametrize(
    ("line", "asked"),
    [
        (["a.toml"], Asked(sweep=Path("a.toml"), only=[])),
        (
            ["--db", "x.db", "a.toml", "--json", "--budget=5"],
            Asked(sweep=Path("a.toml"), db=Path("x.db"), budget="5", json=True, only=[]),
        ),
        (
            ["a.toml", "--only", "m", "--only=n", "--grace", "0s", "--no-progress"],
            Asked(sweep=Path("a.toml"), only=["m", "n"], grace="0s", no_progress=True),
        ),
        (
            ["a.toml", "--stop-after", "3h", "--progress", "none", "--notify", "tee a=b"],
            Asked(sweep=Path("a.toml"), stop_after="3h", progress="none", notify="tee a=b", only=[]),
        ),
    ],
)
def test_reads_plain_lines(line, asked):
    assert asked_run(["run", *line]) == asked


@pytest.mark.parametrize(
    "line",
    [
        [],
        ["a.toml", "b.toml"],
        ["a.toml", "--help"],
        ["-h"],
        ["a.toml", "--budgett", "5"],
        ["a.toml", "--budget"],
        ["a.toml", "--budget", "-5"],
        ["a.toml", "--budget="],
        ["a.toml", "--budget", "5", "--budget", "6"],
        ["a.toml", "--json=yes"],
        ["a.toml", "--json", "--json"],
        ["--", "a.toml"],
        [""],
    ],
)
def test_leaves_every_other_line_to_the_library(line):
    assert asked_run(["run", *line]) is None


def test_run_starts_without_what_it_does_not_need(tmp_path):
    (tmp_path / "p.jsonl").write_text('{"question": "1 + 1?", "answer": "2"}\n')
    (tmp_path / "s.toml").write_text(
        'name = "s"\nbudget_usd = 1\n[problems]\nsource = "jsonl"\npath = "p.jsonl"\n'
        "[sampling]\nsamples = 1\nmax_tokens = 8\n"
        '[models.m]\nprovider = "vllm"\nmodel = "m"\nservers = ["http://127.0.0.1:9/v1"]\nmax_attempts = 1\n'
        "price = { input = 0.1, output = 0.4 }\n"
    )
    done = subprocess.run(
        [sys.executable, "-X", "importtime", "-m", "manyfew", "run", "s.toml", "--db", "s.db"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 1, done.stderr[-2000:]
    imported = {
        line.rpartition("|")[2].strip() for line in done.stderr.splitlines() if "import time:" in line
    }
    assert "orchestrator.run.driver" in imported
    assert not imported & {
        "typer",
        "aiohttp.web",
        "orchestrator.gateway.gateway",
        "numpy",
        "httpx2",
        "openai",
    }
