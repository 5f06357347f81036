"""What a command prints as JSON, `manyfew.open(db)` gives as the same dict."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

import manyfew
from orchestrator.cli.main import main
from tests.orchestrator.compared_ledger import compared_ledger

SAME: dict[str, Callable[[manyfew.Ledger], dict[str, Any]]] = {
    "status DB": lambda ledger: ledger.status(),
    "show DB": lambda ledger: ledger.show(),
    "show DB p.3 --model cheap --wrong": lambda ledger: ledger.show("p.3", model="cheap", which="wrong"),
    "frontier DB": lambda ledger: ledger.frontier(),
    "frontier DB --axis tokens": lambda ledger: ledger.frontier("tokens"),
    "frontier DB --cap 0.5 --hard-cap 2 --cite": lambda ledger: ledger.frontier(
        cap=0.5, hard_cap=2.0, cite=True
    ),
    "compare DB": lambda ledger: ledger.compare(),
    "verdicts DB": lambda ledger: ledger.verdicts(),
    "plan DB --next 2.50": lambda ledger: ledger.plan_next(2.5),
    "plan DB --next 3 --pair cheap expensive": lambda ledger: ledger.plan_next("3", ("cheap", "expensive")),
    "reconcile DB": lambda ledger: ledger.presumed(),
    "reprice DB --price cheap=0.1/0.4": lambda ledger: ledger.reprice({"cheap": "0.1/0.4"}),
    "doctor DB": lambda ledger: ledger.doctor(),
}
CHANGING = {"run", "cancel", "backup", "merge", "import", "export"} | {
    "verify",
    "verify-export",
    "verify-part",
    "verify-import",
}
"""Commands with --json that write a ledger or a file; their documents tell what they did."""
OF_NO_LEDGER = {"prices"}


@pytest.fixture
def db(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return compared_ledger(tmp_path / "a.db")


@pytest.mark.parametrize("command", SAME)
def test_the_command_and_the_method_give_the_same(command, db, capfd):
    words = [str(db) if word == "DB" else word for word in command.split()]
    with pytest.raises(SystemExit):
        main([*words, "--json"])
    printed = json.loads(capfd.readouterr().out)
    given = json.loads(json.dumps(SAME[command](manyfew.open(db)), allow_nan=False))
    for document in (printed, given):  # of the moment, not of the ledger
        for finding in document.get("findings", []):
            if finding["topic"] in ("clock", "disk"):
                finding["text"] = ""
    assert given == printed


def test_every_reading_command_has_its_method():
    from typer.main import get_command

    from orchestrator.cli.app import app

    group: Any = get_command(app())
    with_json = {
        name
        for name, command in group.commands.items()
        if any("--json" in option.opts for option in command.params)
    }
    assert with_json - CHANGING - OF_NO_LEDGER == {command.split()[0] for command in SAME}


@pytest.mark.parametrize("method", ["status", "show", "verdicts", "presumed", "doctor"])
def test_what_is_of_one_ledger_says_so(method, db, tmp_path):
    other = compared_ledger(tmp_path / "b.db")
    with pytest.raises(manyfew.InputError, match="takes one ledger"):
        getattr(manyfew.open(db, other), method)()


def test_no_money_buys_nothing(db):
    with pytest.raises(manyfew.InputError, match="no money buys nothing"):
        manyfew.open(db).plan_next(0)
